"""Somebody was erased, and only then comes what Stripe had to tell of them: nobody is brought back."""

import re

import pytest
from sqlalchemy import select

from membership.accounts.models import Account
from membership.patrons.models import Pledge
from membership.payments.models import Payer, Receipt, StripeEvent
from tests.behaviours.acts import PATRON, body_of, hand_over, latest, pledged, signed_in
from tests.money import DAY, World

NAME = "Ada Lovelace"


def erased(newsroom: World) -> None:
    """A patron signs in and erases themself."""
    patron = signed_in(newsroom)
    answer = patron.post("/account/privacy/erasure", data={"email": PATRON})
    assert (answer.status_code, answer.location) == (303, "/account/privacy/erased")


def accounts(newsroom: World) -> list[str]:
    with newsroom.session() as session:
        return list(session.scalars(select(Account.email)))


def payloads(newsroom: World) -> str:
    with newsroom.session() as session:
        return " ".join(session.scalars(select(StripeEvent.payload).where(StripeEvent.payload.is_not(None))))


def test_what_comes_of_the_erasure_itself_brings_nobody_back(newsroom: World) -> None:
    pledged(newsroom)
    erased(newsroom)
    newsroom.settle()
    assert accounts(newsroom) == [""]
    (subscription,) = newsroom.api.v1.subscriptions.list({"status": "all"}).data
    assert subscription.status == "canceled"
    assert newsroom.api.v1.customers.list().data == []
    newsroom.settle()
    with newsroom.session() as session:
        pledge = session.scalars(select(Pledge)).one()
        assert (pledge.live, pledge.stripe_status, pledge.card_last4) == (False, "canceled", None)


def test_events_of_before_that_come_again_bring_nobody_back(newsroom: World) -> None:
    pledged(newsroom)
    before = newsroom.events()
    erased(newsroom)
    newsroom.settle()
    with newsroom.session() as session:
        letters = len(newsroom.mail.sent)
        receipts = session.scalars(select(Receipt.addressee)).all()
    for event in reversed(before):
        newsroom.post_event(body_of(event).replace(event.id.encode(), f"{event.id}again".encode()))
    newsroom.work()
    newsroom.advance(DAY)
    newsroom.settle()
    assert accounts(newsroom) == [""]
    assert len(newsroom.mail.sent) == letters
    with newsroom.session() as session:
        assert session.scalars(select(Receipt.addressee)).all() == receipts
        assert {(payer.email, payer.name) for payer in session.scalars(select(Payer))} == {(None, None)}
    assert PATRON not in payloads(newsroom)


def test_a_pledge_that_was_paid_before_and_heard_of_after_the_erasure_ends_with_the_account(newsroom: World) -> None:
    browser = newsroom.browser()
    patron = signed_in(newsroom)
    newsroom.give_and_pay(browser, cadence="month", email=PATRON)
    assert patron.post("/account/privacy/erasure", data={"email": PATRON}).status_code == 303
    newsroom.settle()
    newsroom.settle()
    assert accounts(newsroom) == [""]
    assert latest(newsroom, "customer.deleted")
    assert [each.status for each in newsroom.api.v1.subscriptions.list({"status": "all"}).data] == ["canceled"]
    assert newsroom.letters("Welcome") == newsroom.letters("Receipt") == []
    with newsroom.session() as session:
        assert [receipt.addressee for receipt in session.scalars(select(Receipt))] == [None]


def test_a_pledge_whose_charge_alone_was_heard_of_before_the_erasure_ends_with_the_account(newsroom: World) -> None:
    newsroom.give_and_pay(newsroom.browser(), cadence="month", email=PATRON)
    hand_over(newsroom, latest(newsroom, "charge.succeeded"))
    erased(newsroom)
    newsroom.settle()
    newsroom.settle()
    with newsroom.session() as session:
        assert set(session.scalars(select(StripeEvent.state))) <= {"handled", "ignored"}
    assert accounts(newsroom) == [""]
    assert [each.status for each in newsroom.api.v1.subscriptions.list({"status": "all"}).data] == ["canceled"]


@pytest.mark.parametrize("cadence", ["once", "month"])
def test_a_refund_that_comes_late_is_booked_and_tells_nobody(newsroom: World, cadence: str) -> None:
    newsroom.give_and_pay(newsroom.browser(), cadence=cadence, email=PATRON)
    newsroom.settle()
    erased(newsroom)
    newsroom.settle()
    letters = len(newsroom.mail.sent)
    intent = newsroom.api.v1.payment_intents.list({"limit": 1}).data[0].id
    newsroom.api.v1.refunds.create({"payment_intent": intent})
    newsroom.settle()
    assert len(newsroom.mail.sent) == letters
    assert accounts(newsroom) == [""]
    assert re.search(r"refund", " ".join(event.type for event in newsroom.events()))
