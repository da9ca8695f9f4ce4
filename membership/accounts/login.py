"""Flask-Login over our session rows: who is signed in, and what a page asks of them.

Public pages must never call anything here: whoever asks makes the page personal.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec
from urllib.parse import urlsplit

from flask import Flask, Request, Response, abort, make_response, redirect, request, url_for
from flask import session as cookie
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user, login_user
from itsdangerous import URLSafeTimedSerializer

from membership.accounts import sessions
from membership.accounts.models import Account
from membership.accounts.next_path import safe_next
from membership.accounts.roles import roles_of
from membership.db import current_session, is_writing, transaction
from membership.settings import Settings
from membership.web.caching import personal
from membership.web.current import now

Parameters = ParamSpec("Parameters")
View = Callable[Parameters, ResponseReturnValue]


@dataclass(frozen=True)
class SignedIn(UserMixin):  # type: ignore[misc]  # Flask-Login ships no types
    """A signed-in browser: its account, the secret that names its session row, and what that row lets it do."""

    account: Account
    secret: str
    scope: str

    def get_id(self) -> str:
        return self.secret


class OurLoginManager(LoginManager):  # type: ignore[misc]  # Flask-Login ships no types
    """Flask-Login without its remember cookie, which looks into the session and so adds `Vary: Cookie` everywhere."""

    def __init__(self) -> None:
        super().__init__()
        self.session_protection = None
        # Else a hash of address and browser would stand in the cookie.
        self._session_identifier_generator = str

    def _update_remember_cookie(self, response: Response) -> Response:
        return response


class OurCookies(SecureCookieSessionInterface):
    """Flask's signed cookies; where none came there is nothing to verify. One verifier serves all requests."""

    _verifier: URLSafeTimedSerializer | None = None

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        if self._verifier is None:
            self._verifier = super().get_signing_serializer(app)
        return self._verifier


def init_app(app: Flask, settings: Settings) -> None:
    """Sets the cookie up, and who reads it."""
    app.session_interface = OurCookies()
    app.config.update(
        SESSION_COOKIE_NAME="membership" if settings.is_demo else "__Host-membership",
        SESSION_COOKIE_SECURE=not settings.is_demo,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=sessions.LIFE,
    )
    manager = OurLoginManager()
    manager.init_app(app, add_context_processor=False)
    manager.user_loader(_load)


def current_account() -> Account | None:
    """Returns the account that is signed in in this browser, or `None`; a browser that may only vote is nobody here."""
    return current_user.account if current_user.is_authenticated and current_user.scope == sessions.FULL else None


def signed_in_account() -> Account:
    """Returns the account that is signed in; for views that require one."""
    account = current_account()
    if account is None:
        raise RuntimeError("this view needs @signed_in_required or @role_required")
    return account


def current_voter() -> Account | None:
    """Returns the account for which this browser may vote: signed in, or let in to vote only. For ballots alone."""
    return current_user.account if current_user.is_authenticated else None


def voting_account() -> Account:
    """Returns the account for which this browser may vote; for views that require one."""
    account = current_voter()
    if account is None:
        raise RuntimeError("this view needs @voter_required")
    return account


def may_only_vote() -> bool:
    """Says whether this browser was let in to vote, and is not signed in."""
    return current_voter() is not None and current_account() is None


def signed_in_required(view: View[Parameters]) -> View[Parameters]:
    """Lets a view be seen by those who are signed in; others go to the sign-in page and come back. Never cached.

    Whoever was let in to vote only is among the others: a view opts in to them by `voter_required`.
    """
    return _required(current_account, view)


def voter_required(view: View[Parameters]) -> View[Parameters]:
    """As `signed_in_required`, and lets also those in who may only vote. For ballots alone."""
    return _required(current_voter, view)


def _required(who: Callable[[], Account | None], view: View[Parameters]) -> View[Parameters]:
    @wraps(view)
    def guarded(*args: Parameters.args, **kwargs: Parameters.kwargs) -> ResponseReturnValue:
        if who() is None:
            return personal(to_sign_in())
        return view(*args, **kwargs)

    return guarded


def role_required(*roles: str) -> Callable[[View[Parameters]], View[Parameters]]:
    """Lets a view be seen by the staff with one of `roles`, and by admins; for others there is nothing here (404)."""

    def guard(view: View[Parameters]) -> View[Parameters]:
        @wraps(view)
        def guarded(*args: Parameters.args, **kwargs: Parameters.kwargs) -> ResponseReturnValue:
            if roles_of(current_session(), signed_in_account().id).isdisjoint((*roles, "admin")):
                abort(404)
            return view(*args, **kwargs)

        return signed_in_required(guarded)

    return guard


def to_sign_in() -> Response:
    """Answers 303 to the sign-in page, from which one comes back here; after a form, to the page it stood on."""
    back = request.full_path.removesuffix("?") if request.method in ("GET", "HEAD") else _page_of_the_form()
    return make_response(redirect(url_for("accounts.ask_page", next=safe_next(back) or None), 303))


def _page_of_the_form() -> str:
    page = urlsplit(request.referrer or "")
    return page.path if page.netloc == request.host else ""


def remember(secret: str, account: Account, *, scope: str = sessions.FULL) -> None:
    """Puts the secret of a session row into this browser's cookie; what may only vote goes when the browser closes."""
    cookie.clear()
    cookie.permanent = scope == sessions.FULL
    login_user(SignedIn(account, secret, scope))


def forget() -> str | None:
    """Empties this browser's cookie and returns the secret that was in it, or `None`."""
    secret: str | None = cookie.get("_user_id")
    cookie.clear()
    return secret


def _load(secret: str) -> SignedIn | None:
    session, at = current_session(), now()
    found = sessions.find(session, secret, now=at)
    if found is None:
        return None
    row, account = found
    if sessions.is_due_to_be_seen(row, now=at) and not is_writing(session):
        with transaction(session):
            sessions.see(session, row, now=at)
    return SignedIn(account, secret, row.scope)
