"""Reconciliation: what differs is named, nothing is changed unless told to, and what was mended stays mended."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from sqlalchemy import func, select, text

from membership.db import transaction
from membership.patrons.models import Pledge, PledgePayment
from membership.payments.gateway import StripeAway
from membership.payments.models import Attempt, Movement, Payment, PaymentSource, PaymentState, StripeObject
from membership.payments.reconciliation.commands import Bars
from tests.behaviours.acts import console
from tests.money import DAY, World
from tests.reconciling import Said, reconcile
from tests.stripe_sandbox.steps import donation

# How each database takes a moment in UTC as text; first PostgreSQL.
UTC_SUFFIX = ("+00:00'", ".000000'")


def execute(newsroom: World, statement: str, **values: Any) -> None:
    with newsroom.session() as session, transaction(session):
        session.execute(text(statement), values)


def one(newsroom: World, column: Any) -> Any:
    with newsroom.session() as session:
        return session.scalars(select(column)).one()


def pledged(newsroom: World) -> None:
    newsroom.give_and_pay(newsroom.browser(), cadence="month", email="patron@example.org")


def mends(newsroom: World, named: list[tuple[str, str]], *options: str) -> str:
    """Compares, sees exactly these, mends them, and finds nothing any more; returns what the first run said."""
    first = reconcile(newsroom, *options)
    assert (first.code, sorted(first.named)) == (1, sorted(named)), first.text
    mended = reconcile(newsroom, *options, "--apply")
    assert mended.code == 0, mended.text
    again = reconcile(newsroom, *options)
    assert (again.code, again.named) == (0, []), again.text
    assert "Nothing differs." in again.text
    return first.text


def test_of_books_that_are_right_nothing_differs(newsroom: World) -> None:
    newsroom.give_and_pay(newsroom.browser())
    pledged(newsroom)
    newsroom.settle()
    newsroom.collect()
    assert reconcile(newsroom) == reconcile(newsroom, "--full") == Said(0, "Nothing differs.\n")


@pytest.mark.parametrize("options", [(), ("--full",)], ids=["lately", "full"])
def test_a_donation_and_a_pledge_of_which_nothing_was_heard_are_named_and_then_known(
    newsroom: World, options: tuple[str, ...]
) -> None:
    newsroom.give_and_pay(newsroom.browser())
    pledged(newsroom)
    intents = {("payment", each.id) for each in newsroom.api.v1.payment_intents.list().data}
    subscription = newsroom.api.v1.subscriptions.list().data[0].id
    assert reconcile(newsroom, *options).code == 1
    newsroom.work()
    with newsroom.session() as session:
        assert [session.scalar(select(table.id).limit(1)) for table in (Payment, Pledge, Movement)] == [None] * 3
    said = mends(newsroom, [*intents, ("pledge", subscription)], *options)
    assert "2 payments and 1 pledge differ." in said
    newsroom.work()
    assert len(newsroom.letters("Receipt")) == 2
    assert len(newsroom.letters("Welcome")) == 1
    with newsroom.session() as session:
        assert session.scalars(select(Attempt.state)).all() == ["paid", "paid"]


def test_a_session_is_heard_of_by_the_payment_or_the_pledge_that_it_made(newsroom: World) -> None:
    newsroom.give_and_pay(newsroom.browser())
    pledged(newsroom)
    newsroom.settle()
    newsroom.collect()
    with newsroom.session() as session:
        assert session.scalar(select(func.count()).where(StripeObject.kind == "checkout")) == 2
    execute(newsroom, "DELETE FROM stripe_events WHERE type = 'checkout.session.completed'")
    execute(newsroom, "DELETE FROM stripe_objects WHERE kind = 'checkout'")
    assert reconcile(newsroom) == Said(0, "Nothing differs.\n")


PAYMENT_EDITS = (
    ("UPDATE payments SET amount_minor = 700", "amount 7 EUR, at Stripe 5 EUR"),
    ("UPDATE payments SET state = 'failed'", "state failed, at Stripe paid"),
    ("UPDATE payments SET state = 'expired'", "state expired, at Stripe paid"),
    ("UPDATE payments SET state = 'refunded'", "state refunded, at Stripe paid"),
    ("UPDATE payments SET paid_at = '2020-01-01 00:00:00.000000'", "paid at 2020-01-01 00:00:00+00:00"),
    ("UPDATE payments SET paid_at = NULL", "paid at none"),
    ("UPDATE attempts SET state = 'expired'", "attempt expired, at Stripe paid"),
    ("DELETE FROM payment_sources", "is not tied to it"),
)


def test_a_payment_that_was_edited_by_hand_is_as_at_stripe_again(newsroom: World) -> None:
    newsroom.give_and_pay(newsroom.browser())
    newsroom.settle()
    newsroom.collect()
    before, intent = _payment(newsroom), one(newsroom, Payment.payment_intent)
    for edit, says in PAYMENT_EDITS:
        execute(newsroom, edit.replace(".000000'", UTC_SUFFIX[newsroom.database.is_sqlite]))
        assert says in mends(newsroom, [("payment", intent)], "--full")
        assert _payment(newsroom) == before
    newsroom.settle()
    assert len(newsroom.letters("Receipt")) == 1
    with newsroom.session() as session:
        steps = session.scalars(select(PaymentState).where(PaymentState.cause_kind == "reconcile"))
        assert [(step.was, step.now) for step in steps] == [(was, "paid") for was in ("failed", "expired", "refunded")]


def _payment(newsroom: World) -> tuple[Any, ...]:
    with newsroom.session() as session:
        payment = session.scalars(select(Payment)).one()
        sources = tuple(session.scalars(select(PaymentSource.source_id)))
        return payment.amount, payment.state, payment.paid_at, payment.payer_id, payment.attempt_id, sources


PLEDGE_EDITS = (
    ("UPDATE pledges SET amount_minor = 900", "amount 9 EUR, at Stripe 5 EUR"),
    ("UPDATE pledges SET cadence = 'year'", "cadence year, at Stripe month"),
    ("UPDATE pledges SET stripe_status = 'canceled'", "status canceled, at Stripe active"),
    ("UPDATE pledges SET cancel_at = period_end_at", "at Stripe none"),
    ("UPDATE pledges SET period_end_at = '2020-01-01 00:00:00.000000'", "period until 2020-01-01"),
    ("UPDATE pledges SET ended_at = started_at, live = false, why = 'ended'", "ended 20"),
    ("UPDATE pledges SET card_last4 = '0000'", "card visa 0000, at Stripe visa 4242"),
)
PERIOD_EDITS = (
    ("DELETE FROM pledge_payments", "is not tied to it"),
    ("UPDATE pledge_payments SET period_end = '2020-01-01 00:00:00.000000'", "not as here"),
)


def test_a_pledge_that_was_edited_by_hand_is_as_at_stripe_again(newsroom: World) -> None:
    pledged(newsroom)
    newsroom.settle()
    newsroom.collect()
    before, period = _pledge(newsroom), one(newsroom, PledgePayment.period_end)
    pledge, payment = one(newsroom, Pledge.subscription), one(newsroom, Payment.payment_intent)
    edits = [(*each, ("pledge", pledge)) for each in PLEDGE_EDITS]
    edits += [(*each, ("payment", payment)) for each in PERIOD_EDITS]
    for edit, says, named in edits:
        execute(newsroom, edit.replace(".000000'", UTC_SUFFIX[newsroom.database.is_sqlite]))
        assert says in mends(newsroom, [named], "--full")
        assert (_pledge(newsroom), one(newsroom, PledgePayment.period_end)) == (before, period)
    newsroom.work()
    assert len(newsroom.letters("Welcome")) == len(newsroom.letters("Receipt")) == 1


def _pledge(newsroom: World) -> tuple[Any, ...]:
    with newsroom.session() as session:
        pledge = session.scalars(select(Pledge)).one()
        promise = (pledge.amount, pledge.cadence, pledge.stripe_status, pledge.cancel_at, pledge.period_end_at)
        return *promise, pledge.card_brand, pledge.card_last4, pledge.live, pledge.why, pledge.ended_at


def test_a_refund_and_a_dispute_made_at_stripe_stand_beneath_their_payments(newsroom: World) -> None:
    newsroom.give_and_pay(newsroom.browser(), amount="10")
    newsroom.give_and_pay(newsroom.browser(), amount="20")
    newsroom.settle()
    newsroom.collect()
    disputed, refunded = newsroom.api.v1.charges.list().data
    newsroom.api.v1.refunds.create({"charge": refunded.id, "amount": 300})
    console(newsroom, "disputes", {"payment_intent": disputed.payment_intent})
    named = [("payment", str(each.payment_intent)) for each in (disputed, refunded)]
    said = mends(newsroom, named, "--full")
    assert "refund re_" in said
    assert "dispute d" in said
    with newsroom.session() as session:
        rows = session.execute(select(Payment.payment_intent, Payment.state))
        states = {row.payment_intent: row.state for row in rows}
    assert states == {refunded.payment_intent: "partly_refunded", disputed.payment_intent: "disputed"}
    execute(newsroom, "UPDATE refunds SET state = 'failed'")
    assert "state failed, at Stripe succeeded" in mends(newsroom, named[1:], "--full")
    execute(newsroom, "UPDATE disputes SET state = 'won'")
    assert "state won, at Stripe needs_response" in mends(newsroom, named[:1], "--full")


def test_a_session_that_expired_unheard_is_an_attempt_of_its_own(newsroom: World) -> None:
    newsroom.give(newsroom.browser())
    newsroom.advance(DAY)
    said = mends(newsroom, [("attempt", one(newsroom, Attempt.reference))])
    assert "attempt open, at Stripe expired" in said


def test_whatever_is_still_open_is_asked_for_singly_however_old_it_is(newsroom: World) -> None:
    newsroom.give_and_pay(newsroom.browser(), amount="10")
    newsroom.give_and_pay(newsroom.browser(), amount="20")
    pledged(newsroom)
    newsroom.settle()
    charges = {charge.amount: charge for charge in newsroom.api.v1.charges.list().data}
    newsroom.api.v1.refunds.create({"charge": charges[1000].id, "amount": 300})
    newsroom.settle()
    newsroom.collect()
    subscription = one(newsroom, Pledge.subscription)
    newsroom.give(newsroom.browser(), amount="30")
    newsroom.advance(3600)
    with newsroom.session() as session:
        attempt = session.scalars(select(Attempt.reference).where(Attempt.state == "open")).one()
    execute(newsroom, "UPDATE pledges SET stripe_status = 'past_due'")
    execute(newsroom, "UPDATE refunds SET state = 'pending'")
    execute(newsroom, "UPDATE payments SET state = 'pending' WHERE amount_minor = 2000")
    tomorrow = newsroom.clock.now() + timedelta(days=2)
    named = [
        ("attempt", attempt),
        ("pledge", subscription),
        *(("payment", str(charges[each].payment_intent)) for each in (1000, 2000)),
    ]
    mends(newsroom, named, "--since", f"{tomorrow:%Y-%m-%d}")
    assert reconcile(newsroom, "--full").code == 0


def test_what_others_do_on_the_same_account_is_counted_and_left_alone(newsroom: World) -> None:
    donated = donation(newsroom.api)
    newsroom.pay(str(donated.url))
    newsroom.give_and_pay(newsroom.browser())
    newsroom.settle()
    newsroom.collect()
    said = reconcile(newsroom, "--full")
    assert said.code == 0
    assert "1 belong to others who use the same Stripe account (1 payment): left alone." in said.text
    assert donated.id not in said.text


def test_a_payment_of_which_stripe_knows_nothing_is_named_and_marked_gone(newsroom: World) -> None:
    newsroom.give_and_pay(newsroom.browser())
    newsroom.settle()
    newsroom.collect()
    execute(
        newsroom,
        "INSERT INTO payments (reference, source, payment_intent, amount_minor, currency, state, paid_at, created_at) "
        "SELECT 'invented', 'stripe', 'pi_invented', 500, 'EUR', 'paid', paid_at, created_at FROM payments",
    )
    said = mends(newsroom, [("payment", "pi_invented")], "--full")
    assert "Stripe's list holds no such charge" in said


def test_a_lost_event_of_an_old_pledge_is_found_by_its_event(newsroom: World) -> None:
    pledged(newsroom)
    newsroom.settle()
    newsroom.collect()
    newsroom.advance(20 * DAY)
    newsroom.settle()
    subscription = one(newsroom, Pledge.subscription)
    newsroom.api.v1.subscriptions.update(subscription, {"cancel_at_period_end": True})
    since = newsroom.clock.now() - timedelta(days=2)
    said = mends(newsroom, [("pledge", subscription)], "--since", f"{since:%Y-%m-%d}")
    assert "customer.subscription.updated" in said
    assert one(newsroom, Pledge.cancel_at) is not None


def test_a_line_that_is_nobodys_is_inserted_all_the_same(newsroom: World) -> None:
    newsroom.pay(str(donation(newsroom.api).url))
    line = newsroom.api.v1.balance_transactions.list().data[0].id
    assert "is not in the ledger" in mends(newsroom, [("line", line)])
    assert newsroom.collect() == 0


def test_while_stripe_is_away_nothing_is_said_to_differ(newsroom: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_args: object) -> None:
        raise StripeAway("it hangs")

    monkeypatch.setattr(newsroom.app.extensions["gateway"], "charges", away)
    said = reconcile(newsroom)
    assert (said.code, "Stripe could not be asked" in said.text) == (5, True)
    said = reconcile(newsroom, "--full", "--since", "2026-01-01")
    assert (said.code, "contradict each other" in said.text) == (2, True)


class Terminal(StringIO):
    """A screen, or a pipe if nobody looks."""

    def __init__(self, *, is_watched: bool) -> None:
        super().__init__()
        self.is_watched = is_watched

    def isatty(self) -> bool:
        return self.is_watched


@pytest.mark.parametrize("is_watched", [True, False])
def test_bars_are_drawn_for_people_and_not_for_pipes(monkeypatch: pytest.MonkeyPatch, *, is_watched: bool) -> None:
    screen = Terminal(is_watched=is_watched)
    monkeypatch.setattr("sys.stderr", screen)
    with Bars() as bars:
        bars.tell("charges", 100, 200)
        bars.tell("charges", 100, 200)
        bars.tell("invoices", 1, 0)
    drawn = screen.getvalue()
    assert [name in drawn for name in ("charges", "100%", "invoices")] == [is_watched] * 3
