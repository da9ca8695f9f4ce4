"""From a proposal to the shortlist, or to a reason why not."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from membership.accounts.models import AuditEntry
from membership.db import Database
from membership.errors import NotAllowed, NotFound, Refusal, TooMany, WrongState
from membership.topics.announcing import take_back
from membership.topics.answering import decline, reconsider, shortlist, withhold
from membership.topics.models import MoveText, Topic, TopicMove
from membership.topics.moves import ALLOWED, move
from membership.topics.proposing import propose, withdraw
from tests.topics.people import lapse, opened, patron, reader, writing
from tests.topics.test_opening import announced

WHY = "Because nobody has looked."


def _states(database: Database) -> list[str]:
    with database.session() as session:
        return list(session.scalars(select(Topic.state).order_by(Topic.id)))


def test_a_patron_proposes_and_the_history_begins(database: Database, now: datetime) -> None:
    account = patron(database, "p@example.org", now=now)
    with writing(database) as session:
        topic = propose(session, account.id, "  Чому немає\tсвітла? ", "a\r\nb\x00", now=now)
    assert (topic.slug, topic.title, topic.why) == ("chomu-nemaie-svitla", "Чому немає світла?", "a\nb")
    with database.session() as session:
        moves = session.scalars(select(TopicMove)).all()
        assert [(each.was, each.now, each.by_id) for each in moves] == [(None, "proposed", account.id)]
        assert session.scalars(select(AuditEntry.act).where(AuditEntry.subject_kind == "topic")).all() == ["proposed"]


def test_two_topics_of_one_title_have_two_addresses(database: Database, now: datetime) -> None:
    slugs = []
    for email in ("a@example.org", "b@example.org"):
        account = patron(database, email, now=now)
        with writing(database) as session:
            slugs.append(propose(session, account.id, "???", WHY, now=now).slug)
    assert slugs == ["topic", "topic-2"]


@pytest.mark.parametrize(
    ("title", "why", "field"),
    [
        (" ", WHY, "title"),
        ("x" * 121, WHY, "title"),
        ("x", "", "why"),
        ("x", "y" * 2001, "why"),
        ("\x00", WHY, "title"),
        ("\u200b\u3164", WHY, "title"),
        ("x", "\u2800\u200d", "why"),
    ],
)
def test_a_proposal_that_says_nothing_or_too_much_is_refused(
    database: Database, now: datetime, title: str, why: str, field: str
) -> None:
    account = patron(database, "p@example.org", now=now)
    with pytest.raises(Refusal) as refused, writing(database) as session:
        propose(session, account.id, title, why, now=now)
    assert (refused.value.field, refused.value.status) == (field, 422)
    assert _states(database) == []


def test_a_reader_and_a_lapsed_patron_may_not_propose(database: Database, now: datetime) -> None:
    lapsed = patron(database, "lapsed@example.org", now=now)
    with writing(database) as session:
        lapse(session, lapsed, now=now)
    for account in (reader(database, "r@example.org", now=now), lapsed):
        with pytest.raises(NotAllowed), writing(database) as session:
            propose(session, account.id, "A title", WHY, now=now)
    assert _states(database) == []


def test_a_fourth_proposal_in_a_day_waits_and_says_how_long(database: Database, now: datetime) -> None:
    account = patron(database, "p@example.org", now=now)
    with writing(database) as session:
        for number in range(3):
            propose(session, account.id, f"Title {number}", WHY, now=now + timedelta(hours=number))
    with pytest.raises(TooMany) as refused, writing(database) as session:
        propose(session, account.id, "Title 4", WHY, now=now + timedelta(hours=3))
    assert refused.value.retry_after == 21 * 3600
    with writing(database) as session:
        propose(session, account.id, "Title 4", WHY, now=now + timedelta(hours=24))


def test_five_unread_proposals_are_enough(database: Database, now: datetime) -> None:
    account = patron(database, "p@example.org", now=now)
    for number in range(5):
        with writing(database) as session:
            first = propose(session, account.id, f"Title {number}", WHY, now=now + timedelta(days=number))
    with pytest.raises(WrongState), writing(database) as session:
        propose(session, account.id, "Title 6", WHY, now=now + timedelta(days=9))
    with writing(database) as session:
        shortlist(session, first, by=None, now=now)
        propose(session, account.id, "Title 6", WHY, now=now + timedelta(days=9))


def test_a_form_sent_twice_proposes_once(database: Database, now: datetime) -> None:
    account = patron(database, "p@example.org", now=now)
    with writing(database) as session:
        propose(session, account.id, "A title", WHY, now=now)
    with pytest.raises(WrongState, match="already"), writing(database) as session:
        propose(session, account.id, "A title", WHY, now=now)


def test_a_declined_topic_keeps_its_reason_apart_from_the_append_only_rows(database: Database, now: datetime) -> None:
    account, topic = _proposed(database, now)
    with writing(database) as session:
        decline(session, topic, "We have no one there.", by=account, now=now)
    with database.session() as session:
        step = session.scalars(select(TopicMove).where(TopicMove.now == "declined")).one()
        assert session.get_one(MoveText, step.text_id).text == "We have no one there."
        assert step.by_id == account


def test_a_reason_is_needed_to_decline(database: Database, now: datetime) -> None:
    account, topic = _proposed(database, now)
    with pytest.raises(Refusal) as refused, writing(database) as session:
        decline(session, topic, "  ", by=account, now=now)
    assert refused.value.field == "reason"
    assert _states(database) == ["proposed"]


def test_right_to_left_text_is_kept_and_what_turns_the_page_is_not(database: Database, now: datetime) -> None:
    account = patron(database, "p@example.org", now=now)
    with writing(database) as session:
        topic = propose(session, account.id, "מי \u202eמתקן את הרשת?", "\u2067لماذا\u2069", sources="a\n\nb", now=now)
    assert (topic.title, topic.why, topic.sources) == ("מי מתקן את הרשת?", "لماذا", "a\n\nb")


def test_what_no_feed_could_carry_is_left_out(database: Database, now: datetime) -> None:
    account = patron(database, "p@example.org", now=now)
    with writing(database) as session:
        topic = propose(session, account.id, "Who\uffff asks\ufdd0?", "Why\U0001fffe not?", sources="\u200b", now=now)
    assert (topic.title, topic.why, topic.sources) == ("Who asks?", "Why not?", "")


def test_a_reader_proposes_where_the_newsroom_says_so(database: Database, now: datetime) -> None:
    account = reader(database, "r@example.org", now=now)
    with writing(database) as session:
        propose(session, account.id, "A title", WHY, by_any_reader=True, now=now)
    assert _states(database) == ["proposed"]


def test_who_proposed_a_topic_takes_it_back_and_nobody_else(database: Database, now: datetime) -> None:
    account, topic = _proposed(database, now)
    stranger = reader(database, "r@example.org", now=now)
    with pytest.raises(NotFound), writing(database) as session:
        withdraw(session, topic, by=stranger.id, now=now)
    with writing(database) as session:
        withdraw(session, topic, by=account, now=now)
    with pytest.raises(WrongState, match="withdrawn"), writing(database) as session:
        withdraw(session, topic, by=account, now=now)


def test_declined_and_withheld_can_be_reconsidered(database: Database, now: datetime) -> None:
    _account, topic = _proposed(database, now)
    for answer in (decline, withhold):
        with writing(database) as session:
            answer(session, topic, "No.", by=None, now=now)
        with writing(database) as session:
            reconsider(session, topic, by=None, now=now)
        assert _states(database) == ["shortlisted"]
        with pytest.raises(WrongState), writing(database) as session:
            reconsider(session, topic, by=None, now=now)


def test_what_stands_in_an_open_round_is_not_withheld_but_marked_there(database: Database, now: datetime) -> None:
    round_ = opened(database, now=now)
    topic = _first_topic(database)
    with pytest.raises(WrongState, match="Mark it as dangerous there"), writing(database) as session:
        withhold(session, topic, "Danger.", by=None, now=now)
    assert round_.roll_hash_open is not None


def test_what_stands_in_an_announced_round_is_withheld_once_that_is_taken_back(
    database: Database, now: datetime
) -> None:
    round_ = announced(database, now=now)
    topic = _first_topic(database)
    with pytest.raises(WrongState, match="Take that round back first"), writing(database) as session:
        withhold(session, topic, "Danger.", by=None, now=now)
    with writing(database) as session:
        take_back(session, round_.id, by=None, now=now)
        withhold(session, topic, "Danger.", by=None, now=now)
    assert _first_topic(database).state == "withheld"


def _first_topic(database: Database) -> Topic:
    with database.session() as session:
        return session.scalars(select(Topic).order_by(Topic.id).limit(1)).one()


@pytest.mark.parametrize("state", sorted(ALLOWED))
def test_only_the_moves_of_the_table_are_made(database: Database, now: datetime, state: str) -> None:
    _account, topic = _proposed(database, now)
    with writing(database) as session:
        session.get_one(Topic, topic.id).state = state
    for to in sorted(ALLOWED):
        if to in ALLOWED[state]:
            with pytest.raises(_Undone), writing(database) as session:
                move(session, session.get_one(Topic, topic.id), to, by=None, now=now)
                raise _Undone
        else:
            with pytest.raises(WrongState, match="A title"), writing(database) as session:
                move(session, session.get_one(Topic, topic.id), to, by=None, now=now)


def test_the_history_of_a_topic_cannot_be_rewritten(database: Database, now: datetime) -> None:
    _proposed(database, now)
    for verb in (_forget_moves, _change_moves):
        with pytest.raises(DatabaseError, match="facts"), writing(database) as session:
            verb(session)
    with database.session() as session:
        assert session.scalar(select(func.count()).select_from(TopicMove)) == 1


class _Undone(Exception):  # noqa: N818 - rolls a trial back
    pass


def _forget_moves(session: Session) -> None:
    session.delete(session.scalars(select(TopicMove)).one())
    session.flush()


def _change_moves(session: Session) -> None:
    session.scalars(select(TopicMove)).one().now = "selected"
    session.flush()


def _proposed(database: Database, now: datetime) -> tuple[int, Topic]:
    account = patron(database, "p@example.org", now=now)
    with writing(database) as session:
        return account.id, propose(session, account.id, "A title", WHY, now=now)
