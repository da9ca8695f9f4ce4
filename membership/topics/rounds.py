"""Opening a round: what it asks, between which topics, and until when."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.audit import record
from membership.errors import NotFound, Refusal
from membership.topics.models import Round, RoundTopic, Topic
from membership.topics.moves import hold, move, tell
from membership.topics.roll import make_roll
from membership.topics.slugs import insert_under_slug
from membership.topics.wording import line
from membership.web.slugs import is_slug

TITLE_LENGTH = 120
QUESTION_LENGTH = 200
FEWEST_TOPICS = 2
MOST_TOPICS = 20
LONGEST = timedelta(days=366)
SHORT = timedelta(hours=72)
NO_JOINING_BEFORE_CLOSE = timedelta(hours=24)


def open_round(
    session: Session,
    title: str,
    question: str,
    topics: Sequence[str],
    *,
    closes_at: datetime,
    choices: int,
    winners: int,
    joins_until: datetime | None = None,
    secret: bool = True,
    by: int | None,
    now: datetime,
) -> Round:
    """Opens a round at `now` over shortlisted topics (slugs), with its roll and the roll's hash.

    `choices` is how many topics one ballot may name, `winners` how many are chosen; `by` is the editor's account.
    Raises `Refusal` about a field, and `WrongState` for a topic that is not on the shortlist.
    """
    title = line(title, "title", longest=TITLE_LENGTH)
    question = line(question, "question", longest=QUESTION_LENGTH)
    standing = _topics(session, topics)
    _check_counts(len(standing), choices, winners)
    joins_until = joins_until or joins_until_by_default(now, closes_at)
    _check_times(now, joins_until, closes_at)
    slug = insert_under_slug(
        session,
        Round,
        title,
        question=question,
        opens_at=now,
        joins_until=joins_until,
        closes_at=closes_at,
        choices=choices,
        winners=winners,
        secret=secret,
        created_at=now,
    )
    round_ = by_slug(session, slug)
    for position, topic in enumerate(standing, start=1):
        session.add(RoundTopic(round_id=round_.id, topic_id=topic.id, position=position))
        move(session, topic, "in_round", by=by, now=now)
    round_.roll_hash_open = make_roll(session, round_, now=now)
    tell(session, standing, by=by, now=now)
    record(session, "opened", "round", slug, actor_id=by, now=now)
    return round_


def joins_until_by_default(opens_at: datetime, closes_at: datetime) -> datetime:
    """Says until when new patrons join: a day before the close, or until the close in rounds under 72 hours."""
    return closes_at if closes_at - opens_at < SHORT else closes_at - NO_JOINING_BEFORE_CLOSE


def by_slug(session: Session, slug: str) -> Round:
    """Returns the round at an address; raises `NotFound`."""
    found = session.scalar(select(Round).where(Round.slug == slug)) if is_slug(slug) else None
    if found is None:
        raise NotFound("There is no such round.")
    return found


def _topics(session: Session, slugs: Sequence[str]) -> list[Topic]:
    if len(set(slugs)) != len(slugs):
        raise Refusal("A topic stands in a round only once.", field="topics")
    if not FEWEST_TOPICS <= len(slugs) <= MOST_TOPICS:
        raise Refusal("Choose %(fewest)s to %(most)s topics.", field="topics", fewest=FEWEST_TOPICS, most=MOST_TOPICS)
    asked = [slug for slug in slugs if is_slug(slug)]
    found = {topic.slug: topic for topic in hold(session, Topic.slug.in_(asked))}
    for slug in slugs:
        if slug not in found:
            raise Refusal("There is no topic “%(slug)s”.", field="topics", slug=slug[:80])
    return [found[slug] for slug in slugs]


def _check_counts(topics: int, choices: int, winners: int) -> None:
    if not 1 <= choices <= topics:
        raise Refusal("A ballot over %(topics)s topics has 1 to %(topics)s choices.", field="choices", topics=topics)
    # Were all chosen that had a vote, the result would tell a single voter's whole choice.
    if not 1 <= winners < topics:
        raise Refusal(
            "A round over %(topics)s topics has 1 to %(most)s winners.", field="winners", topics=topics, most=topics - 1
        )


def _check_times(opens_at: datetime, joins_until: datetime, closes_at: datetime) -> None:
    if closes_at <= opens_at:
        raise Refusal("The round would close before it opens. Choose a later time.", field="closes_on")
    if closes_at > opens_at + LONGEST:
        raise Refusal("A round is open for a year at most. Choose an earlier day.", field="closes_on")
    if not opens_at < joins_until <= closes_at:
        raise Refusal("Joining ends after the opening and no later than the close.", field="joins_until")
