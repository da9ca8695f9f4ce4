"""Receipts: shown, printed, as a PDF, and sent once more; for their owner, and for whoever has the link to one."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from membership.accounts.links import Opened, Purpose, open_link
from membership.accounts.login import signed_in_account, signed_in_required
from membership.db import current_session, transaction
from membership.errors import Dead, NotFound
from membership.newsroom.words import current_newsroom
from membership.patrons.receipt_link import RECEIPT, opened_payment
from membership.patrons.receipt_pdf import can_make_pdf, pdf_of
from membership.patrons.receipt_view import ReceiptView, receipt_of_account, receipt_of_payment
from membership.payments.receipts import send_again
from membership.web.caching import personal
from membership.web.current import now

# As long as anybody needs it for last year's taxes.
LIFE = timedelta(days=400)

blueprint = Blueprint("receipts", __name__)


@blueprint.get("/account/receipts/<reference>")
@signed_in_required
def receipt(reference: str) -> Response:
    here = f"/account/receipts/{reference}"
    page = _page(_own(reference), pdf_href=f"{here}.pdf", letter_action=f"{here}/letter", is_own=True)
    return personal(make_response(page))


@blueprint.get("/account/receipts/<reference>.pdf")
@signed_in_required
def receipt_pdf(reference: str) -> Response:
    return _pdf(_own(reference))


@blueprint.post("/account/receipts/<reference>/letter")
@signed_in_required
def receipt_letter(reference: str) -> ResponseReturnValue:
    """Sends the receipt once more, at most once in ten minutes."""
    found = _own(reference)
    _send(current_session(), found)
    return redirect(f"/account/receipts/{found.reference}?sent=1", 303)


@blueprint.get("/links/receipt/<token>.pdf")
def linked_pdf(token: str) -> Response:
    session = current_session()
    _purpose, opened = open_link(session, RECEIPT, token, now=now())
    return _pdf(_linked(session, opened))


def show_linked(session: Session, opened: Opened, *, action: str, now: datetime) -> str:
    """Renders the receipt that a link in a letter, or the thanks page, leads to."""
    return _page(_linked(session, opened), pdf_href=f"{action}.pdf", letter_action=action, is_own=False)


def send_linked(session: Session, opened: Opened, form: Mapping[str, str], *, now: datetime) -> str:
    """Sends a linked receipt once more, to the address that it went to."""
    _send(session, _linked(session, opened))
    return f"{request.path}?sent=1"


RECEIPT_LINK = Purpose(LIFE, show_linked, send_linked)


def _own(reference: str) -> ReceiptView:
    found = receipt_of_account(current_session(), signed_in_account().id, reference)
    if found is None:
        raise NotFound("There is no such receipt here.")
    return found


def _linked(session: Session, opened: Opened) -> ReceiptView:
    payment = opened_payment(session, opened.reference)
    found = receipt_of_payment(session, payment) if payment is not None else None
    if found is None:
        raise Dead("The address that this receipt went to is erased or has changed, and with it the way to show it.")
    return found


def _send(session: Session, found: ReceiptView) -> None:
    if not found.has_address:
        raise NotFound("There is no address to send this receipt to.")
    with transaction(session):
        send_again(session, found.reference, now=now())


def _page(found: ReceiptView, *, pdf_href: str, letter_action: str, is_own: bool) -> str:
    return render_template(
        "patrons/receipt.html",
        receipt=found,
        issuer=current_newsroom(),
        pdf_href=pdf_href if can_make_pdf() else None,
        letter_action=letter_action if found.has_address else None,
        is_sent=request.args.get("sent") == "1",
        is_own=is_own,
    )


def _pdf(found: ReceiptView) -> Response:
    if not can_make_pdf():
        abort(404)
    response = Response(pdf_of(found, current_newsroom()), mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="receipt-{found.number}.pdf"'
    return personal(response)
