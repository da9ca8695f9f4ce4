"""Proposing a topic and taking the proposal back: by patrons, or by every reader where the newsroom says so."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.accounts.audit import record
from membership.accounts.models import Account
from membership.db import locked
from membership.errors import NotAllowed, NotFound, TooMany, WrongState
from membership.patrons.who import standing_of
from membership.topics.models import Topic, TopicMove
from membership.topics.moves import hold_one, move, tell
from membership.topics.slugs import insert_under_slug
from membership.topics.wording import line, paragraphs

TITLE_LENGTH = 120
WHY_LENGTH = 2000
SOURCES_LENGTH = 2000
UNREAD_AT_ONCE = 5
PROPOSALS_A_DAY = 3
DAY = timedelta(days=1)


def propose(
    session: Session,
    account_id: int,
    title: str,
    why: str,
    *,
    sources: str = "",
    by_any_reader: bool = False,
    now: datetime,
) -> Topic:
    """Adds a proposal; it is hidden from the public until an editor has read it. `sources` may be empty.

    Raises `NotAllowed` for who is no patron unless `by_any_reader`, `Refusal` about a field, `WrongState` for the same
    title again or with five proposals unread, `TooMany` for a fourth within 24 hours.
    """
    # The account's lock makes two proposals sent at once count one after the other.
    locked(session, Account, account_id)
    if not by_any_reader:
        refuse_unless_patron(session, account_id, now=now)
    title = line(title, "title", longest=TITLE_LENGTH)
    why = paragraphs(why, "why", longest=WHY_LENGTH)
    sources = paragraphs(sources, "sources", longest=SOURCES_LENGTH, required=False)
    _refuse_too_many(session, account_id, title, now=now)
    slug = insert_under_slug(
        session, Topic, title, why=why, sources=sources, proposer_id=account_id, state="proposed", proposed_at=now
    )
    topic = session.scalars(select(Topic).where(Topic.slug == slug)).one()
    session.add(TopicMove(topic_id=topic.id, was=None, now="proposed", at=now, by_id=account_id))
    record(session, "proposed", "topic", slug, actor_id=account_id, now=now)
    return topic


def refuse_unless_patron(session: Session, account_id: int, *, now: datetime) -> None:
    """Raises `NotAllowed` for who may not vote now."""
    if not standing_of(session, account_id, now=now).may_vote:
        raise NotAllowed("Patrons propose topics. Become a patron and propose yours today.")


def withdraw(session: Session, topic: Topic, *, by: int, now: datetime) -> None:
    """Takes a proposal back, for whoever proposed it; raises `NotFound` for anybody else."""
    if topic.proposer_id != by:
        raise NotFound("There is no such topic.")
    held = hold_one(session, topic.id)
    move(session, held, "withdrawn", by=by, now=now)
    tell(session, [held], by=by, now=now)


def _refuse_too_many(session: Session, account_id: int, title: str, *, now: datetime) -> None:
    own = select(func.count()).select_from(Topic).where(Topic.proposer_id == account_id)
    unread = own.where(Topic.state == "proposed")
    if session.scalar(unread.where(Topic.title == title)):
        raise WrongState("You have proposed “%(title)s” already. An editor will answer.", title=title)
    if (session.scalar(unread) or 0) >= UNREAD_AT_ONCE:
        raise WrongState("Five of your proposals wait for an editor. Propose the next one when one is answered.")
    recent = session.scalars(
        select(Topic.proposed_at)
        .where(Topic.proposer_id == account_id, Topic.proposed_at > now - DAY)
        .order_by(Topic.proposed_at.desc())
        .limit(PROPOSALS_A_DAY)
    ).all()
    if len(recent) == PROPOSALS_A_DAY:
        wait = recent[-1] + DAY - now
        raise TooMany(
            "Three proposals a day are the limit. Propose the next one tomorrow.",
            retry_after=max(1, int(wait.total_seconds())),
        )
