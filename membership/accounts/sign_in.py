"""Signing in by a mail with a link and a six-digit code: good once, for ten minutes, until a newer one is sent."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Select, delete, exists, select
from sqlalchemy.orm import Session

from membership.accounts.addresses import clean_email, email_key
from membership.accounts.models import Account, SignInToken
from membership.accounts.people import account_for, verify
from membership.accounts.sign_in_limits import PRINTED, is_guessed, refuse_too_many
from membership.db import locked, take_turn
from membership.errors import Refusal
from membership.outbox.rows import enqueue
from membership.web.signing import hashed

LIFE = timedelta(minutes=10)
CODE_TRIES = 5
# The form sent twice by a double click or a reload is one request.
REPEAT = timedelta(minutes=1)
# design.md §4: no network key is older than two days; the address in the row goes with it.
KEPT = timedelta(hours=48)

Reason = Literal["used", "expired", "replaced", "tries", "guessed", "unknown"]

_DASHES_AND_SPACES = re.compile(r"[\s\-–.]")
_CODE = re.compile(r"[0-9]{6}", re.ASCII)


class Gone(Refusal):
    """A link or a code signs in no more; `reason` says why, and the page says what to do."""

    status = 410

    def __init__(self, reason: Reason) -> None:
        super().__init__("This link or code does not sign in any more. Ask for a new one.")
        self.reason = reason


@dataclass(frozen=True)
class Entry:
    """Who signed in, and where they were going: a path of ours, or empty."""

    account: Account
    next_path: str


def ask(
    session: Session, email: str, *, request_id: str, network_key: str | None, next_path: str, now: datetime
) -> None:
    """Sends a link and a code to an address, and makes the older ones useless; known or not, it does the same.

    `request_id` is the random text of the form that asked: the code works only together with it.
    Raises a `Refusal` of field `email`, and `TooMany`.
    """
    key = email_key(email)
    take_turn(session, f"sign-in {key}")
    if _was_just_asked(session, key, request_id, now=now):
        return
    refuse_too_many(session, key, network_key, now=now)
    code = f"{secrets.randbelow(10**6):06d}"
    row, token = _issue(session, email, request_id, code, now=now)
    row.network_key, row.next_path = network_key, next_path
    payload = {"email": row.email, "code": code, "token": token, "expires_at": row.expires_at.isoformat()}
    enqueue(session, "sign_in", row.token_hash, payload, now=now)


def print_link(session: Session, email: str, *, now: datetime) -> str:
    """Returns the token of a link that is shown and not mailed; it makes older ones useless like any other."""
    take_turn(session, f"sign-in {email_key(email)}")
    row, token = _issue(session, email, secrets.token_urlsafe(18), secrets.token_urlsafe(18), now=now)
    row.network_key = PRINTED
    return token


def refuse_gone(session: Session, token: str, *, now: datetime) -> None:
    """Raises `Gone` if a link does not sign in any more; burns nothing."""
    _refuse_state(session, session.scalar(select(SignInToken).where(SignInToken.token_hash == hashed(token))), now=now)


def awaited_address(session: Session, request_id: str, *, now: datetime) -> str | None:
    """Returns where the mail of a form went; `None` if its code is not awaited, or not any more."""
    row = session.scalar(_newest_of(request_id))
    try:
        return _refuse_state(session, row, now=now).email
    except Gone:
        return None


def by_link(session: Session, token: str, *, language: str, now: datetime) -> Entry:
    """Signs in by a link, once, and makes an account in `language` for an address without one. Raises `Gone`."""
    found = session.scalar(select(SignInToken).where(SignInToken.token_hash == hashed(token)))
    return _enter(session, _held(session, found, now=now), language, now=now)


def by_code(session: Session, request_id: str, code: str, *, language: str, now: datetime) -> Entry | None:
    """Signs in by the code that was mailed for `request_id`; `None` if it is the wrong code.

    A wrong one is counted in the caller's transaction, which must be committed then. Raises `Gone`, also after
    five wrong ones for one mail or twenty in a day for one address, and a `Refusal` of field `code` for what is no
    code at all and does not count.
    """
    digits = _DASHES_AND_SPACES.sub("", code)
    if not _CODE.fullmatch(digits):
        raise Refusal("The code has six digits. Type them as they stand in the mail.", field="code")
    row = _held(session, session.scalar(_newest_of(request_id)), now=now)
    if row.tries >= CODE_TRIES:
        raise Gone("tries")
    if is_guessed(session, row.email_key, now=now):
        raise Gone("guessed")
    if not secrets.compare_digest(row.code_hash, _code_hash(request_id, digits)):
        row.tries += 1
        return None
    return _enter(session, row, language, now=now)


def forget_old(session: Session, *, now: datetime) -> None:
    """Deletes requests of more than 48 hours ago, with the addresses and networks they name."""
    session.execute(delete(SignInToken).where(SignInToken.created_at < now - KEPT))


def _was_just_asked(session: Session, key: str, request_id: str, *, now: datetime) -> bool:
    return bool(
        session.scalar(
            select(
                exists().where(
                    SignInToken.email_key == key,
                    SignInToken.request_hash == hashed(request_id),
                    SignInToken.created_at > now - REPEAT,
                )
            )
        )
    )


def _issue(session: Session, email: str, request_id: str, code: str, *, now: datetime) -> tuple[SignInToken, str]:
    token = secrets.token_urlsafe(32)
    row = SignInToken(
        token_hash=hashed(token),
        code_hash=_code_hash(request_id, code),
        request_hash=hashed(request_id),
        email=clean_email(email),
        email_key=email_key(email),
        created_at=now,
        expires_at=now + LIFE,
    )
    session.add(row)
    return row, token


def _code_hash(request_id: str, code: str) -> str:
    # A million codes are soon tried; the random request id, of which the database holds only the hash, prevents it.
    return hashed(f"{request_id} {code}")


def _newest_of(request_id: str) -> Select[SignInToken]:
    asked = select(SignInToken).where(SignInToken.request_hash == hashed(request_id))
    return asked.order_by(SignInToken.id.desc()).limit(1)


def _held(session: Session, found: SignInToken | None, *, now: datetime) -> SignInToken:
    # Of two who use one link at once, the second waits here and then sees that it is used.
    row = None if found is None else locked(session, SignInToken, found.id)
    return _refuse_state(session, row, now=now)


def _refuse_state(session: Session, row: SignInToken | None, *, now: datetime) -> SignInToken:
    if row is None:
        raise Gone("unknown")
    if row.used_at is not None:
        raise Gone("used")
    if row.expires_at <= now:
        raise Gone("expired")
    newer = exists().where(SignInToken.email_key == row.email_key, SignInToken.id > row.id)
    if session.scalar(select(newer)):
        raise Gone("replaced")
    return row


def _enter(session: Session, row: SignInToken, language: str, *, now: datetime) -> Entry:
    row.used_at = now
    account, _ = account_for(session, row.email, language=language, now=now)
    verify(session, account, now=now)
    return Entry(account, row.next_path or "")
