"""Whom a payment belongs to, when all that is known was typed."""

from membership.db import transaction
from membership.payments.payers import payer_for
from tests.money import World


def test_an_address_that_is_none_finds_nobody_who_gave_without_one(newsroom: World) -> None:
    now = newsroom.clock.now()
    with newsroom.session() as session, transaction(session):
        nobody = payer_for(session, None, customer=None, email=None, name=None, now=now)
        typed = payer_for(session, None, customer=None, email="no address", name="B. Reader", now=now)
        assert typed.id != nobody.id
        assert (nobody.name, typed.email, typed.email_key) == (None, "no address", None)


def test_two_spellings_of_an_address_are_one_payer(newsroom: World) -> None:
    now = newsroom.clock.now()
    with newsroom.session() as session, transaction(session):
        first, second = (
            payer_for(session, None, customer=None, email=each, name=None, now=now)
            for each in ("Donor@example.org", "donor@EXAMPLE.org")
        )
        assert first.id == second.id
