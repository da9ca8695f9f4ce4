"""What of payments is forgotten by the clock, and not a day before."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from membership.db import transaction
from membership.money import Money
from membership.outbox.models import OutboxRow
from membership.payments.erased import erased_customer
from membership.payments.models import Payer, Payment, Receipt, StripeEvent
from membership.payments.retention import forget_addressees, forget_donors, forget_ignored

YEAR = timedelta(days=365)


def planted_donor(session: Session, *, at: datetime, paid_at: datetime) -> Payer:
    with transaction(session):
        payer = Payer(reference="p", email="d@example.org", email_key="d@example.org", name="Dora", created_at=at)
        payer.stripe_customer = "cus_dora"
        session.add(payer)
        session.flush()
        session.add(
            Payment(
                reference="y",
                payer_id=payer.id,
                source="stripe",
                amount=Money(500, "EUR"),
                state="paid",
                paid_at=paid_at,
                created_at=paid_at,
            )
        )
    return payer


def test_who_gave_long_ago_without_an_account_is_forgotten_here_and_at_stripe(session: Session, now: datetime) -> None:
    payer = planted_donor(session, at=now - 5 * YEAR, paid_at=now - 4 * YEAR)
    with transaction(session):
        forget_donors(session, before=now - 3 * YEAR, now=now)
    assert (payer.email, payer.email_key, payer.name, payer.erased_at) == (None, None, None, now)
    assert payer.stripe_customer == erased_customer("cus_dora")
    assert session.query(OutboxRow.kind).all() == [("erase_customer",)]


def test_who_gave_lately_is_not_forgotten(session: Session, now: datetime) -> None:
    payer = planted_donor(session, at=now - 5 * YEAR, paid_at=now - YEAR)
    with transaction(session):
        forget_donors(session, before=now - 3 * YEAR, now=now)
    assert payer.name == "Dora"


@pytest.mark.parametrize(("year", "stays"), [(2014, False), (2015, False), (2016, True)])
def test_an_addressee_is_kept_for_ten_years_from_the_end_of_the_receipts_year(
    session: Session, now: datetime, year: int, stays: bool
) -> None:
    planted_donor(session, at=now, paid_at=now)
    with transaction(session):
        receipt = Receipt(year=year, number=1, payment_id=session.query(Payment.id).scalar(), issued_at=now)
        receipt.addressee = "Dora"
        session.add(receipt)
    with transaction(session):
        forget_addressees(session, before=now - 10 * YEAR, now=now)
    session.refresh(receipt)
    assert (receipt.addressee is not None) == stays


@pytest.mark.parametrize(("state", "stays"), [("ignored", False), ("waiting", True), ("handled", True)])
def test_only_the_text_of_foreign_events_is_forgotten_after_a_day(
    session: Session, now: datetime, state: str, stays: bool
) -> None:
    with transaction(session):
        event = StripeEvent(id="evt_1", type="charge.failed", created_at=now, livemode=False, payload="{}")
        event.received_at, event.state = now - timedelta(days=2), state
        session.add(event)
    with transaction(session):
        forget_ignored(session, before=now - timedelta(days=1), now=now)
    session.refresh(event)
    assert (event.payload is not None) == stays
