"""Coming in, by whatever way somebody proved who they are: a session, the browser's cookies, and who is told of it."""

from dataclasses import dataclass
from datetime import datetime

from flask import Response, current_app, make_response, redirect
from sqlalchemy.orm import Session

from membership.accounts import sessions
from membership.accounts.device_letters import tell_of_new_device
from membership.accounts.devices import Browser, is_new, keep_mark, this_browser
from membership.accounts.login import forget, remember
from membership.accounts.models import Account
from membership.accounts.sign_in import Entry
from membership.web.caching import personal


@dataclass(frozen=True)
class Entered:
    """A session that has begun in this browser: whose, its secret, and where they were going."""

    account: Account
    next_path: str
    secret: str
    browser: Browser


def enter(session: Session, entry: Entry, *, now: datetime) -> Entered:
    """Begins a session for this browser, ends the one before, and tells the owner if the browser is new to them."""
    earlier, browser = forget(), this_browser()
    if earlier is not None:
        sessions.end(session, earlier, now=now)
    unknown = is_new(session, entry.account, browser)
    secret = sessions.begin(session, entry.account, device=browser.name, mark=browser.mark, now=now)
    if unknown:
        tell_of_new_device(session, entry.account, secret, browser.name, now=now)
    for act in current_app.extensions["signed_in"]:
        act(session, entry.account, now=now)
    return Entered(entry.account, entry.next_path, secret, browser)


def enter_to_vote(session: Session, account: Account, *, now: datetime) -> Entered:
    """Begins a session that opens the ballot alone, in place of this browser's earlier one. It proves no address."""
    earlier, browser = forget(), this_browser()
    if earlier is not None:
        sessions.end(session, earlier, now=now)
    # One payment lets one browser in.
    sessions.end_to_vote(session, account, now=now)
    secret = sessions.begin(session, account, device=browser.name, scope=sessions.TO_VOTE, now=now)
    return Entered(account, "", secret, browser)


def let_vote(entered: Entered, place: str) -> Response:
    """Gives the browser its cookie, after the transaction, and leads to `place`; no mark that would make it known."""
    remember(entered.secret, entered.account, scope=sessions.TO_VOTE)
    return personal(make_response(redirect(place, 303)))


def let_in(entered: Entered) -> Response:
    """Gives the browser its cookies, after the transaction, and leads to where its person was going."""
    remember(entered.secret, entered.account)
    response = make_response(redirect(entered.next_path or "/account", 303))
    keep_mark(response, entered.browser)
    return personal(response)
