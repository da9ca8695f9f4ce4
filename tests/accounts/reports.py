"""News for these tests: rounds that have closed, and people who are told of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from email.message import EmailMessage

from membership.accounts.models import Account
from membership.accounts.news import add_news
from membership.db import Database, transaction
from membership.topics.models import Round
from tests.accounts.doors import text_of

RESULTS = "results"


def closed_round(database: Database, title: str, *, now: datetime) -> Round:
    """Plants a round in which nobody voted; its news says its title."""
    with database.session() as session, transaction(session):
        round_ = Round(
            slug=title.lower().replace(" ", "-"),
            title=title,
            question="What next?",
            opens_at=now - timedelta(days=7),
            joins_until=now - timedelta(days=1),
            closes_at=now,
            choices=1,
            winners=1,
            closed_at=now,
            created_at=now,
        )
        session.add(round_)
    return round_


def tell(database: Database, account: Account, title: str, *, now: datetime) -> bool:
    """Closes a round and makes it news for somebody."""
    round_ = closed_round(database, title, now=now)
    return add(database, account, round_.slug, now=now)


def add(database: Database, account: Account, slug: str, *, now: datetime) -> bool:
    with database.session() as session, transaction(session):
        return add_news(session, account.id, RESULTS, slug, {"round": slug}, now=now)


def rounds_in(letters: Sequence[EmailMessage], titles: Sequence[str]) -> list[list[str]]:
    """Lists, letter by letter, of which rounds it tells."""
    return [
        [title for title in titles if f"Results: {title}" in str(mail["Subject"]) + text_of(mail)] for mail in letters
    ]
