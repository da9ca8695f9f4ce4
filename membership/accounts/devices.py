"""The browsers in which an account is signed in: telling them apart, listing them, and ending one of them."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from flask import Response, request
from flask_babel import gettext as _
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from membership.accounts import sessions
from membership.accounts.device_names import device_name
from membership.accounts.models import Account, SignInSession
from membership.web.current import current_settings
from membership.web.signing import hashed

MOST_SHOWN = 100


@dataclass(frozen=True)
class Browser:
    """The browser of this request: its plain name, and the random mark by which it is known when it comes again."""

    name: str
    mark: str


@dataclass(frozen=True)
class Device:
    """A browser that is signed in, as its owner sees it; `handle` names it on the page, and opens nothing.

    `votes_only`: the browser that paid was let in to vote, and sees nothing else.
    """

    handle: str
    name: str
    since: datetime
    seen_at: datetime
    is_this: bool
    votes_only: bool


def this_browser() -> Browser:
    """Returns the browser that asks, with its mark, or with a new one if it has none."""
    mark = request.cookies.get(_cookie(), "")
    return Browser(device_name(request.user_agent.string), mark or secrets.token_urlsafe(18))


def keep_mark(response: Response, browser: Browser) -> None:
    """Puts the mark into a cookie that outlives signing out: who comes back with it is no new device."""
    response.set_cookie(
        _cookie(),
        browser.mark,
        max_age=sessions.LIFE,
        secure=not current_settings().is_demo,
        httponly=True,
        samesite="Lax",
    )


def is_new(session: Session, account: Account, browser: Browser) -> bool:
    """Says whether an account that was signed in before never was in this browser; to vote only is not signed in."""
    theirs = (SignInSession.account_id == account.id) & (SignInSession.scope == sessions.FULL)
    known = exists().where(theirs, SignInSession.device_hash == hashed(browser.mark))
    return bool(session.scalar(select(exists().where(theirs) & ~known)))


def devices_of(session: Session, account: Account, secret: str, *, now: datetime) -> tuple[Device, ...]:
    """Lists where an account is signed in, this browser first (its `secret`), then by when it was last seen."""
    rows = session.scalars(
        select(SignInSession)
        .where(SignInSession.account_id == account.id, *sessions.is_alive(now))
        .order_by((SignInSession.secret_hash == hashed(secret)).desc(), SignInSession.seen_at.desc())
        .limit(MOST_SHOWN)
    )
    return tuple(_device(row, secret) for row in rows)


def sign_out_one(session: Session, account: Account, handle: str, *, now: datetime) -> bool:
    """Signs an account out in one browser; `False` if it is not signed in there."""
    rows = session.scalars(select(SignInSession).where(SignInSession.account_id == account.id, *sessions.is_alive(now)))
    row = next((row for row in rows if _handle(row) == handle), None)
    if row is None:
        return False
    row.ended_at = now
    return True


def spoken(name: str) -> str:
    """Writes the name of a device as people read it: `Firefox on Android`."""
    browser, _slash, system = name.partition("/")
    if browser and system:
        return str(_("%(browser)s on %(system)s", browser=browser, system=system))
    return browser or system or str(_("A browser that does not say its name"))


def _device(row: SignInSession, secret: str) -> Device:
    return Device(
        handle=_handle(row),
        name=spoken(row.device or ""),
        since=row.created_at,
        seen_at=row.seen_at,
        is_this=row.secret_hash == hashed(secret),
        votes_only=row.scope == sessions.TO_VOTE,
    )


def _handle(row: SignInSession) -> str:
    return hashed(f"device {row.secret_hash}")[:32]


def _cookie() -> str:
    return "membership-device" if current_settings().is_demo else "__Host-membership-device"
