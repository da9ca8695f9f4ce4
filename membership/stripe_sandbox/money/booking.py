"""Booking: the balance transactions that charges, refunds and disputes bring about, in the settled currency."""

import stripe

from membership.stripe_sandbox.money.balance import DISPUTE_FEE, SETTLES_IN, fee_of, settled_amount
from membership.stripe_sandbox.money.balance_settings import DAY, DAYS_PENDING, arm, midnight_before
from membership.stripe_sandbox.protocol.ids import new_id
from membership.stripe_sandbox.protocol.shapes import Json, whole
from membership.stripe_sandbox.state.store import Store

# A payment that is no card's has names of its own: https://docs.stripe.com/reports/balance-transaction-types.
CARD_KINDS = {"charge": "charge", "refund": "refund", "refund_failure": "refund_failure"}
OTHER_KINDS = {"charge": "payment", "refund": "payment_refund", "refund_failure": "payment_failure_refund"}


def record_charge(store: Store, charge: Json, *, now: int) -> Json:
    """Records what a succeeded charge brings: gross, fee and net in the settled currency, available after 7 days."""
    settled, into = settled_amount(charge["amount"], charge["currency"])
    return book(
        store,
        _kind(charge, "charge"),
        settled,
        into,
        source=charge,
        category="charge",
        fee=fee_of(settled, into),
        fee_for="Stripe processing fees",
        available_on=midnight_before(now) + DAYS_PENDING * DAY,
        now=now,
    )


def record_refund(store: Store, refund: Json, charge: Json, *, now: int) -> Json:
    """Records what a refund takes; the fee of the charge is not given back. `charge` is as it was before the refund.

    Refunds of a converted charge add up to exactly what the charge brought, also where one of them failed. Money that
    is not there is taken all the same: the balance goes below zero, as in an account that Stripe may debit.
    """
    after, into = settled_amount(charge["amount_refunded"] + refund["amount"], charge["currency"])
    taken = after - given_back(store, charge)
    return book(
        store,
        _kind(charge, "refund"),
        -taken,
        into,
        source=refund,
        category="refund",
        available_on=_with_charge(store, charge, now),
        now=now,
    )


def record_refund_failure(store: Store, refund: Json, charge: Json, *, now: int) -> Json:
    """Records that the money of a failed refund is back."""
    taken = store.must(refund["balance_transaction"])
    return book(
        store,
        _kind(charge, "refund_failure"),
        -taken["amount"],
        taken["currency"],
        source=refund,
        category="refund_failure",
        now=now,
    )


def record_dispute(store: Store, dispute: Json, charge: Json, *, now: int) -> Json:
    """Records what a dispute takes: all that the charge brought and was not given back, and Stripe's dispute fee."""
    settled, into = settled_amount(charge["amount"], charge["currency"])
    return book(
        store,
        "adjustment",
        given_back(store, charge) - settled,
        into,
        source=dispute,
        category="dispute",
        description=f"Chargeback withdrawal for {charge['id']}",
        fee=DISPUTE_FEE[into],
        fee_for="Dispute fee",
        available_on=_with_charge(store, charge, now),
        now=now,
    )


def record_dispute_reversal(store: Store, dispute: Json, *, now: int) -> Json:
    """Records that a won dispute gives the amount back; the fee stays with Stripe, as since June 2025."""
    taken = dispute["balance_transactions"][0]
    return book(
        store,
        "adjustment",
        -taken["amount"],
        taken["currency"],
        source=dispute,
        category="dispute_reversal",
        description=f"Chargeback reversal for {dispute['charge']}",
        now=now,
    )


def given_back(store: Store, charge: Json) -> int:
    """Returns what the refunds of a charge took from the balance and did not bring back, in settled minor units."""
    held = [each for each in store.every("refund", charge=charge["id"]) if not each["failure_balance_transaction"]]
    return -sum(int(store.must(each["balance_transaction"])["amount"]) for each in held)


def _kind(charge: Json, what: str) -> str:
    by_card = charge["payment_method_details"]["type"] == "card"
    return (CARD_KINDS if by_card else OTHER_KINDS)[what]


def _with_charge(store: Store, charge: Json, now: int) -> int:
    """Returns when money that leaves counts: not before the charge's own is available."""
    return max(now, int(store.must(charge["balance_transaction"])["available_on"]))


def book(
    store: Store,
    kind: str,
    amount: int,
    currency: str,
    *,
    now: int,
    source: Json | None = None,
    category: str | None = None,
    description: str | None = None,
    available_on: int | None = None,
    fee: int = 0,
    fee_for: str | None = None,
) -> Json:
    """Makes a balance transaction of minor units in a settled currency, available at once unless said otherwise.

    `category` is Stripe's reporting category (https://docs.stripe.com/reports/reporting-categories), by default the
    kind itself. `source` is what caused it; its currency decides whether a rate was used, its description is copied.
    """
    source = source or {}
    presented = source.get("currency", currency)
    detail = whole(
        stripe.BalanceTransaction.FeeDetail, amount=fee, currency=currency, description=fee_for, type="stripe_fee"
    )
    transaction = whole(
        stripe.BalanceTransaction,
        id=new_id("balance_transaction"),
        amount=amount,
        available_on=now if available_on is None else available_on,
        balance_type="payments",
        created=now,
        currency=currency,
        description=description or source.get("description"),
        exchange_rate=None if presented == currency else float(SETTLES_IN[presented][1]),
        fee=fee,
        fee_details=[detail] if fee else [],
        net=amount - fee,
        reporting_category=category or kind,
        source=source.get("id"),
        status="pending",
        type=kind,
    )
    line = (transaction["id"], currency, transaction["net"], transaction["available_on"])
    store.rows("INSERT INTO balance_lines VALUES (?, ?, ?, ?)", *line)
    arm(store, now=now)
    return store.put(transaction)
