"""The life of a topic: one table of allowed moves, and the verbs that make them.

Everybody locks in one order, lest two wait for each other: an account, the round, its topics by id, what is inserted,
and last the site's version and the turn of the audit log, which all writers share.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from membership.accounts.audit import record
from membership.accounts.models import Account
from membership.db import locked
from membership.errors import NotAllowed, NotFound, TooMany, WrongState
from membership.newsroom.site_version import bump
from membership.patrons.who import standing_of
from membership.topics.models import MoveText, Topic, TopicMove
from membership.topics.slugs import insert_under_slug
from membership.topics.wording import line, paragraphs

TITLE_LENGTH = 120
WHY_LENGTH = 2000
REASON_LENGTH = 1000
UNREAD_AT_ONCE = 5
PROPOSALS_A_DAY = 3
DAY = timedelta(days=1)

ALLOWED: Final[Mapping[str, frozenset[str]]] = {
    "proposed": frozenset(("shortlisted", "declined")),
    "shortlisted": frozenset(("in_round", "declined")),
    "in_round": frozenset(("selected", "shortlisted")),
    "selected": frozenset(),
    "declined": frozenset(),
}

# Why a topic in this state does not move as was asked.
REFUSALS: Final[Mapping[str, str]] = {
    "proposed": "“%(title)s” has not been shortlisted yet. Do that first.",
    "shortlisted": "“%(title)s” is on the shortlist already.",
    "in_round": "“%(title)s” stands in an open round. Wait until it has closed.",
    "selected": "“%(title)s” was chosen in a round, and that stands.",
    "declined": "“%(title)s” was declined, and that stands.",
}


def propose(session: Session, account_id: int, title: str, why: str, *, now: datetime) -> Topic:
    """Adds a patron's proposal; it is hidden from the public until an editor has read it.

    Raises `NotAllowed` for who is no patron, `Refusal` about a field, `WrongState` for the same title again or
    with five proposals unread, `TooMany` for a fourth within 24 hours.
    """
    # The account's lock makes two proposals sent at once count one after the other.
    locked(session, Account, account_id)
    if not standing_of(session, account_id, now=now).may_vote:
        raise NotAllowed("Patrons propose topics. Become a patron and propose yours today.")
    title = line(title, "title", longest=TITLE_LENGTH)
    why = paragraphs(why, "why", longest=WHY_LENGTH)
    _refuse_too_many(session, account_id, title, now=now)
    slug = insert_under_slug(session, Topic, title, why=why, proposer_id=account_id, state="proposed", proposed_at=now)
    topic = session.scalars(select(Topic).where(Topic.slug == slug)).one()
    session.add(TopicMove(topic_id=topic.id, was=None, now="proposed", at=now, by_id=account_id))
    record(session, "proposed", "topic", slug, actor_id=account_id, now=now)
    return topic


def shortlist(session: Session, topic: Topic, *, by: int | None, now: datetime) -> None:
    """Puts a proposal on the public shortlist, from which rounds are made. `by` is the editor's account."""
    _move_one(session, topic, "shortlisted", by=by, now=now)


def decline(session: Session, topic: Topic, reason: str, *, by: int | None, now: datetime) -> None:
    """Declines a topic for a reason that everybody can read. `by` is the editor's account."""
    reason = paragraphs(reason, "reason", longest=REASON_LENGTH)
    _move_one(session, topic, "declined", by=by, reason=reason, now=now)


def hold(session: Session, which: ColumnElement[bool]) -> list[Topic]:
    """Locks topics until the transaction ends, all in one order, and reads them anew; returns them by id."""
    # The key is left free: a ballot or a round's row that refers to a topic need not wait.
    topics = select(Topic).where(which).order_by(Topic.id).with_for_update(key_share=True)
    return list(session.scalars(topics, execution_options={"populate_existing": True}))


def move(session: Session, topic: Topic, to: str, *, by: int | None, reason: str | None = None, now: datetime) -> None:
    """Moves a topic that the caller holds to another state; `by` is `None` where the clock moved it.

    Must be told at the end of the transaction, by `tell`. Raises `WrongState` for a move that `ALLOWED` does not name.
    """
    if to not in ALLOWED[topic.state]:
        raise WrongState(REFUSALS[topic.state], title=topic.title)
    session.add(
        TopicMove(topic_id=topic.id, was=topic.state, now=to, at=now, by_id=by, text_id=_kept_text(session, reason))
    )
    topic.state = to
    session.flush()


def tell(session: Session, topics: Iterable[Topic], *, by: int | None, now: datetime) -> None:
    """Says that topics have moved to where they are now: pages change, and the audit log knows. Call this last."""
    session.flush()
    bump(session)
    for topic in topics:
        record(session, topic.state, "topic", topic.slug, actor_id=by, fields=("state",), now=now)


def _move_one(
    session: Session, topic: Topic, to: str, *, by: int | None, reason: str | None = None, now: datetime
) -> None:
    held = hold(session, Topic.id == topic.id)
    if not held:
        raise NotFound("There is no such topic.")
    move(session, held[0], to, by=by, reason=reason, now=now)
    tell(session, held, by=by, now=now)


def _kept_text(session: Session, reason: str | None) -> int | None:
    if reason is None:
        return None
    text = MoveText(text=reason)
    session.add(text)
    session.flush()
    return text.id


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
