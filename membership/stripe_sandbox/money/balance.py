"""The Stripe balance: what settles in which currency, what Stripe keeps, and what all that is booked adds up to.

The fee formula stands here and nowhere else: a share of the settled amount, rounded half-even, plus a fixed part.
`balance_lines` holds what an automatic payout has not taken yet; a payout and what it contains add up to nothing.
"""

from fractions import Fraction

import stripe
from stripe import params

from membership.stripe_sandbox.protocol.calls import Call
from membership.stripe_sandbox.protocol.errors import invalid, not_modelled
from membership.stripe_sandbox.protocol.lists import page
from membership.stripe_sandbox.protocol.routes import CURSOR, retrieving, route
from membership.stripe_sandbox.protocol.shapes import Json, whole
from membership.stripe_sandbox.state.store import Store

FEE_SHARE = Fraction(15, 1000)
# Minor units of the settled currency.
FEE_FIXED = {"eur": 25, "usd": 30, "jpy": 40}
DISPUTE_FEE = {"eur": 2000, "usd": 1500, "jpy": 1500}
MONTHLY_FEE = (200, "eur")
# https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts, as presented or as settled.
LEAST_CHARGE = {"chf": 50, "eur": 50, "jpy": 50, "pln": 200, "usd": 50}
MOST_CHARGE = 99_999_999
# Presented currency: where it settles, and how many settled minor units one presented minor unit is worth.
SETTLES_IN = {
    "eur": ("eur", Fraction(1)),
    "usd": ("usd", Fraction(1)),
    "jpy": ("jpy", Fraction(1)),
    "uah": ("eur", Fraction(205, 10_000)),
    "chf": ("eur", Fraction(107, 100)),
    "pln": ("eur", Fraction(235, 1000)),
    "isk": ("eur", Fraction(68, 10_000)),
    "krw": ("usd", Fraction(72, 1000)),
    "ugx": ("usd", Fraction(27, 100_000)),
    "kwd": ("usd", Fraction(325, 1000)),
}
# https://docs.stripe.com/currencies#zero-decimal; ISK and UGX are sent as if they had two decimals.
ZERO_DECIMAL = frozenset(
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"]
)
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
# Sent with decimals that must be 0: https://docs.stripe.com/currencies#special-cases and #three-decimal.
STEPS = {"isk": 100, "ugx": 100} | dict.fromkeys(THREE_DECIMAL, 10)


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
    """Raises ApiError amount_too_small, amount_too_large or invalid_charge_amount where Stripe refuses a charge."""
    step = STEPS.get(currency, 1)
    if amount % step:
        message = f"Amounts in {currency.upper()} must be evenly divisible by {step}."
        raise invalid(message, param, code="invalid_charge_amount")
    for each, unit in ((amount, currency), settled_amount(amount, currency)):
        if each < LEAST_CHARGE.get(unit, 0):
            least = amount_text(LEAST_CHARGE[unit], unit)
            message = f"The Checkout Session's total amount due must add up to at least {least}."
            raise invalid(message, param, code="amount_too_small")
    check_most(amount, currency, param)


def check_most(amount: int, currency: str, param: str) -> None:
    """Raises ApiError amount_too_large beyond eight digits, the most of a charge and of a price in any currency."""
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


def status_at(transaction: Json, now: int) -> str:
    """Returns whether a balance transaction's money can be paid out yet."""
    return "available" if transaction["available_on"] <= now else "pending"


def retrieve_balance(call: Call) -> Json:
    """Answers the balance: per settled currency what is available and what is pending."""
    return balance_at(call.store, now=call.now)


def balance_at(store: Store, *, now: int) -> Json:
    """Returns the balance object of a moment."""
    sums = sums_at(store, now=now)
    return whole(
        stripe.Balance,
        available=[_sum(currency, available) for currency, (available, _) in sums.items()],
        connect_reserved=[],
        pending=[_sum(currency, pending) for currency, (_, pending) in sums.items()],
    )


def sums_at(store: Store, *, now: int) -> dict[str, tuple[int, int]]:
    """Returns what is available and what is pending, by each currency in which money ever moved (at least EUR)."""
    rows = store.rows(
        "SELECT currency, sum(iif(available_on <= ?1, net, 0)) AS available, "
        "sum(iif(available_on > ?1, net, 0)) AS pending FROM balance_lines GROUP BY currency",
        now,
    )
    found = {row["currency"]: (row["available"], row["pending"]) for row in rows}
    known = [currency for currency in sorted(FEE_FIXED) if currency in found or _has_moved(store, currency)]
    return {currency: found.get(currency, (0, 0)) for currency in known or ["eur"]}


def _has_moved(store: Store, currency: str) -> bool:
    where = "kind = 'balance_transaction' AND path = 'currency' AND value = ?"
    return bool(store.rows(f"SELECT 1 FROM facets WHERE {where} LIMIT 1", currency))  # noqa: S608 - a constant


def _sum(currency: str, amount: int) -> Json:
    return {"amount": amount, "currency": currency, "source_types": {"card": amount}}


def list_transactions(call: Call) -> Json:
    """Answers balance transactions; with `payout` the automatic payout's own and all that it contains."""
    where: dict[str, tuple[str, ...]] = {
        name: (call.params[name],) for name in ("currency", "source", "type") if name in call.params
    }
    if "payout" in call.params:
        payout = call.named("payout", "payout")
        if not payout["automatic"]:
            message = "Balance transaction history can only be filtered on automatic transfers, not manual."
            raise invalid(message, "payout")
        where["payout"] = (payout["id"],)
    return page(call, "balance_transaction", "/v1/balance_transactions", where)


ROUTES = (
    route("GET", "/v1/balance", params.BalanceRetrieveParams, retrieve_balance),
    route(
        "GET", "/v1/balance_transactions", params.BalanceTransactionListParams,
        list_transactions, modelled="created currency payout source type" + CURSOR,
    ),
    route(
        "GET", "/v1/balance_transactions/{id}",
        params.BalanceTransactionRetrieveParams, retrieving("balance_transaction"),
    ),
)  # fmt: skip
