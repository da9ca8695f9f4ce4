"""A second pledge of one person: asked about by letter and in the account alone, and settled once, whatever happens."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from membership.db import transaction
from membership.errors import WrongState
from membership.money import Money
from membership.patrons.duplicates import NEWER, OLDER, choose, settle_by_the_clock
from membership.patrons.models import Pledge, PledgePayment
from membership.patrons.syncing import sync_invoice, sync_pledge_checkout, sync_subscription
from membership.patrons.who import standing_of
from membership.payments.gateway import StripeAway
from membership.payments.mirror import Cause
from membership.payments.models import Payment, Refund
from membership.payments.refunding import Asker
from membership.payments.syncing import sync_payment
from tests.accounts.doors import text_of
from tests.behaviours.acts import console, pledged, signed_in, written_day
from tests.money import DAY, FAILS_LATER, World
from tests.topics.people import at_once

PATRON = "patron@example.org"


def twice(newsroom: World, **fields: str) -> None:
    """Pledges €5 a month, and €10 a month more as a guest who types the same address."""
    pledged(newsroom)
    pledged(newsroom, **{"email": "Patron@Example.org", "amount": "10"} | fields)


def pledges(newsroom: World) -> list[Pledge]:
    with newsroom.session() as session:
        return list(session.scalars(select(Pledge).order_by(Pledge.started_at, Pledge.id)))


def how(newsroom: World) -> list[tuple[bool, str | None]]:
    return [(each.live, each.why) for each in pledges(newsroom)]


def at_stripe(newsroom: World) -> list[str]:
    found = (newsroom.api.v1.subscriptions.retrieve(each.subscription) for each in pledges(newsroom))
    return [str(each.status) for each in found]


def given_back(newsroom: World) -> list[tuple[int, str]]:
    """Lists amount and asker of all refunds; each stands at Stripe, and no other does."""
    with newsroom.session() as session:
        rows = session.scalars(select(Refund).order_by(Refund.id)).all()
    there = newsroom.api.v1.refunds.list({"limit": 100}).data
    assert sorted(each.stripe_refund or "" for each in rows) == sorted(each.id for each in there)
    return [(each.amount.minor, each.asked_by_kind) for each in rows]


def link(newsroom: World) -> str:
    (letter,) = newsroom.letters("which one did you mean?")
    assert str(letter["To"]) == PATRON
    found = re.search(r"http://localhost:8000(/links/duplicate/\S+)", text_of(letter))
    assert found
    return found[1]


def chosen(newsroom: World, choice: str) -> None:
    """Presses a button behind the letter's link, in a browser that is not signed in."""
    path = link(newsroom)
    client = newsroom.browser()
    assert "Which pledge did you mean?" in client.get(path).text
    answer = client.post(path, data={"choice": choice})
    assert (answer.status_code, answer.location) == (303, path)
    newsroom.work()
    newsroom.settle()
    assert "This is settled" in client.get(path).text


def test_the_owner_is_asked_by_letter_and_in_the_account_and_the_guest_learns_nothing(newsroom: World) -> None:
    pledged(newsroom)
    pages = []
    for email in (PATRON, "somebody.else@example.org"):
        guest = newsroom.browser()
        thanks = newsroom.give_and_pay(guest, cadence="month", email=email, amount="10")
        newsroom.settle()
        page = re.sub(r"<time.*?</time>|\S…\S@\S+|/support\?\S+", "", guest.get(thanks).text).replace(thanks, "")
        pages.append(re.sub(r"name=\"token\" value=\S+|receipt/\S+", "", page))
    assert pages[0] == pages[1]
    assert how(newsroom) == [(True, None), (False, "duplicate"), (True, None)]
    assert link(newsroom)
    page = signed_in(newsroom).get("/account").text
    assert "Which pledge did you mean?" in page
    assert "€15.00 every month" in page


def test_keeping_the_first_gives_all_back_that_the_second_took(newsroom: World) -> None:
    twice(newsroom)
    chosen(newsroom, "older")
    assert how(newsroom) == [(True, None), (False, "dropped")]
    assert at_stripe(newsroom) == ["active", "canceled"]
    assert given_back(newsroom) == [(1000, "patron")]
    assert "You kept the first pledge." in text_of(newsroom.letters("One pledge goes on")[0])
    client = newsroom.browser()
    assert client.post(link(newsroom), data={"choice": "older"}).status_code == 303
    assert client.post(link(newsroom), data={"choice": "newer"}).status_code == 409
    assert client.post(link(newsroom), data={"choice": "neither"}).status_code == 422
    newsroom.work()
    assert len(given_back(newsroom)) == 1


