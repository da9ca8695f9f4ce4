"""One person is one account, however the address is written and however many ask at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

from sqlalchemy.orm import Session

from membership.accounts.people import account_for, find_account, verify
from membership.db import Database, transaction
from tests.accounts.doors import accounts


def test_an_account_is_made_unverified(session: Session, now: datetime) -> None:
    with transaction(session):
        account, made = account_for(session, "Olena@Example.org", language="en", now=now)
    assert made
    assert (account.email, account.email_key) == ("Olena@Example.org", "olena@example.org")
    assert account.verified_at is None
    assert len(account.reference) == 36


def test_another_spelling_finds_the_same_person_and_overwrites_nothing(session: Session, now: datetime) -> None:
    with transaction(session):
        first, _ = account_for(session, "Olena@bücher.example", language="en", now=now)
        again, made = account_for(session, "olena@XN--BCHER-KVA.example", language="uk", now=now)
    assert not made
    assert (again.id, again.email, again.language) == (first.id, "Olena@bücher.example", "en")


def test_dots_and_plus_signs_are_other_people(session: Session, now: datetime) -> None:
    with transaction(session):
        account_for(session, "olena@example.org", language="en", now=now)
    assert find_account(session, "o.lena@example.org") is None
    assert find_account(session, "olena+a@example.org") is None


def test_only_the_first_verification_counts(session: Session, now: datetime) -> None:
    with transaction(session):
        account, _ = account_for(session, "olena@example.org", language="en", now=now)
        verify(session, account, now=now)
        verify(session, account, now=now + timedelta(days=1))
    assert account.verified_at == now


def test_two_who_make_one_account_at_once_get_one(database: Database, now: datetime) -> None:
    together = Barrier(2)

    def make(email: str) -> tuple[int, bool]:
        with database.session() as session:
            together.wait()
            with transaction(session):
                account, made = account_for(session, email, language="en", now=now)
                return account.id, made

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(make, ("olena@example.org", "OLENA@example.org"))
    assert one[0] == other[0]
    assert one[1] != other[1]
    assert len(accounts(database)) == 1
