"""The independent check: what the database says of the money beside what the sandbox itself lists.

Written without the app's own reconciliation, its models and its words for what follows from what.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from tests.storms.fleet import Fleet
from tests.storms.rows import rows

# At Stripe a dispute that asks but takes nothing yet, or that a refund has prevented, moves no money.
MOVES_NOTHING = ("warning_needs_response", "warning_under_review", "warning_closed", "prevented")
PAYMENTS = "SELECT payment_intent, amount_minor, currency, state FROM payments WHERE paid_at IS NOT NULL"
REFUNDS = "SELECT stripe_refund, amount_minor, currency, state FROM refunds"
DISPUTES = "SELECT stripe_dispute, amount_minor, currency, state FROM disputes"
SUMS = "SELECT currency, sum(amount_minor) FROM movements WHERE source = 'stripe' GROUP BY currency"
LINES = "SELECT transaction_id, part, amount_minor, currency FROM movements WHERE source = 'stripe'"
NUMBERS = "SELECT year, count(*), min(number), max(number), count(DISTINCT number) FROM receipts GROUP BY year"

Line = tuple[Any, ...]


def differences(fleet: Fleet) -> list[str]:
    """Returns a sentence for each thing that the database says otherwise than Stripe; none if the books are right."""
    charges = [charge for charge in fleet.stripe.every("charges") if charge["paid"]]
    refunds, disputes = list(fleet.stripe.every("refunds")), list(fleet.stripe.every("disputes"))
    return [
        *_compared("payment", _payments(charges, refunds, disputes), rows(fleet.url, PAYMENTS)),
        *_compared("refund", (_line(each, "status") for each in refunds), rows(fleet.url, REFUNDS)),
        *_compared("dispute", (_line(each, "status") for each in disputes), rows(fleet.url, DISPUTES)),
        *_compared("movement", _lines(fleet), rows(fleet.url, LINES)),
        *_compared("balance", _held(fleet.stripe.balance()), _held(dict(rows(fleet.url, SUMS)))),
        *_gaps(fleet),
    ]


def _payments(
    charges: Iterable[Mapping[str, Any]], refunds: Iterable[Mapping[str, Any]], disputes: Iterable[Mapping[str, Any]]
) -> list[Line]:
    given_back: dict[str, int] = {}
    for refund in refunds:
        if refund["status"] in ("pending", "succeeded"):
            given_back[refund["charge"]] = given_back.get(refund["charge"], 0) + refund["amount"]
    asked = {dispute["charge"]: dispute["status"] for dispute in disputes if dispute["status"] not in MOVES_NOTHING}
    return [
        (
            charge["payment_intent"],
            charge["amount"],
            charge["currency"].upper(),
            _state(charge["amount"], given_back.get(charge["id"], 0), asked.get(charge["id"])),
        )
        for charge in charges
    ]


def _state(amount: int, given_back: int, dispute: str | None) -> str:
    if dispute not in (None, "won"):
        return "lost" if dispute == "lost" else "disputed"
    if given_back:
        return "refunded" if given_back >= amount else "partly_refunded"
    return "paid"


def _line(thing: Mapping[str, Any], state: str) -> Line:
    return thing["id"], thing["amount"], thing["currency"].upper(), thing[state]


def _lines(fleet: Fleet) -> list[Line]:
    found: list[Line] = []
    for each in fleet.stripe.every("balance_transactions"):
        currency = each["currency"].upper()
        found.append((each["id"], "gross", each["amount"], currency))
        if each["fee"]:
            found.append((each["id"], "fee", -each["fee"], currency))
    return found


def _held(sums: Mapping[str, int]) -> list[Line]:
    return [(currency, int(amount)) for currency, amount in sums.items() if amount]


def _compared(what: str, theirs: Iterable[Line], ours: Iterable[Line]) -> list[str]:
    there, here = sorted(map(tuple, theirs)), sorted(map(tuple, ours))
    if there == here:
        return []
    only_there, only_here = sorted(set(there) - set(here)), sorted(set(here) - set(there))
    return [
        f"{len(there)} {what} lines at Stripe, {len(here)} here",
        *(f"only at Stripe: {what} {line}" for line in only_there[:10]),
        *(f"only here: {what} {line}" for line in only_here[:10]),
    ]


def _gaps(fleet: Fleet) -> list[str]:
    return [
        f"receipts of {year}: {number} rows, from {first} to {last}, {different} different numbers"
        for year, number, first, last, different in rows(fleet.url, NUMBERS)
        if not (first == 1 and last == number == different)
    ]
