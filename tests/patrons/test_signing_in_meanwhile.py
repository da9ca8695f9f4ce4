"""Somebody signs in at the moment in which their first pledge comes in: both go through."""

from concurrent.futures import ThreadPoolExecutor
from time import monotonic

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from membership.accounts.people import account_for, verify
from membership.db import transaction
from membership.patrons.models import Pledge
from membership.patrons.syncing import sync_subscription
from membership.payments.mirror import Cause
from membership.payments.models import Payer
from membership.payments.payers import claim_payers
from membership.payments.syncing import sync_payment
from tests.money import World

PATRON = "patron@example.org"


def test_signing_in_while_a_first_pledge_comes_in_hinders_neither(newsroom: World) -> None:
    newsroom.give_and_pay(newsroom.browser(), cadence="month", email=PATRON)
    mirror, heard, now = newsroom.app.extensions["mirror"], Cause("event"), newsroom.clock.now()
    subscription = newsroom.api.v1.subscriptions.list().data[0].id

    def begins() -> None:
        with newsroom.app.app_context():
            sync_subscription(mirror, subscription, heard)

    with newsroom.app.app_context():
        sync_payment(mirror, newsroom.api.v1.payment_intents.list().data[0].id, heard)
    with newsroom.session() as session, transaction(session):
        account, _made = account_for(session, PATRON, language="en", now=now)
        verify(session, account, now=now)
    with ThreadPoolExecutor(1) as beside, newsroom.session() as session:
        with transaction(session):
            verify(session, account, now=now)
            begun = beside.submit(begins)
            _until_it_waits(newsroom, session)
            claim_payers(session, account, now=now)
        begun.result(timeout=20)
    with newsroom.session() as session:
        assert session.scalars(select(Pledge.account_id)).all() == [account.id]
        assert session.scalars(select(Payer.account_id)).all() == [account.id]


def _until_it_waits(newsroom: World, session: Session) -> None:
    """Returns when the other one waits for a row of ours; on SQLite it waits for its turn from the beginning."""
    if newsroom.database.is_sqlite:
        return
    deadline = monotonic() + 10
    while not session.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar_one():
        assert monotonic() < deadline
