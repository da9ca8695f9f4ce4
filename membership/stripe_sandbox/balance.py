"""The Stripe balance: what settles in which currency, what Stripe keeps, and the balance transactions themselves.

The fee formula stands here and nowhere else: a share of the settled amount, rounded half-even, plus a fixed part.
"""

from fractions import Fraction

import stripe
from stripe import params

from membership.stripe_sandbox.calls import Call
from membership.stripe_sandbox.errors import invalid, not_modelled
from membership.stripe_sandbox.ids import new_id
from membership.stripe_sandbox.lists import listing
from membership.stripe_sandbox.routes import CURSOR, retrieving, route
from membership.stripe_sandbox.shapes import Json, whole
from membership.stripe_sandbox.store import Store

DAY = 86_400
DAYS_PENDING = 7
FEE_SHARE = Fraction(15, 1000)
# Minor units of the settled currency.
FEE_FIXED = {"eur": 25, "usd": 30, "jpy": 40}
LEAST_CHARGE = {"eur": 50, "usd": 50, "jpy": 50}
MOST_CHARGE = 99_999_999
# Presented currency: where it settles, and how many settled minor units one presented minor unit is worth.
SETTLES_IN = {
    "eur": ("eur", Fraction(1)),
    "usd": ("usd", Fraction(1)),
    "jpy": ("jpy", Fraction(1)),
    "uah": ("eur", Fraction(205, 10_000)),
}
# https://docs.stripe.com/currencies#zero-decimal; ISK and UGX are sent as if they had two decimals.
ZERO_DECIMAL = frozenset(
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"]
)
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])


def checked_currency(currency: str, param: str) -> str:
    """Returns the currency in lower case. Raises ApiError for one that this account does not settle."""
    lower = currency.lower()
    if len(lower) != 3 or not lower.isalpha():
        raise invalid(f"Invalid currency: {lower}.", param)
    if lower not in SETTLES_IN:
        served = ", ".join(SETTLES_IN)
        raise not_modelled(param, f"This sandbox settles {served}; it has no rate for {lower}.")
    return lower


def check_amount(amount: int, currency: str, param: str) -> None:
    """Raises ApiError amount_too_small or amount_too_large for a charge of minor units that Stripe would refuse."""
    settled, into = settled_amount(amount, currency)
    if settled < LEAST_CHARGE[into]:
        least = amount_text(LEAST_CHARGE[into], into)
        message = f"The Checkout Session's total amount due must add up to at least {least}."
        raise invalid(message, param, code="amount_too_small")
    if amount > MOST_CHARGE:
        most = amount_text(MOST_CHARGE, currency)
        raise invalid(f"Amount must be no more than {most}.", param, code="amount_too_large")


def settled_amount(amount: int, currency: str) -> tuple[int, str]:
    """Returns the amount in the currency it settles in, rounded half-even, and that currency."""
    into, rate = SETTLES_IN[currency]
    return round(amount * rate), into


def fee_of(settled: int, currency: str) -> int:
    """Returns what Stripe keeps of a settled charge, in the same minor units."""
    return round(settled * FEE_SHARE) + FEE_FIXED[currency]


def decimals(currency: str) -> int:
    """Returns how many decimals Stripe's minor units stand for."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def amount_text(amount: int, currency: str) -> str:
    """Returns an amount exactly, for example `5.00 EUR` or `500 JPY`."""
    places = decimals(currency)
    digits = str(abs(amount)).rjust(places + 1, "0")
    whole_part = digits[: len(digits) - places]
    text = f"{int(whole_part):,}" + (f".{digits[-places:]}" if places else "")
    return f"{'-' if amount < 0 else ''}{text} {currency.upper()}"


def record_charge(store: Store, charge: Json, *, now: int) -> Json:
    """Records what a succeeded charge brings: gross, fee and net in the settled currency, available after 7 days."""
    settled, into = settled_amount(charge["amount"], charge["currency"])
    fee = fee_of(settled, into)
    detail = whole(
        stripe.BalanceTransaction.FeeDetail,
        amount=fee,
        currency=into,
        description="Stripe processing fees",
        type="stripe_fee",
    )
    return _record(
        store,
        charge,
        "charge",
        amount=settled,
        fee=fee,
        fee_details=[detail],
        available_on=now + DAYS_PENDING * DAY,
        now=now,
    )


def record_refund(store: Store, refund: Json, charge: Json, *, now: int) -> Json:
    """Records what a refund takes; the fee of the charge is not given back. `charge` is as it was before the refund.

    Partial refunds of a converted charge add up to exactly what the charge brought.
    """
    before, _ = settled_amount(charge["amount_refunded"], charge["currency"])
    after, _ = settled_amount(charge["amount_refunded"] + refund["amount"], charge["currency"])
    available_on = max(now, store.must(charge["balance_transaction"])["available_on"])
    return _record(store, refund, "refund", amount=before - after, available_on=available_on, now=now)


def _record(
    store: Store,
    source: Json,
    kind: str,
    *,
    amount: int,
    available_on: int,
    now: int,
    fee: int = 0,
    fee_details: list[Json] | None = None,
) -> Json:
    into, rate = SETTLES_IN[source["currency"]]
    transaction = whole(
        stripe.BalanceTransaction,
        id=new_id("balance_transaction"),
        amount=amount,
        available_on=available_on,
        balance_type="payments",
        created=now,
        currency=into,
        description=source["description"],
        exchange_rate=None if into == source["currency"] else float(rate),
        fee=fee,
        fee_details=fee_details or [],
        net=amount - fee,
        reporting_category=kind,
        source=source["id"],
        status="pending",
        type=kind,
    )
    store.rows("INSERT INTO balance_lines VALUES (?, ?, ?, ?)", transaction["id"], into, amount - fee, available_on)
    return store.put(transaction)


def status_at(transaction: Json, now: int) -> str:
    """Returns whether a balance transaction's money can be paid out yet."""
    return "available" if transaction["available_on"] <= now else "pending"


def retrieve_balance(call: Call) -> Json:
    """Answers the balance: per settled currency what is available and what is pending."""
    rows = call.store.rows(
        "SELECT currency, sum(iif(available_on <= ?1, net, 0)) AS available, "
        "sum(iif(available_on > ?1, net, 0)) AS pending FROM balance_lines GROUP BY currency ORDER BY currency",
        call.now,
    )
    sums = {row["currency"]: (row["available"], row["pending"]) for row in rows} or {"eur": (0, 0)}
    return whole(
        stripe.Balance,
        available=[_sum(currency, available) for currency, (available, _) in sums.items()],
        connect_reserved=[],
        pending=[_sum(currency, pending) for currency, (_, pending) in sums.items()],
    )


def _sum(currency: str, amount: int) -> Json:
    return {"amount": amount, "currency": currency, "source_types": {"card": amount}}


ROUTES = (
    route("GET", "/v1/balance", params.BalanceRetrieveParams, retrieve_balance),
    route(
        "GET", "/v1/balance_transactions", params.BalanceTransactionListParams,
        listing(
            "balance_transaction", "/v1/balance_transactions",
            {"currency": "currency", "source": "source", "type": "type"},
        ),
        modelled="created currency source type" + CURSOR,
    ),
    route(
        "GET", "/v1/balance_transactions/{id}",
        params.BalanceTransactionRetrieveParams, retrieving("balance_transaction"),
    ),
)  # fmt: skip
