"""The draft of a round, which nobody but the editors sees: made, changed, copied and thrown away."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from sqlalchemy import delete, not_, select
from sqlalchemy.orm import Session

from membership.accounts.audit import record
from membership.accounts.models import Account
from membership.db import locked
from membership.errors import NotFound, Refusal, WrongState
from membership.topics.models import Round, RoundTopic, Topic
from membership.topics.moves import REFUSALS
from membership.topics.round_phase import IS_SEEN
from membership.topics.round_terms import SAID_LENGTH, Candidate, Terms, sound
from membership.topics.rounds import terms_of, topics_in_round
from membership.topics.slugs import insert_under_slug
from membership.topics.wording import line
from membership.web.slugs import is_slug

WEEK = timedelta(days=7)


def draft(session: Session, terms: Terms, topics: Sequence[Candidate], *, by: int | None, now: datetime) -> Round:
    """Makes a draft over topics of the shortlist; `by` is the editor's account. The same form sent twice makes one.

    Raises `Refusal` about a field, and `WrongState` for a topic that is not on the shortlist.
    """
    if by is not None:
        # Held, so that a second press waits and finds what the first one made.
        locked(session, Account, by)
    if (same := _same_draft(session, sound(terms, len(topics)), topics)) is not None:
        return same
    round_ = make_draft(session, terms, topics, now=now)
    record(session, "drafted", "round", round_.slug, actor_id=by, now=now)
    return round_


def _same_draft(session: Session, terms: Terms, topics: Sequence[Candidate]) -> Round | None:
    alike = select(Round).where(Round.title == terms.title, not_(IS_SEEN), Round.called_off_at.is_(None))
    tidied = [_tidy(topic) for topic in topics]
    return next(
        (
            each
            for each in session.scalars(alike.order_by(Round.id))
            if terms_of(each) == terms and list(candidates_of(session, each)) == tidied
        ),
        None,
    )


def make_draft(session: Session, terms: Terms, topics: Sequence[Candidate], *, now: datetime) -> Round:
    """Makes a draft, which the caller writes into the audit log; raises as `draft` does."""
    terms = sound(terms, len(topics))
    named = _named(session, topics)
    slug = insert_under_slug(session, Round, terms.title, created_at=now, **_promised(terms))
    round_ = session.scalars(select(Round).where(Round.slug == slug)).one()
    _put_in(session, round_, named)
    return round_


def redraft(
    session: Session,
    round_id: int,
    terms: Terms,
    topics: Sequence[Candidate],
    *,
    seen: str | None = None,
    by: int | None,
    now: datetime,
) -> Round:
    """Replaces a draft; `seen` is the `fingerprint` of the one that the editor changed.

    Raises as `draft` does, `WrongState` for a round that is no draft any more, and `ChangedMeanwhile`.
    """
    round_ = held_draft(session, round_id, seen=seen)
    terms = sound(terms, len(topics))
    named = _named(session, topics)
    round_.title = terms.title
    for name, value in _promised(terms).items():
        setattr(round_, name, value)
    session.execute(delete(RoundTopic).where(RoundTopic.round_id == round_.id))
    _put_in(session, round_, named)
    record(session, "redrafted", "round", round_.slug, actor_id=by, now=now)
    return round_


def discard(session: Session, round_id: int, *, by: int | None, now: datetime) -> None:
    """Throws a draft away."""
    round_ = held_draft(session, round_id)
    session.execute(delete(RoundTopic).where(RoundTopic.round_id == round_.id))
    session.execute(delete(Round).where(Round.id == round_.id))
    record(session, "discarded", "round", round_.slug, actor_id=by, now=now)


def terms_again(round_: Round, *, zone: ZoneInfo, now: datetime) -> Terms:
    """Returns the settings of a round for the next one: on the same weekdays and hours in the newsroom's zone.

    As many whole weeks later as it takes to lie in the future.
    """
    weeks = 1
    while _later(round_.opens_at, weeks, zone) <= now:
        weeks += 1
    return replace(
        terms_of(round_),
        opens_at=_later(round_.opens_at, weeks, zone),
        closes_at=_later(round_.closes_at, weeks, zone),
        joins_until=_later(round_.joins_until, weeks, zone),
    )


def candidates_of(session: Session, round_: Round) -> tuple[Candidate, ...]:
    """Lists the topics of a round with what it said of each."""
    rows = topics_in_round(session, round_)
    return tuple(Candidate(each.slug, each.who, each.takes, each.will_not_be) for each in rows)


def fingerprint(session: Session, round_: Round) -> str:
    """Returns a short text that differs as soon as the draft does."""
    said = (terms_of(round_), *candidates_of(session, round_))
    return sha256(repr(said).encode()).hexdigest()[:16]


class ChangedMeanwhile(WrongState):
    """Another editor has changed the draft since it was shown."""

    def __init__(self) -> None:
        super().__init__("Another editor has changed this draft meanwhile. Below is what you have; look at both.")


def held_draft(session: Session, round_id: int, *, seen: str | None = None) -> Round:
    """Locks a draft; raises `WrongState` if it is none any more, and `ChangedMeanwhile` if it is not the one `seen`."""
    round_ = locked(session, Round, round_id)
    if round_ is None:
        raise NotFound("There is no such round.")
    refuse_unless_draft(round_)
    if seen is not None and seen != fingerprint(session, round_):
        raise ChangedMeanwhile
    return round_


def refuse_unless_draft(round_: Round) -> None:
    """Raises `WrongState` for a round that is announced, has opened or was called off."""
    if round_.called_off_at is not None:
        raise WrongState("This round was called off. Copy it to try again.")
    if round_.roll_hash_open is not None:
        raise WrongState("This round has opened. What it promised stands; it can only be called off.")
    if round_.announced_at is not None:
        raise WrongState("This round is announced. Take it back to change it.")


def _named(session: Session, topics: Sequence[Candidate]) -> list[tuple[int, Candidate]]:
    slugs = [topic.slug for topic in topics]
    if len(set(slugs)) != len(slugs):
        raise Refusal("A topic stands in a round only once.", field="topics")
    asked = select(Topic).where(Topic.slug.in_([slug for slug in slugs if is_slug(slug)]))
    found = {topic.slug: topic for topic in session.scalars(asked, execution_options={"populate_existing": True})}
    for slug in slugs:
        if slug not in found:
            raise Refusal("There is no topic “%(slug)s”.", field="topics", slug=slug[:80])
        if found[slug].state != "shortlisted":
            raise WrongState(REFUSALS[found[slug].state], field="topics", title=found[slug].title)
    return [(found[topic.slug].id, _tidy(topic)) for topic in topics]


def _tidy(topic: Candidate) -> Candidate:
    said = {
        name: line(text, f"{name}-{topic.slug}", longest=SAID_LENGTH) if text.strip() else ""
        for name, text in (("who", topic.who), ("takes", topic.takes), ("will_not_be", topic.will_not_be))
    }
    return Candidate(topic.slug, **said)


def _put_in(session: Session, round_: Round, named: Sequence[tuple[int, Candidate]]) -> None:
    for position, (topic_id, topic) in enumerate(named, start=1):
        said = {"who": topic.who, "takes": topic.takes, "will_not_be": topic.will_not_be}
        session.add(RoundTopic(round_id=round_.id, topic_id=topic_id, position=position, **said))
    session.flush()


def _promised(terms: Terms) -> dict[str, object]:
    return {
        "question": terms.question,
        "opens_at": terms.opens_at,
        "joins_until": terms.joins_until,
        "closes_at": terms.closes_at,
        "choices": terms.choices,
        "winners": terms.winners,
        "secret": terms.secret,
        "donor_months": terms.donor_months,
    }


def _later(at: datetime, weeks: int, zone: ZoneInfo) -> datetime:
    # The clock on the wall counts, whatever summer time does between.
    return at.astimezone(zone) + weeks * WEEK
