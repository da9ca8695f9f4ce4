"""After a life of gifts, pledges, refunds, disputes and payouts no invariant is broken, and nothing alarms."""

from typing import Any

from sqlalchemy import select

from membership.db import transaction
from membership.money import Money
from membership.payments.invariants import violations
from membership.payments.models import Payment
from membership.payments.refunding import Asker, ask_refund
from membership.wiring import ALARMS, INVARIANTS
from tests.behaviours.acts import console, given, payment_states, pledged
from tests.money import DAY, DECLINED, FAILS_LATER, World

REFUND_FAILS = "4000000000005126"


def test_a_newsroom_that_lived_through_all_of_it_breaks_no_invariant(newsroom: World) -> None:
    _let_people_give(newsroom)
    _let_money_go_back(newsroom)
    newsroom.advance(32 * DAY)
    console(newsroom, "disputes", {"payment_intent": given(newsroom)})
    newsroom.settle()
    newsroom.collect()
    assert {"paid", "partly_refunded", "refunded", "disputed", "lost", "started"} <= set(payment_states(newsroom))
    now = newsroom.clock.now()
    with newsroom.app.app_context(), newsroom.session() as session:
        assert violations(session, INVARIANTS, now=now) == []
        assert {cause: ask(session, now=now) for cause, ask in ALARMS.items()} == dict.fromkeys(ALARMS)


def _let_people_give(newsroom: World) -> None:
    pledged(newsroom)
    fails = newsroom.give(newsroom.browser(), cadence="month", email="fails@example.org")
    newsroom.pay(fails.location, FAILS_LATER)
    newsroom.pay(newsroom.give(newsroom.browser(), amount="25").location, DECLINED)
    newsroom.give_and_pay(newsroom.browser(), currency="UAH", amount="400")
    newsroom.give(newsroom.browser(), amount="50")


def _let_money_go_back(newsroom: World) -> None:
    refunds = newsroom.api.v1.refunds
    refunds.create({"payment_intent": given(newsroom)})
    refunds.create({"payment_intent": given(newsroom), "amount": 200})
    refunds.create({"payment_intent": given(newsroom, REFUND_FAILS)})
    _give_back_here(newsroom, given(newsroom))
    console(newsroom, "disputes", {"payment_intent": given(newsroom)})
    lost = newsroom.api.v1.disputes.list({"limit": 1}).data[0]
    words: Any = {"evidence": {"uncategorized_text": "losing_evidence"}, "submit": True}
    newsroom.api.v1.disputes.update(lost.id, words)
    newsroom.settle()


def _give_back_here(newsroom: World, intent: str) -> None:
    now = newsroom.clock.now()
    with newsroom.session() as session, transaction(session):
        payment = session.scalars(select(Payment).where(Payment.payment_intent == intent)).one()
        ask_refund(session, payment, Money(100, "EUR"), reason=None, note=None, asked_by=Asker("staff"), now=now)
