"""The thanks page, and what only the browser that gave may do there for a day: mend its address, and vote."""

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from membership.accounts.entering import enter_to_vote, let_vote
from membership.accounts.login import current_account
from membership.db import current_session, transaction
from membership.errors import NotAllowed, Refusal
from membership.patrons.handing_over import account_to_vote
from membership.patrons.receipt_link import receipt_link
from membership.payments.attempts import find_attempt
from membership.payments.mirror import current_mirror
from membership.payments.models import Attempt
from membership.support.mending import ask_to_mend, may_be_mended
from membership.support.own_attempt import LIFE, own_attempt
from membership.support.thanks import AttemptView, again_href, look
from membership.topics.open_now import open_round
from membership.web.caching import personal
from membership.web.current import now
from membership.web.errors import said
from membership.web.network import network_key

blueprint = Blueprint("thanks", __name__)


@blueprint.get("/support/thanks/<reference>")
def thanks_page(reference: str) -> Response:
    return _page(reference)


@blueprint.post("/support/thanks/<reference>/address")
def mend_address(reference: str) -> Response:
    """Writes to the address that is typed; the answer is the same for every address."""
    email, at = request.form.get("email", ""), now()
    try:
        if _own(reference) is None:
            raise NotAllowed("Only the browser that gave may do this, for a day. Please write to us.")
        with transaction(current_session()) as session:
            ask_to_mend(session, reference, email, network_key=network_key(now=at), now=at)
    except NotAllowed:
        raise
    except Refusal as refusal:
        return _page(reference, email, refusal)
    return personal(make_response(redirect(f"/support/thanks/{reference}?address=written", 303)))


@blueprint.post("/support/thanks/<reference>/ballot")
def vote_now(reference: str) -> Response:
    """Leads to the open ballot: at once if this payment alone made the account, else by way of signing in."""
    at = now()
    round_ = open_round(now=at)
    place = f"/rounds/{round_.slug}/ballot" if round_ else "/topics"
    if current_account() is not None:
        return personal(make_response(redirect(place, 303)))
    attempt = _own(reference)
    if attempt is not None:
        with transaction(current_session()) as session:
            account = account_to_vote(session, attempt, now=at)
            entered = enter_to_vote(session, account, now=at) if account else None
        if entered is not None:
            return let_vote(entered, place)
    # The same for everybody else: nobody learns here whose address is known.
    return personal(make_response(redirect(url_for("accounts.ask_page", next=place), 303)))


def _page(reference: str, email: str = "", refusal: Refusal | None = None) -> Response:
    view, attempt = look(current_session(), current_mirror(), reference)
    is_own = _own(attempt.reference) is not None
    page = render_template(
        "support/thanks.html",
        attempt=view,
        again_href=again_href(attempt),
        round=open_round(now=now()),
        receipt_href=_receipt_href(view, attempt) if is_own else None,
        address_action=_address_action(view, attempt) if is_own else None,
        ballot_action=f"/support/thanks/{attempt.reference}/ballot",
        is_written=is_own and request.args.get("address") == "written",
        email=email,
        errors={refusal.field or "": said(refusal)} if refusal else {},
    )
    response = personal(make_response(page, refusal.status if refusal else 200))
    if refusal is not None and refusal.retry_after is not None:
        response.headers["Retry-After"] = str(refusal.retry_after)
    return response


def _own(reference: str) -> Attempt | None:
    at = now()
    attempt = find_attempt(current_session(), reference) if own_attempt(now=at) == reference else None
    # To send the form again brings a new cookie, and no other day.
    return attempt if attempt is not None and at < attempt.created_at + LIFE else None


def _receipt_href(view: AttemptView, attempt: Attempt) -> str | None:
    # Who gave without an address has no letter: this browser is the only one that can be known to be theirs.
    return receipt_link(current_session(), view.payment, attempt.email_key, now=now()) if view.payment else None


def _address_action(view: AttemptView, attempt: Attempt) -> str | None:
    is_known = view.state == "received" and bool(view.email_masked)
    return f"/support/thanks/{attempt.reference}/address" if is_known and may_be_mended(attempt) else None
