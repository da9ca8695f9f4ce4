"""A receipt as a PDF, set by Typst. It takes the extra `pdf`; without it pages offer printing alone."""

import json
from pathlib import Path
from typing import Any

from flask_babel import gettext as _

from membership.newsroom.words import Newsroom
from membership.patrons.receipt_view import CreditView, ReceiptView
from membership.web.filters import day, moment, money

try:
    import typst
except ImportError:
    typst = None  # type: ignore[assignment]  # the extra is not installed

SOURCE = Path(__file__).parents[2] / "templates" / "patrons" / "receipt.typ"


def can_make_pdf() -> bool:
    """Says whether the extra `pdf` is installed."""
    return typst is not None


def pdf_of(receipt: ReceiptView, issuer: Newsroom) -> bytes:
    """Sets a receipt on one page of A4. The same receipt gives the same bytes."""
    # Given as data and never built into the source: a name is text, whatever it looks like.
    shown = {
        "kicker": _("Receipt"),
        "number": receipt.number,
        "newsroom": issuer.name,
        "amount": money(receipt.money),
        "facts": _facts(receipt, issuer),
        "credits": [_credit(credit) for credit in receipt.credits],
        "legal": issuer.legal_text,
        "language": issuer.language.partition("-")[0],
    }
    made: bytes = typst.compile(
        SOURCE.read_bytes(),
        format="pdf",
        sys_inputs={"receipt": json.dumps(shown, default=str)},
        timestamp=int(receipt.issued_at.timestamp()),
    )
    return made


def _facts(receipt: ReceiptView, issuer: Newsroom) -> list[tuple[str, str]]:
    what = {"once": _("A single donation"), "month": _("Monthly support"), "year": _("Yearly support")}
    facts: list[tuple[Any, Any]] = [
        (_("For"), what[receipt.cadence]),
        (_("Received"), moment(receipt.paid_at)),
        (_("From"), receipt.addressee),
        (_("To"), issuer.legal_name or issuer.name),
        (_("Paid by"), receipt.method),
        (_("On your bank statement"), issuer.statement_descriptor if receipt.is_on_statement else ""),
        (_("Fee of the payment processor, paid by us"), money(receipt.fee) if receipt.fee else ""),
        (_("Issued"), day(receipt.issued_at)),
        (_("Reference"), receipt.reference),
        (_("Taken back"), _("The bank took this payment back.") if receipt.is_taken_back else ""),
    ]
    return [(str(label), str(value)) for label, value in facts if value]


def _credit(credit: CreditView) -> tuple[str, str]:
    said = {"amount": money(credit.money), "day": day(credit.sent_at)}
    sent = _("%(amount)s sent back on %(day)s", **said)
    came = _("%(amount)s sent back on %(day)s, but the bank did not take it", **said)
    return str(_("Credit note %(number)s", number=credit.number)), str(came if credit.came_back else sent)
