"""A payment only goes where it may, and each step is a row."""

from datetime import datetime
from itertools import product

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.db import transaction
from membership.money import Money
from membership.payments.mirror import Cause
from membership.payments.models import PAYMENT_STATES, Payment, PaymentState
from membership.payments.states import MOVES, PAID, move, refusal, state_after, state_of_paid


def payment_in(session: Session, state: str | None, *, now: datetime) -> Payment:
    payment = Payment(reference=f"p-{state}-{id(object())}", source="stripe", amount=Money(500, "EUR"), created_at=now)
    if state is not None:
        move(session, payment, state, Cause("event"), now=now)
    return payment


def test_every_pair_of_states_is_allowed_or_refused_by_the_table(session: Session, now: datetime) -> None:
    known = [state for state in MOVES if state is not None]
    with transaction(session):
        for was, to in product(known, known):
            payment = Payment(reference=f"{was}-{to}", source="stripe", amount=Money(1, "EUR"), created_at=now)
            payment.state = was
            session.add(payment)
            session.flush()
            assert move(session, payment, to, Cause("event"), now=now) == (to in MOVES[was])
            assert payment.state == (to if to in MOVES[was] else was)


def test_a_step_says_what_caused_it(session: Session, now: datetime) -> None:
    with transaction(session):
        payment = payment_in(session, None, now=now)
        move(session, payment, "started", Cause("event", "evt_1"), now=now)
        move(session, payment, "paid", Cause("thanks"), now=now)
        move(session, payment, "paid", Cause("thanks"), now=now)
    steps = session.scalars(select(PaymentState).order_by(PaymentState.id)).all()
    assert [(step.was, step.now, step.cause_kind, step.cause_id) for step in steps] == [
        (None, "started", "event", "evt_1"),
        ("started", "paid", "thanks", None),
    ]


def test_paid_money_is_never_unpaid_by_a_late_word(session: Session, now: datetime) -> None:
    with transaction(session):
        payment = payment_in(session, "paid", now=now)
        for late in ("started", "pending", "failed", "expired"):
            assert not move(session, payment, late, Cause("event"), now=now)
    assert payment.state == "paid"


@pytest.mark.parametrize(
    ("was", "status", "to"),
    [
        (None, "requires_payment_method", "started"),
        (None, "processing", "pending"),
        ("pending", "requires_payment_method", "failed"),
        ("failed", "requires_payment_method", "failed"),
        ("failed", "requires_action", "started"),
        ("failed", "processing", "pending"),
        ("pending", "succeeded", "paid"),
        ("started", "a word of tomorrow", "started"),
        (None, "a word of tomorrow", "started"),
    ],
)
def test_a_status_of_stripe_leads_to_a_state_of_ours(was: str | None, status: str, to: str) -> None:
    assert state_after(was, status) == to


def test_every_move_that_is_refused_is_refused_with_a_sentence() -> None:
    for was, to in product(MOVES, PAYMENT_STATES):
        assert (refusal(was, to) is None) == (to in MOVES[was])
    assert (
        refusal("refunded", "pending")
        == "Money that has come does not become money that has not: it is given back, or disputed."
    )
    assert refusal("started", "refunded") == "Only what was paid can be given back or disputed."
    assert refusal("expired", "paid") == "A payment that expired is over; who tries again makes another one."
    assert refusal("pending", "started") == "What the bank was asked for is on its way until the bank says yes or no."


def test_the_table_knows_every_state() -> None:
    assert set(MOVES) == {None, *PAYMENT_STATES}


def test_reconciling_makes_good_what_was_edited_by_hand_and_says_so(session: Session, now: datetime) -> None:
    with transaction(session):
        payment = payment_in(session, "expired", now=now)
        assert not move(session, payment, "paid", Cause("event"), now=now)
        assert move(session, payment, "paid", Cause("reconcile"), now=now)
    last = session.scalars(select(PaymentState).order_by(PaymentState.id.desc())).first()
    assert last is not None
    assert (last.was, last.now, last.cause_kind) == ("expired", "paid", "reconcile")


@pytest.mark.parametrize(
    ("refunded", "disputes", "state"),
    [
        (0, (), "paid"),
        (1, (), "partly_refunded"),
        (499, (), "partly_refunded"),
        (500, (), "refunded"),
        (501, (), "refunded"),
        (0, ("needs_response",), "disputed"),
        (0, ("under_review",), "disputed"),
        (0, ("appeal_under_review",), "disputed"),
        (0, ("a word of tomorrow",), "disputed"),
        (500, ("needs_response",), "disputed"),
        (0, ("won",), "paid"),
        (200, ("won",), "partly_refunded"),
        (0, ("lost",), "lost"),
        (200, ("lost",), "lost"),
        (0, ("lost", "needs_response"), "disputed"),
        (0, ("won", "lost"), "lost"),
        (0, ("warning_needs_response",), "paid"),
        (0, ("warning_under_review", "warning_closed"), "paid"),
        (500, ("prevented",), "refunded"),
    ],
)
def test_what_was_paid_stands_as_what_went_back_leaves_it(refunded: int, disputes: tuple[str, ...], state: str) -> None:
    assert state_of_paid(500, refunded, disputes) == state
    assert state in PAID
