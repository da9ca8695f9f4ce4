"""Payouts: an automatic one lists its lines and they add up; of one by hand nobody knows the lines."""

from sqlalchemy import delete, select

from membership.db import transaction
from membership.payments.mirror import Cause, Mirror
from membership.payments.models import Payout, PayoutLine
from membership.payments.payouts import PayoutSum, payout_sum, payout_sums, sync_payout
from tests.behaviours.acts import checked, console, given, has_finance, told
from tests.money import DAY, World


def sums(newsroom: World) -> list[PayoutSum]:
    with newsroom.session() as session:
        return payout_sums(session, limit=50)


def paid_out(newsroom: World) -> None:
    """Gives €5 and lets Stripe pay out what there is."""
    given(newsroom)
    newsroom.advance(15 * DAY)
    newsroom.settle()
    newsroom.collect()


def test_an_automatic_payout_lists_its_lines_and_they_add_up(newsroom: World) -> None:
    paid_out(newsroom)
    [found] = sums(newsroom)
    assert (found.payout.state, found.payout.automatic, found.payout.amount.minor) == ("paid", True, 467)
    assert (found.lines, found.verdict, found.says) == (2, "equal", "difference 0")
    assert checked(newsroom).verdict == "equal"


def test_until_the_ledger_has_its_lines_a_payout_is_not_judged(newsroom: World) -> None:
    assert newsroom.pay(newsroom.give(newsroom.browser()).location).status == 303
    newsroom.advance(15 * DAY)
    mirror: Mirror = newsroom.app.extensions["mirror"]
    with newsroom.app.app_context():
        sync_payout(mirror, newsroom.api.v1.payouts.list({"limit": 1}).data[0].id, Cause("reconcile"))
    [found] = sums(newsroom)
    assert (found.difference, found.says) == (None, "not listed yet")
    newsroom.collect()
    assert sums(newsroom)[0].says == "difference 0"


def test_a_payout_whose_lines_do_not_add_up_says_by_how_much(newsroom: World) -> None:
    paid_out(newsroom)
    with newsroom.session() as session, transaction(session):
        payout = session.scalars(select(Payout)).one()
        session.execute(delete(PayoutLine).where(PayoutLine.transaction_id == payout.transaction_id))
    with newsroom.session() as session:
        found = payout_sum(session, payout.stripe_payout)
    assert found is not None
    assert (found.verdict, found.says) == ("differs", "difference 4.67")


def test_the_lines_of_a_payout_by_hand_are_unknown_at_stripe(newsroom: World) -> None:
    paid_out(newsroom)
    console(newsroom, "adjustments", {"amount": 1000, "currency": "eur"})
    newsroom.api.v1.payouts.create({"amount": 700, "currency": "eur"})
    newsroom.settle()
    newsroom.collect()
    by_hand = sums(newsroom)[0]
    assert (by_hand.payout.amount.minor, by_hand.says) == (700, "lines unknown at Stripe")
    assert checked(newsroom).verdict == "equal"


def test_a_payout_that_the_bank_sends_back_is_told_to_staff(newsroom: World) -> None:
    has_finance(newsroom)
    paid_out(newsroom)
    payout = sums(newsroom)[0].payout.stripe_payout
    console(newsroom, f"payouts/{payout}/failure", {"code": "account_closed"})
    newsroom.settle()
    newsroom.collect()
    [found] = sums(newsroom)
    assert (found.payout.state, found.payout.failure) == ("failed", "account_closed")
    [letter] = told(newsroom)
    assert "sent a payout back" in letter
    assert checked(newsroom).verdict == "equal"


def test_payouts_are_listed_a_page_at_a_time(newsroom: World) -> None:
    paid_out(newsroom)
    console(newsroom, "adjustments", {"amount": 1000, "currency": "eur"})
    for amount in (100, 200):
        newsroom.api.v1.payouts.create({"amount": amount, "currency": "eur"})
    newsroom.settle()
    with newsroom.session() as session:
        first = payout_sums(session, limit=2)
        rest = payout_sums(session, limit=2, before=first[-1].payout)
    assert [each.payout.amount.minor for each in (*first, *rest)] == [200, 100, 467]
