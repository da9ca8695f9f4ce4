"""Which letters one gets: the page of one's own, and the link in each letter that stops letters like it."""

from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from membership.accounts.login import signed_in_account, signed_in_required
from membership.accounts.mail_choices import ask_for_mail, current_kinds, stop_mail, unwanted_by, want_mail, wanted_by
from membership.accounts.next_path import safe_next
from membership.accounts.unsubscribing import Unsubscribing, open_undo, open_unsubscribe, undo_of
from membership.db import current_session, transaction
from membership.errors import Refusal
from membership.web.caching import personal
from membership.web.current import now
from membership.web.errors import said
from membership.web.guard import open_to_other_origins

blueprint = Blueprint("mail", __name__)


@blueprint.get("/account/mail")
@signed_in_required
def mail_page() -> Response:
    """Lists the kinds of news, each with its one button, and what always comes."""
    owner, kinds = signed_in_account(), current_kinds()
    wanted = wanted_by(current_session(), owner.id, kinds)
    page = render_template(
        "accounts/mail.html",
        account=owner,
        kinds=[(name, kind, name in wanted) for name, kind in kinds.items()],
        saved=request.args.get("saved"),
    )
    return personal(make_response(page))


@blueprint.post("/account/mail")
@signed_in_required
def mail_choice() -> ResponseReturnValue:
    """Keeps one choice at once."""
    owner, kind = signed_in_account().id, request.form.get("kind", "")
    known = current_kinds().get(kind)
    if known is None:
        raise Refusal("There is no such kind of letter. Choose one of those on your page.", field="kind")
    with transaction(current_session()) as session:
        if request.form.get("wanted") != "yes":
            stop_mail(session, owner, (kind,), now=now())
        elif known.is_asked_for:
            ask_for_mail(session, owner, kind, now=now())
        else:
            want_mail(session, owner, (kind,))
    # A box on another page of ours leads back there.
    return redirect(safe_next(request.form.get("next", "")) or f"/account/mail?saved={kind}", 303)


@blueprint.get("/mail/unsubscribe/<token>")
def unsubscribe_page(token: str) -> Response:
    """Shows what the link stops, with its one button; mail programs open links, so nothing is changed."""
    try:
        return _unsubscribe_page(_opened(token))
    except Refusal as refusal:
        return _refused(refusal)


# Mail providers' servers call it, without cookie or origin; the token proves that they have the letter.
@blueprint.post("/mail/unsubscribe/<token>")
@open_to_other_origins
def unsubscribe(token: str) -> Response:
    """Stops the letters, or takes that back; answers without a redirect, as RFC 8058 wants it."""
    try:
        opened = _opened(token)
        undo = _take_back(opened, request.form["undo"]) if "undo" in request.form else _stop(opened)
    except Refusal as refusal:
        return _refused(refusal)
    return _unsubscribe_page(opened, saved=True, undo=undo)


def _stop(opened: Unsubscribing) -> str:
    """Returns what takes it back, or '' if all of it was stopped before: perhaps by somebody else."""
    with transaction(current_session()) as session:
        stopped = stop_mail(session, opened.account.id, opened.kinds, now=now())
    return undo_of(opened.account, stopped, now=now()) if stopped else ""


def _take_back(opened: Unsubscribing, undo: str) -> str:
    again = open_undo(opened, undo, now=now())
    with transaction(current_session()) as session:
        want_mail(session, opened.account.id, again)
    return ""


def _opened(token: str) -> Unsubscribing:
    return open_unsubscribe(current_session(), token, current_kinds(), now=now())


def _unsubscribe_page(opened: Unsubscribing, *, saved: bool = False, undo: str = "") -> Response:
    kinds = [current_kinds()[name] for name in opened.kinds]
    stopped = set(opened.kinds) <= unwanted_by(current_session(), opened.account.id)
    page = render_template(
        "accounts/unsubscribe.html", kinds=kinds, stopped=stopped, saved=saved, action=request.path, undo=undo
    )
    return personal(make_response(page))


def _refused(refusal: Refusal) -> Response:
    page = render_template("accounts/link_refused.html", status=refusal.status, sentence=said(refusal))
    return personal(make_response(page, refusal.status))
