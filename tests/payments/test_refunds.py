"""Refunds: asked for here or made at Stripe, sent once, numbered, told, and seen in the payment."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from threading import Barrier
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.db import transaction
from membership.errors import Refusal, WrongState
from membership.money import Money
from membership.payments.credit_notes import credit, number_of_credit
from membership.payments.mirror import Cause, Mirror
from membership.payments.models import CreditNote, Payment, PaymentSource, PaymentState, Refund, StripeObject
from membership.payments.refunding import Asker, ask_refund
from membership.payments.refunds import sync_refund
from membership.payments.stripe_gateway.gateway import StripeGateway
from membership.payments.stripe_gateway.records import REFUND
from tests.behaviours.acts import (
    checked,
    console,
    event_states,
    given,
    goes_well_again,
    goes_wrong,
    hand_over,
    has_finance,
    latest,
    payment_states,
    pays,
    text_of,
    told,
)
from tests.money import DAY, World

CREATION = {"method": "POST", "path": "/v1/refunds"}
RULE = Asker("rule")


def asked(newsroom: World, minor: int = 500, currency: str = "EUR") -> Refund:
    """Asks for part of the only payment back, as a rule of ours would."""
    with newsroom.session() as session, transaction(session):
        payment = session.scalars(select(Payment)).one()
        now = newsroom.clock.now()
        amount = Money(minor, currency)
        return ask_refund(session, payment, amount, reason=None, note=None, asked_by=RULE, now=now)


def refunds(newsroom: World) -> list[tuple[str, str, int]]:
    """Returns state, asker and amount of our refunds, oldest first."""
    with newsroom.session() as session:
        rows = session.scalars(select(Refund).order_by(Refund.id)).all()
    return [(row.state, row.asked_by_kind, row.amount.minor) for row in rows]


def at_stripe(newsroom: World) -> list[Any]:
    return list(newsroom.api.v1.refunds.list({"limit": 100}).data)


def foreign_payment(newsroom: World) -> str:
    """Lets somebody else who uses this Stripe account be paid; returns the payment intent."""
    price: Any = {"currency": "eur", "unit_amount": 700, "product_data": {"name": "A mug"}}
    session: Any = {
        "mode": "payment",
        "line_items": [{"price_data": price, "quantity": 1}],
        "success_url": "http://x.y",
    }
    made = newsroom.api.v1.checkout.sessions.create(session)
    assert pays(newsroom, made.url or "").status == 303
    return str(newsroom.api.v1.checkout.sessions.retrieve(made.id).payment_intent)


def test_a_refund_that_we_ask_for_is_made_once_and_told_to_the_payer(newsroom: World) -> None:
    given(newsroom)
    asked(newsroom)
    assert (refunds(newsroom), payment_states(newsroom)) == ([("asked", "rule", 500)], ["paid"])
    newsroom.work()
    newsroom.settle()
    assert (refunds(newsroom), payment_states(newsroom)) == ([("succeeded", "rule", 500)], ["refunded"])
    [sent] = newsroom.letters("is on its way back")
    assert sent["To"] == "donor@example.org"
    assert f"C-{newsroom.clock.now().year}-00001" in text_of(sent)
    assert [(each.amount, each.status) for each in at_stripe(newsroom)] == [(500, "succeeded")]
    assert checked(newsroom).verdict == "equal"


def test_what_moved_the_payment_and_what_moved_the_money_is_written_down(newsroom: World) -> None:
    given(newsroom)
    reference = asked(newsroom, 200).reference
    newsroom.settle()
    with newsroom.session() as session:
        last = session.scalars(select(PaymentState).order_by(PaymentState.id.desc())).first()
        sources = set(session.scalars(select(PaymentSource.source_id)))
    assert last is not None
    assert (last.was, last.now, last.cause_kind, last.cause_id) == ("paid", "partly_refunded", "rule", reference)
    assert {each.id for each in at_stripe(newsroom)} < sources


def test_no_more_is_given_back_than_is_left(newsroom: World) -> None:
    given(newsroom)
    asked(newsroom, 300)
    for minor, currency in ((201, "EUR"), (0, "EUR"), (100, "USD")):
        with pytest.raises(Refusal, match="At most 2 EUR of this payment"):
            asked(newsroom, minor, currency)
    asked(newsroom, 200)
    with pytest.raises(WrongState, match="All of this payment"):
        asked(newsroom, 1)
    newsroom.settle()
    assert (payment_states(newsroom), len(at_stripe(newsroom))) == (["refunded"], 2)
    with pytest.raises(WrongState, match="All of this payment"):
        asked(newsroom, 1)


def test_what_never_came_or_is_disputed_is_not_given_back(newsroom: World) -> None:
    intent = given(newsroom)
    console(newsroom, "disputes", {"payment_intent": intent})
    newsroom.settle()
    with pytest.raises(WrongState, match="no bank has asked back"):
        asked(newsroom)
    with newsroom.session() as session, transaction(session):
        payment = session.scalars(select(Payment)).one()
        payment.state = "pending"
    with pytest.raises(WrongState, match="no bank has asked back"):
        asked(newsroom)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("kind", ["lost", "server_error", "down"])
def test_whatever_stripe_answers_the_money_goes_back_once(newsroom: World, kind: str) -> None:
    given(newsroom)
    asked(newsroom)
    goes_wrong(newsroom, kind, **CREATION, lasts=3600)
    newsroom.work()
    assert refunds(newsroom) in ([("asked", "rule", 500)], [("succeeded", "rule", 500)])
    goes_well_again(newsroom)
    newsroom.advance(3600)
    newsroom.settle()
    assert refunds(newsroom) == [("succeeded", "rule", 500)]
    assert (len(at_stripe(newsroom)), payment_states(newsroom)) == (1, ["refunded"])


def test_what_stripe_refuses_is_told_to_staff_and_may_be_asked_again(newsroom: World) -> None:
    has_finance(newsroom)
    intent = given(newsroom)
    asked(newsroom, 400)
    newsroom.api.v1.refunds.create({"payment_intent": intent, "amount": 200})
    newsroom.work()
    assert refunds(newsroom) == [("failed", "rule", 400)]
    assert "A refund did not go through" in told(newsroom)[0]
    newsroom.settle()
    asked(newsroom, 300)
    newsroom.settle()
    assert refunds(newsroom) == [("failed", "rule", 400), ("succeeded", "stripe", 200), ("succeeded", "rule", 300)]
    assert payment_states(newsroom) == ["refunded"]


@pytest.mark.usefixtures("impatient")
def test_a_refund_whose_answer_was_lost_is_not_made_again_when_stripe_has_forgotten_its_key(newsroom: World) -> None:
    given(newsroom)
    asked(newsroom, 200)
    goes_wrong(newsroom, "lost", **CREATION, lasts=3600)
    newsroom.work()
    assert (refunds(newsroom), len(at_stripe(newsroom))) == ([("asked", "rule", 200)], 1)
    goes_well_again(newsroom)
    newsroom.advance(2 * DAY)
    newsroom.work()
    assert (refunds(newsroom), len(at_stripe(newsroom))) == ([("succeeded", "rule", 200)], 1)


@pytest.mark.usefixtures("impatient")
def test_what_stripe_did_after_it_had_answered_with_a_failure_is_not_done_again(newsroom: World) -> None:
    intent = given(newsroom)
    reference = asked(newsroom, 200).reference
    goes_wrong(newsroom, "server_error", **CREATION, lasts=3600)
    newsroom.work()
    goes_well_again(newsroom)
    assert (refunds(newsroom), len(at_stripe(newsroom))) == ([("asked", "rule", 200)], 0)
    newsroom.api.v1.refunds.create({"payment_intent": intent, "amount": 200, "metadata": {REFUND: reference}})
    newsroom.advance(3600)
    newsroom.work()
    assert (refunds(newsroom), len(at_stripe(newsroom))) == ([("succeeded", "rule", 200)], 1)


def test_while_stripe_does_not_let_us_in_a_refund_waits_and_has_not_failed(newsroom: World) -> None:
    has_finance(newsroom)
    given(newsroom)
    asked(newsroom)
    seams = newsroom.app.extensions["seams"]
    newsroom.app.extensions["seams"] = replace(seams, gateway=StripeGateway("rolled", newsroom.sandbox.url))
    newsroom.work()
    assert (refunds(newsroom), told(newsroom)) == ([("asked", "rule", 500)], [])
    newsroom.app.extensions["seams"] = seams
    newsroom.advance(60)
    newsroom.work()
    assert refunds(newsroom) == [("succeeded", "rule", 500)]


def test_a_refund_of_a_payment_that_we_never_heard_of_brings_the_payment_first(newsroom: World) -> None:
    assert newsroom.pay(newsroom.give(newsroom.browser()).location).status == 303
    intent = newsroom.api.v1.payment_intents.list({"limit": 1}).data[0].id
    newsroom.api.v1.refunds.create({"payment_intent": intent, "amount": 100})
    hand_over(newsroom, latest(newsroom, "refund.created"))
    assert (refunds(newsroom), payment_states(newsroom)) == ([("succeeded", "stripe", 100)], ["partly_refunded"])
    assert len(newsroom.letters("Receipt")) == 1
    newsroom.settle()
    assert payment_states(newsroom) == ["partly_refunded"]


def test_a_refund_of_somebody_elses_payment_is_none_of_ours(newsroom: World) -> None:
    intent = foreign_payment(newsroom)
    newsroom.api.v1.refunds.create({"payment_intent": intent})
    newsroom.settle()
    assert (refunds(newsroom), payment_states(newsroom), newsroom.mail.sent) == ([], [], [])
    assert event_states(newsroom) <= {"handled", "ignored"}
    assert checked(newsroom).verdict == "equal"


def test_a_refund_that_stripe_does_not_know_is_gone_and_not_guessed(newsroom: World) -> None:
    given(newsroom)
    mirror: Mirror = newsroom.app.extensions["mirror"]
    with newsroom.app.app_context():
        assert sync_refund(mirror, "re_unknown", Cause("reconcile")) is None
    with newsroom.session() as session:
        known = session.get_one(StripeObject, "re_unknown")
    assert known.gone_at is not None
    assert (refunds(newsroom), payment_states(newsroom)) == ([], ["paid"])


def test_of_a_refund_of_long_ago_no_letter_is_written(newsroom: World) -> None:
    made = newsroom.api.v1.refunds.create({"payment_intent": given(newsroom)})
    newsroom.advance(31 * DAY)
    mirror: Mirror = newsroom.app.extensions["mirror"]
    with newsroom.app.app_context():
        sync_refund(mirror, made.id, Cause("reconcile"))
    newsroom.work()
    assert (refunds(newsroom), payment_states(newsroom)) == ([("succeeded", "stripe", 500)], ["refunded"])
    assert newsroom.letters("is on its way back") == []
    with newsroom.session() as session:
        assert len(session.scalars(select(CreditNote)).all()) == 1


def test_events_of_a_refund_in_any_order_and_twice_are_one_refund(newsroom: World) -> None:
    intent = given(newsroom)
    newsroom.api.v1.refunds.create({"payment_intent": intent, "amount": 200})
    newsroom.api.v1.refunds.create({"payment_intent": intent, "amount": 300})
    for event in newsroom.events()[::-1]:
        hand_over(newsroom, event)
    newsroom.deliver(again=True)
    newsroom.work()
    assert sorted(refunds(newsroom)) == [("succeeded", "stripe", 200), ("succeeded", "stripe", 300)]
    assert (payment_states(newsroom), len(newsroom.letters("is on its way back"))) == (["refunded"], 2)


def test_two_refunds_at_the_same_instant_are_both_counted_and_numbered(newsroom: World) -> None:
    intent = given(newsroom)
    made = [newsroom.api.v1.refunds.create({"payment_intent": intent, "amount": amount}) for amount in (200, 300)]
    mirror: Mirror = newsroom.app.extensions["mirror"]
    together = Barrier(2, timeout=10)

    def sync(refund_id: str) -> None:
        with newsroom.app.app_context():
            together.wait()
            sync_refund(mirror, refund_id, Cause("event"))

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(sync, [each.id for each in made]))
    assert payment_states(newsroom) == ["refunded"]
    with newsroom.session() as session:
        assert sorted(session.scalars(select(CreditNote.number))) == [1, 2]


def test_a_row_that_was_edited_by_hand_is_as_stripe_says_after_reconciling(newsroom: World) -> None:
    intent = given(newsroom)
    newsroom.api.v1.refunds.create({"payment_intent": intent, "amount": 200})
    newsroom.settle()
    with newsroom.session() as session, transaction(session):
        refund = session.scalars(select(Refund)).one()
        refund.state, refund.amount = "failed", Money(1, "EUR")
    mirror: Mirror = newsroom.app.extensions["mirror"]
    with newsroom.app.app_context():
        sync_refund(mirror, refund.stripe_refund or "", Cause("reconcile"))
    newsroom.work()
    assert (refunds(newsroom), payment_states(newsroom)) == ([("succeeded", "stripe", 200)], ["partly_refunded"])
    assert len(newsroom.letters("is on its way back")) == 1


def test_credit_notes_are_numbered_without_gaps_within_their_year(session: Session, now: datetime) -> None:
    zone = ZoneInfo("Europe/Kyiv")
    made = [
        datetime(2026, 12, 30, 12, tzinfo=UTC),
        datetime(2026, 12, 31, 22, 30, tzinfo=UTC),
        datetime(2027, 1, 2, tzinfo=UTC),
        datetime(2026, 12, 1, tzinfo=UTC),
    ]
    with transaction(session):
        for refund in planted(session, made, now=now):
            assert credit(session, refund, zone=zone, now=now)
            assert not credit(session, refund, zone=zone, now=now)
    notes = session.scalars(select(CreditNote).order_by(CreditNote.id)).all()
    assert [str(number_of_credit(note)) for note in notes] == [
        "C-2026-00001",
        "C-2027-00001",
        "C-2027-00002",
        "C-2026-00002",
    ]


def planted(session: Session, made: list[datetime], *, now: datetime) -> list[Refund]:
    """Plants a payment with a refund made at each of these times."""
    payment = Payment(reference="p", source="stripe", amount=Money(900, "EUR"), state="paid", created_at=now)
    session.add(payment)
    session.flush()
    common: dict[str, Any] = {"payment_id": payment.id, "state": "succeeded", "asked_by_kind": "stripe", "tries": 0}
    rows = [
        Refund(reference=f"r{number}", amount=Money(100, "EUR"), created_at=at, **common)
        for number, at in enumerate(made)
    ]
    session.add_all(rows)
    session.flush()
    return rows