def test_keeping_the_second_gives_back_only_what_the_first_took_after_it_began(newsroom: World) -> None:
    pledged(newsroom)
    newsroom.advance(28 * DAY)
    pledged(newsroom, amount="10")
    newsroom.advance(4 * DAY)
    newsroom.settle()
    client = signed_in(newsroom)
    second = pledges(newsroom)[1].reference
    assert client.post("/account/pledge/duplicate", data={"reference": second, "choice": "newer"}).status_code == 303
    newsroom.work()
    newsroom.settle()
    assert how(newsroom) == [(False, "dropped"), (True, None)]
    assert at_stripe(newsroom) == ["canceled", "active"]
    assert given_back(newsroom) == [(500, "patron")]
    with newsroom.session() as session:
        states = session.execute(select(Payment.state).join(PledgePayment).order_by(Payment.paid_at)).scalars()
        assert list(states) == ["paid", "paid", "refunded"]
    assert "Which pledge did you mean?" not in client.get("/account").text


def test_who_meant_both_is_charged_the_sum_from_the_next_charge_on(newsroom: World) -> None:
    twice(newsroom)
    chosen(newsroom, "both")
    assert at_stripe(newsroom) == ["active", "canceled"]
    assert given_back(newsroom) == []
    assert pledges(newsroom)[0].amount.minor == 1500
    assert "€15.00 every month" in text_of(newsroom.letters("One pledge goes on")[0])
    newsroom.advance(32 * DAY)
    newsroom.settle()
    with newsroom.session() as session:
        paid = session.scalars(select(Payment).order_by(Payment.paid_at, Payment.id))
        assert [each.amount.minor for each in paid] == [500, 1000, 1500]


def test_who_has_three_and_meant_all_is_charged_the_sum_of_all(newsroom: World) -> None:
    twice(newsroom)
    pledged(newsroom, email=PATRON, amount="20")
    first, second, third = pledges(newsroom)
    with newsroom.session() as session, transaction(session):
        choose(session, first.account_id, second.reference, "both", by=Asker("patron"), now=newsroom.clock.now())
    with newsroom.session() as session, pytest.raises(WrongState, match="in a minute"), transaction(session):
        choose(session, first.account_id, third.reference, "both", by=Asker("patron"), now=newsroom.clock.now())
    newsroom.work()
    with newsroom.session() as session, transaction(session):
        choose(session, first.account_id, third.reference, "both", by=Asker("patron"), now=newsroom.clock.now())
    newsroom.work()
    newsroom.settle()
    assert pledges(newsroom)[0].amount.minor == 3500


def test_a_raise_that_waits_does_not_undo_what_its_owner_has_changed_meanwhile(newsroom: World) -> None:
    twice(newsroom)
    first, second = pledges(newsroom)
    with newsroom.session() as session, transaction(session):
        choose(session, first.account_id, second.reference, "both", by=Asker("patron"), now=newsroom.clock.now())
    newsroom.app.extensions["gateway"].change_amount(first.subscription, Money(700, "EUR"))
    newsroom.settle()
    assert pledges(newsroom)[0].amount.minor == 700


def test_a_month_and_a_year_cannot_be_joined(newsroom: World) -> None:
    twice(newsroom, cadence="year", amount="100")
    assert "I meant both" not in newsroom.browser().get(link(newsroom)).text
    assert newsroom.browser().post(link(newsroom), data={"choice": "both"}).status_code == 409
    assert how(newsroom) == [(True, None), (False, "duplicate")]


def test_after_seven_days_the_first_is_kept_with_a_letter_that_says_so(newsroom: World) -> None:
    twice(newsroom)
    seams = newsroom.app.extensions["seams"]
    newsroom.advance(6 * DAY)
    settle_by_the_clock(seams)
    assert how(newsroom) == [(True, None), (False, "duplicate")]
    newsroom.advance(DAY + 60)
    for _ in range(2):
        settle_by_the_clock(seams)
    newsroom.work()
    newsroom.settle()
    assert how(newsroom) == [(True, None), (False, "dropped")]
    assert at_stripe(newsroom) == ["active", "canceled"]
    assert given_back(newsroom) == [(1000, "rule")]
    (letter,) = newsroom.letters("One pledge goes on")
    assert "Seven days are over, so the first goes on." in text_of(letter)
    assert newsroom.browser().get(link(newsroom)).status_code == 410


