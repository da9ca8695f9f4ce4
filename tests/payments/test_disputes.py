"""Disputes: a payment is disputed at once, won back or lost; and warnings before anybody disputes."""

from typing import Any

import pytest
from sqlalchemy import select

from membership.payments.export import export_rows
from membership.payments.mirror import Cause, Mirror, NotOurs
from membership.payments.models import Dispute
from tests.behaviours.acts import (
    checked,
    console,
    event_states,
    given,
    hand_over,
    has_finance,
    latest,
    payment_states,
    told,
)
from tests.money import World


def dispute_of(newsroom: World) -> Dispute:
    with newsroom.session() as session:
        return session.scalars(select(Dispute)).one()


def disputed(newsroom: World, intent: str) -> str:
    """Lets the payer's bank ask for a payment back; returns the dispute's id."""
    made = console(newsroom, "disputes", {"payment_intent": intent})
    newsroom.settle()
    return str(made["id"])


def answered(newsroom: World, dispute: str, evidence: str) -> None:
    """Answers with words that decide the dispute at once."""
    submitted: Any = {"evidence": {"uncategorized_text": evidence}, "submit": True}
    newsroom.api.v1.disputes.update(dispute, submitted)
    newsroom.advance(60)


def test_a_dispute_says_until_when_we_may_answer_and_staff_hear_of_it_once(newsroom: World) -> None:
    has_finance(newsroom)
    opened = disputed(newsroom, given(newsroom))
    newsroom.deliver(again=True)
    newsroom.work()
    row = dispute_of(newsroom)
    assert (row.stripe_dispute, row.state, row.reason, row.amount.minor) == (
        opened,
        "needs_response",
        "fraudulent",
        500,
    )
    assert row.due_at is not None
    assert row.due_at > row.opened_at
    assert row.closed_at is None
    [letter] = told(newsroom)
    assert "asks for a payment back" in letter
    assert opened in letter


@pytest.mark.parametrize(
    ("evidence", "state", "says", "disputed_minor"),
    [("winning_evidence", "paid", "decided for us", 0), ("losing_evidence", "lost", "decided against us", 500)],
)
def test_a_decided_dispute_is_closed_told_and_counted(
    newsroom: World, evidence: str, state: str, says: str, disputed_minor: int
) -> None:
    has_finance(newsroom)
    answered(newsroom, disputed(newsroom, given(newsroom)), evidence)
    newsroom.settle()
    newsroom.collect()
    assert (payment_states(newsroom), checked(newsroom).verdict) == ([state], "equal")
    assert dispute_of(newsroom).closed_at is not None
    assert says in told(newsroom)[-1]
    with newsroom.session() as session:
        [row] = export_rows(session)
    assert (row["status"], row["disputed_minor"]) == (state, disputed_minor)


def test_a_dispute_over_a_payment_that_we_never_heard_of_brings_the_payment_first(newsroom: World) -> None:
    assert newsroom.pay(newsroom.give(newsroom.browser()).location).status == 303
    intent = newsroom.api.v1.payment_intents.list({"limit": 1}).data[0].id
    console(newsroom, "disputes", {"payment_intent": intent})
    hand_over(newsroom, latest(newsroom, "charge.dispute.created"))
    assert payment_states(newsroom) == ["disputed"]
    newsroom.settle()
    assert payment_states(newsroom) == ["disputed"]


def test_what_was_partly_given_back_and_is_then_disputed_is_disputed_and_after_winning_partly_given_back(
    newsroom: World,
) -> None:
    intent = given(newsroom)
    newsroom.api.v1.refunds.create({"payment_intent": intent, "amount": 200})
    newsroom.settle()
    opened = disputed(newsroom, intent)
    assert payment_states(newsroom) == ["disputed"]
    assert dispute_of(newsroom).amount.minor == 300
    answered(newsroom, opened, "winning_evidence")
    newsroom.settle()
    assert payment_states(newsroom) == ["partly_refunded"]


def test_a_dispute_that_was_over_when_we_heard_of_it_is_in_the_books_and_no_news(newsroom: World) -> None:
    has_finance(newsroom)
    intent = given(newsroom)
    opened = console(newsroom, "disputes", {"payment_intent": intent})["id"]
    answered(newsroom, opened, "losing_evidence")
    newsroom.settle()
    assert (payment_states(newsroom), told(newsroom)) == (["lost"], [])


def test_a_warning_of_fraud_is_told_to_staff_once_and_changes_nothing(newsroom: World) -> None:
    has_finance(newsroom)
    intent = given(newsroom)
    for _ in range(2):
        console(newsroom, "fraud_warnings", {"payment_intent": intent})
    newsroom.settle()
    [letter] = told(newsroom)
    assert "suspects that this payment" in letter
    assert payment_states(newsroom) == ["paid"]
    assert event_states(newsroom) <= {"handled", "ignored"}


def test_a_warning_of_somebody_elses_payment_is_none_of_ours(newsroom: World) -> None:
    mirror: Mirror = newsroom.app.extensions["mirror"]
    with newsroom.app.app_context(), pytest.raises(NotOurs):
        newsroom.app.extensions["events"].syncs["fraud_warning"](mirror, "pi_unknown", Cause("event"))
