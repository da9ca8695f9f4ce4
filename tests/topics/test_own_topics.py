"""What stands about a person among topics: told whole, and what of it goes when they are erased."""

from datetime import datetime

from sqlalchemy import func, select, update

from membership.accounts.models import Account
from membership.clock import SteppedClock
from membership.db import Database
from membership.outbox.models import OutboxRow
from membership.topics.answering import TELL_PROPOSER, decline, shortlist
from membership.topics.following import follow
from membership.topics.mending import mend
from membership.topics.models import Follow, MoveText, RollEntry, Topic
from membership.topics.own_votes import OWN_VOTES
from membership.topics.proposing import propose, withdraw
from tests.topics.aftermath import chosen
from tests.topics.people import patron, writing


def _proposer(database: Database, now: datetime) -> Account:
    """A patron whose topics are answered, withdrawn unread, and unread, in this order; they follow the first."""
    account = patron(database, "p@example.org", now=now)
    with writing(database) as session:
        answered, withdrawn, unread = (
            propose(session, account.id, f"Topic {name}", "My street.", sources="My letter.", now=now)
            for name in ("one", "two", "three")
        )
        shortlist(session, answered, by=None, now=now)
        mend(session, unread, "Topic four", "A street.", "A letter.", by=None, now=now)
        withdraw(session, withdrawn, by=account.id, now=now)
        follow(session, account.id, answered, now=now)
    return account


def test_proposals_sources_and_follows_are_told(database: Database, now: datetime) -> None:
    account = _proposer(database, now)
    with database.session() as session:
        told = {section.name: section.rows for section in OWN_VOTES.export(session, account)}
    assert [row["sources"] for row in told["proposals"]] == ["My letter.", "My letter.", "A letter."]
    assert [row["topic"] for row in told["follows"]] == ["Topic one"]


def test_who_is_erased_follows_nothing_and_leaves_no_word_that_was_never_public(
    database: Database, now: datetime
) -> None:
    account = _proposer(database, now)
    with writing(database) as session:
        assert len(OWN_VOTES.foretell(session, account).goes) == 2
        OWN_VOTES.erase(session, account, now=now)
    with database.session() as session:
        assert session.scalar(select(func.count()).select_from(Follow)) == 0
        topics = session.scalars(select(Topic).order_by(Topic.id)).all()
        assert session.scalars(select(MoveText.text)).all() == [None]
    assert [topic.proposer_id for topic in topics] == [None] * 3
    assert [(topic.title, topic.sources) for topic in topics] == [("Topic one", "My letter."), ("—", ""), ("—", "")]


def test_an_answer_to_a_proposal_of_somebody_who_was_erased_is_told_to_nobody(
    database: Database, now: datetime
) -> None:
    account = _proposer(database, now)
    told = select(func.count()).select_from(OutboxRow).where(OutboxRow.kind == TELL_PROPOSER)
    with writing(database) as session:
        before = session.scalar(told)
        OWN_VOTES.erase(session, account, now=now)
        topic = session.scalars(select(Topic).where(Topic.slug == "topic-one")).one()
        decline(session, topic, "We have no one there.", by=None, now=now)
        assert session.scalar(told) == before == 1


def test_why_a_vote_does_not_count_is_told(database: Database, clock: SteppedClock) -> None:
    _round, voters = chosen(database, clock)
    with writing(database) as session:
        barred = update(RollEntry).where(RollEntry.account_id == voters[0].id)
        session.execute(barred.values(barred_at=clock.at, barred_why="refunded"))
    with database.session() as session:
        (row,) = next(each for each in OWN_VOTES.export(session, voters[0]) if each.name == "rolls").rows
    assert (row["barred_at"], row["barred_why"]) == (clock.at, "refunded")