def test_what_a_bank_asked_back_while_a_pledge_was_dropped_goes_back_when_the_bank_gives_it_up(newsroom: World) -> None:
    twice(newsroom)
    with newsroom.session() as session:
        of_second = select(Payment).join(PledgePayment).where(PledgePayment.pledge_id == pledges(newsroom)[1].id)
        intent = session.scalars(of_second).one().payment_intent
    opened = console(newsroom, "disputes", {"payment_intent": intent})["id"]
    newsroom.settle()
    chosen(newsroom, "older")
    assert given_back(newsroom) == []
    won: Any = {"evidence": {"uncategorized_text": "winning_evidence"}, "submit": True}
    newsroom.api.v1.disputes.update(opened, won)
    newsroom.advance(60)
    newsroom.settle()
    for _ in range(2):
        settle_by_the_clock(newsroom.app.extensions["seams"])
        newsroom.work()
    newsroom.settle()
    assert given_back(newsroom) == [(1000, "rule")]


def failing(newsroom: World) -> None:
    newsroom.advance(32 * DAY)


def ending(newsroom: World) -> None:
    newsroom.api.v1.subscriptions.update(pledges(newsroom)[0].subscription, {"cancel_at_period_end": True})


def paused(newsroom: World) -> None:
    newsroom.api.v1.subscriptions.update(pledges(newsroom)[0].subscription, {"pause_collection": {"behavior": "void"}})


@pytest.mark.parametrize("happens", [failing, ending, paused])
def test_a_first_one_that_fails_ends_or_pauses_gives_way_at_once(
    newsroom: World, happens: Callable[[World], None]
) -> None:
    answer = newsroom.give(newsroom.browser(), cadence="month", email=PATRON)
    newsroom.pay(answer.location, FAILS_LATER)
    newsroom.settle()
    happens(newsroom)
    newsroom.settle()
    pledged(newsroom, amount="10")
    newsroom.settle()
    assert how(newsroom) == [(False, "dropped"), (True, None)]
    assert at_stripe(newsroom) == ["canceled", "active"]
    invoices = newsroom.api.v1.invoices.list({"subscription": pledges(newsroom)[0].subscription}).data
    assert [str(each.status) for each in invoices] == (["void", "paid"] if happens is failing else ["paid"])
    assert given_back(newsroom) == []
    assert newsroom.letters("which one did you mean?") == []
    assert "Your new pledge counts" in text_of(newsroom.letters("One pledge goes on")[0])
    with newsroom.session() as session:
        stands = standing_of(session, pledges(newsroom)[1].account_id, now=newsroom.clock.now())
    assert stands.kind == "live"


def test_a_first_one_that_fails_while_its_owner_is_asked_gives_way(newsroom: World) -> None:
    answer = newsroom.give(newsroom.browser(), cadence="month", email=PATRON)
    newsroom.pay(answer.location, FAILS_LATER)
    newsroom.settle()
    newsroom.advance(28 * DAY)
    pledged(newsroom, amount="10")
    assert how(newsroom) == [(True, None), (False, "duplicate")]
    newsroom.advance(4 * DAY)
    newsroom.settle()
    newsroom.settle()
    assert how(newsroom) == [(False, "dropped"), (True, None)]
    assert at_stripe(newsroom) == ["canceled", "active"]
    assert "There is nothing to choose any more" not in newsroom.browser().get(link(newsroom)).text
    assert "Your new pledge counts" in newsroom.browser().get(link(newsroom)).text


