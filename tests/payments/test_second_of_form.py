"""One form that was paid twice all the same: the later payment goes back by rule, with a letter."""

from typing import Any

import pytest
from sqlalchemy import select

from membership.patrons.duplicates import settle_by_the_clock
from membership.patrons.models import Pledge
from membership.payments.models import Payment, Refund
from tests.behaviours.acts import console, has_finance, told
from tests.money import World


def pay_both(newsroom: World, monkeypatch: pytest.MonkeyPatch, *amounts: dict[str, str]) -> list[str]:
    """Sends one form twice and pays both pages, because the first was paid the moment before it was closed."""
    client = newsroom.browser()
    token = newsroom.form_token(client)
    with monkeypatch.context() as patch:
        patch.setattr(newsroom.app.extensions["gateway"], "expire_checkout", lambda _checkout_id: False)
        places = [newsroom.give(client, token=token, **fields).location for fields in amounts]
        newsroom.work()
    for place in places:
        newsroom.advance(10)
        paid = newsroom.pay(place)
        assert paid.status == 303
    newsroom.settle()
    newsroom.settle()
    return places


def payments(newsroom: World) -> list[tuple[int, str]]:
    with newsroom.session() as session:
        return [(each.amount.minor, each.state) for each in session.scalars(select(Payment).order_by(Payment.paid_at))]


def test_the_later_of_two_donations_goes_back_once_with_a_letter(
    newsroom: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    pay_both(newsroom, monkeypatch, {"amount": "5"}, {"amount": "10"})
    assert payments(newsroom) == [(500, "paid"), (1000, "refunded")]
    with newsroom.session() as session:
        refunds = session.scalars(select(Refund)).all()
        assert [(each.asked_by_kind, each.amount.minor) for each in refunds] == [("rule", 1000)]
    (letter,) = newsroom.letters("You paid twice: €10.00 goes back to you")
    assert str(letter["To"]) == "donor@example.org"
    newsroom.deliver(again=True)
    newsroom.work()
    assert len(newsroom.api.v1.refunds.list({"limit": 100}).data) == 1
    assert len(newsroom.letters("You paid twice")) == 1


def test_what_a_bank_is_asking_back_already_is_not_promised_again(
    newsroom: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_finance(newsroom)
    with monkeypatch.context() as patch:
        patch.setattr(newsroom, "settle", lambda: None)
        pay_both(newsroom, monkeypatch, {"amount": "5"}, {"amount": "10"})
    second = newsroom.api.v1.payment_intents.list({"limit": 1}).data[0]
    assert second.amount == 1000
    console(newsroom, "disputes", {"payment_intent": second.id})
    newsroom.settle()
    assert payments(newsroom) == [(500, "paid"), (1000, "disputed")]
    assert newsroom.letters("You paid twice") == []
    [notice] = told(newsroom)
    assert "asks for a payment back" in notice

    won: Any = {"evidence": {"uncategorized_text": "winning_evidence"}, "submit": True}
    newsroom.api.v1.disputes.update(newsroom.api.v1.disputes.list({"limit": 1}).data[0].id, won)
    newsroom.advance(60)
    newsroom.settle()
    for _ in range(2):
        settle_by_the_clock(newsroom.app.extensions["seams"])
        newsroom.settle()
    assert payments(newsroom) == [(500, "paid"), (1000, "refunded")]
    assert len(newsroom.letters("You paid twice")) == 1


def test_a_pledge_that_was_the_second_of_a_form_ends_and_goes_back(
    newsroom: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    pay_both(newsroom, monkeypatch, {"amount": "5"}, {"amount": "10", "cadence": "month"})
    assert payments(newsroom) == [(500, "paid"), (1000, "refunded")]
    with newsroom.session() as session:
        pledge = session.scalars(select(Pledge)).one()
    assert (pledge.live, pledge.why) == (False, "dropped")
    assert newsroom.api.v1.subscriptions.retrieve(pledge.subscription).status == "canceled"
    assert len(newsroom.letters("You paid twice")) == 1


def test_of_two_pledges_of_one_form_the_later_ends_without_a_question(
    newsroom: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    pay_both(newsroom, monkeypatch, {"amount": "5", "cadence": "month"}, {"amount": "10", "cadence": "month"})
    assert payments(newsroom) == [(500, "paid"), (1000, "refunded")]
    with newsroom.session() as session:
        pledges = session.scalars(select(Pledge).order_by(Pledge.started_at)).all()
    assert [(each.live, each.why) for each in pledges] == [(True, None), (False, "dropped")]
