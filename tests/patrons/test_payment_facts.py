"""Whoever pays under a patron's address knows a receipt of that account: it proves nothing about who they are."""

from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import select

from membership.accounts.people import account_for, find_account
from membership.db import transaction
from membership.patrons.payment_facts import Facts, owner_by_facts
from membership.payments.models import Payment, Receipt
from membership.payments.receipts import ReceiptNumber
from tests.behaviours.acts import FINANCE, PATRON, pledged, signed_in
from tests.money import World

ZONE = ZoneInfo("Europe/Kyiv")
MONTH = 31 * 86_400


def proves(newsroom: World, minor: int) -> list[bool]:
    """Says of each payment of an amount, oldest first, whether its receipt, day and amount prove who one is."""
    now = newsroom.clock.now()
    with newsroom.session() as session, transaction(session):
        staff, _made = account_for(session, FINANCE, language="en", now=now)
        patron = find_account(session, PATRON)
        rows = session.execute(select(Payment, Receipt).join(Receipt).order_by(Payment.id)).all()
        told = [
            Facts(ReceiptNumber(receipt.year, receipt.number), paid_on(payment), payment.amount)
            for payment, receipt in rows
            if payment.amount.minor == minor
        ]
        return [owner_by_facts(session, patron, facts, by=staff, zone=ZONE, now=now) is not None for facts in told]


def paid_on(payment: Payment) -> date:
    assert payment.paid_at is not None
    return payment.paid_at.astimezone(ZONE).date()


def test_the_pledge_that_began_the_account_proves_it_month_after_month_and_a_guests_never(newsroom: World) -> None:
    pledged(newsroom)
    signed_in(newsroom)
    pledged(newsroom, amount="7")
    newsroom.give_and_pay(newsroom.browser(), amount="9", email=PATRON)
    newsroom.settle()
    newsroom.advance(MONTH)
    newsroom.settle()
    # Whatever was known by the address alone is claimed by signing in.
    owner = signed_in(newsroom)
    newsroom.give_and_pay(owner, amount="11", email=PATRON)
    newsroom.settle()
    assert proves(newsroom, 500) == [True, True]
    assert set(proves(newsroom, 700)) == {False}
    assert proves(newsroom, 900) == [False]
    assert proves(newsroom, 1100) == [True]