def test_of_two_who_choose_at_the_same_instant_one_settles_it(newsroom: World) -> None:
    twice(newsroom)
    older, newer = pledges(newsroom)
    now = newsroom.clock.now()
    with newsroom.session() as session, transaction(session):
        # Stripe's times are whole seconds: the second may begin in that in which the first was paid.
        first_paid = session.scalars(select(Payment).order_by(Payment.paid_at, Payment.id)).first()
        session.get_one(Pledge, newer.id).started_at = (first_paid and first_paid.paid_at) or now

    def choosing(choice: str) -> Callable[[], object]:
        def choose_it() -> object:
            try:
                with newsroom.session() as session, transaction(session):
                    by = Asker("patron", newer.account_id)
                    choose(session, newer.account_id, newer.reference, choice, by=by, now=now)
            except WrongState as refusal:
                return refusal
            return choice

        return choose_it

    answers = at_once([choosing(OLDER), choosing(NEWER)] * 3)
    (won,) = {each for each in answers if isinstance(each, str)}
    assert sum(isinstance(each, WrongState) for each in answers) == 3
    newsroom.work()
    newsroom.settle()
    kept = {OLDER: older, NEWER: newer}[won]
    assert [each.reference for each in pledges(newsroom) if each.live] == [kept.reference]
    assert sorted(at_stripe(newsroom)) == ["active", "canceled"]
    assert given_back(newsroom) == ([(1000, "patron")] if won == OLDER else [])


def test_all_that_is_heard_of_two_pledges_at_the_same_instant_asks_once(newsroom: World) -> None:
    for amount in ("5", "10"):
        newsroom.give_and_pay(newsroom.browser(), cadence="month", email=PATRON, amount=amount)
        newsroom.advance(60)
    mirror, heard = newsroom.app.extensions["mirror"], Cause("event")
    api = newsroom.api.v1

    def hearing(sync: Callable[..., object], object_id: str) -> Callable[[], object]:
        def hear() -> object:
            with newsroom.app.app_context():
                return sync(mirror, object_id, heard)

        return hear

    at_once(
        [
            *(hearing(sync_subscription, each.id) for each in api.subscriptions.list().data),
            *(hearing(sync_invoice, str(each.id)) for each in api.invoices.list().data),
            *(hearing(sync_payment, each.id) for each in api.payment_intents.list().data),
            *(hearing(sync_pledge_checkout, each.id) for each in api.checkout.sessions.list().data),
        ]
    )
    newsroom.work()
    assert how(newsroom) == [(True, None), (False, "duplicate")]
    assert link(newsroom)


def test_a_worker_that_dies_after_stripe_was_told_leaves_nothing_half_done(
    newsroom: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    twice(newsroom)
    gateway = newsroom.app.extensions["gateway"]
    for name in ("cancel", "create_refund"):
        monkeypatch.setattr(gateway, name, once_without_an_answer(getattr(gateway, name)))
    newsroom.browser().post(link(newsroom), data={"choice": "older"})
    newsroom.work()
    newsroom.advance(60)
    newsroom.work()
    newsroom.settle()
    assert how(newsroom) == [(True, None), (False, "dropped")]
    assert at_stripe(newsroom) == ["active", "canceled"]
    assert given_back(newsroom) == [(1000, "patron")]


def once_without_an_answer(call: Callable[..., object]) -> Callable[..., object]:
    calls: list[object] = []

    def called(*args: object) -> object:
        done = call(*args)
        calls.append(done)
        if len(calls) == 1:
            raise StripeAway("the answer was lost")
        return done

    return called


def test_another_account_cannot_choose(newsroom: World) -> None:
    twice(newsroom)
    newer = pledges(newsroom)[1]
    other = signed_in(newsroom, "other@example.org")
    answer = other.post("/account/pledge/duplicate", data={"reference": newer.reference, "choice": "older"})
    assert answer.status_code == 404
    assert how(newsroom) == [(True, None), (False, "duplicate")]


def test_a_second_pledge_whose_debit_is_on_its_way_is_not_asked_about_yet(newsroom: World) -> None:
    twice(newsroom)
    with newsroom.session() as session, transaction(session):
        newer = session.scalars(select(Pledge).where(~Pledge.live)).one()
        newer.duplicate_since = None
        payment = session.scalars(select(Payment).join(PledgePayment).where(PledgePayment.pledge_id == newer.id)).one()
        payment.state = "pending"
    settle_by_the_clock(newsroom.app.extensions["seams"])
    assert pledges(newsroom)[1].duplicate_since is None
    assert pledges(newsroom)[0].live


def test_the_letter_says_until_when(newsroom: World) -> None:
    twice(newsroom)
    since = pledges(newsroom)[1].duplicate_since
    assert since is not None
    until = since + timedelta(days=7)
    text = text_of(newsroom.letters("which one did you mean?")[0])
    assert f"{written_day(until)}" in text
