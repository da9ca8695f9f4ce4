"""What a round promises: its question, its times, who may vote, and how many are chosen; and whether that makes sense.

Pure: which topics there are is known to `drafting`.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from membership.errors import Refusal
from membership.topics.models import Round
from membership.topics.wording import line

TITLE_LENGTH = 120
QUESTION_LENGTH = 200
SAID_LENGTH = 300
FEWEST_TOPICS = 2
MOST_TOPICS = 20
LONGEST = timedelta(days=366)
SHORT = timedelta(hours=72)
NO_JOINING_BEFORE_CLOSE = timedelta(hours=24)
MOST_DONOR_MONTHS = 24


@dataclass(frozen=True)
class Candidate:
    """A topic for a round: who would do it, what it takes, and what it will not be; each may be empty."""

    slug: str
    who: str = ""
    takes: str = ""
    will_not_be: str = ""


@dataclass(frozen=True)
class Terms:
    """What a round promises. `choices` is how many topics one ballot may name, `winners` how many are chosen.

    `joins_until`: until when people come onto the roll; `None`: by default. `donor_months`: who gave once in so many
    months before the opening may vote as well; `None`: patrons alone.
    """

    title: str
    question: str
    opens_at: datetime
    closes_at: datetime
    choices: int
    winners: int
    joins_until: datetime | None = None
    secret: bool = True
    donor_months: int | None = None


def sound(terms: Terms, topics: int) -> Terms:
    """Returns the terms of a round over so many topics, made whole; raises `Refusal` about the first wrong field."""
    _check_topics(topics)
    _check_counts(topics, terms.choices, terms.winners)
    joins_until = terms.joins_until or joins_until_by_default(terms.opens_at, terms.closes_at)
    check_times(terms.opens_at, joins_until, terms.closes_at)
    months = terms.donor_months
    if months is not None and not 1 <= months <= MOST_DONOR_MONTHS:
        raise Refusal("Donors of the last 1 to %(most)s months.", field="donor_months", most=MOST_DONOR_MONTHS)
    return replace(
        terms,
        title=line(terms.title, "title", longest=TITLE_LENGTH),
        question=line(terms.question, "question", longest=QUESTION_LENGTH),
        joins_until=joins_until,
    )


def check_times(opens_at: datetime, joins_until: datetime, closes_at: datetime) -> None:
    """Raises `Refusal` about a field for times that are out of order, or too far apart."""
    if closes_at <= opens_at:
        raise Refusal("The round would close before it opens. Choose a later time.", field="closes_on")
    if closes_at > opens_at + LONGEST:
        raise Refusal("A round is open for a year at most. Choose an earlier day.", field="closes_on")
    if not opens_at < joins_until <= closes_at:
        raise Refusal("Joining ends after the opening and no later than the close.", field="joins_on")


def joins_until_by_default(opens_at: datetime, closes_at: datetime) -> datetime:
    """Says until when new patrons join: a day before the close, or until the close in rounds under 72 hours."""
    return closes_at if closes_at - opens_at < SHORT else closes_at - NO_JOINING_BEFORE_CLOSE


def donors_since(round_: Round, *, opens_at: datetime | None = None) -> datetime | None:
    """Returns from when on a single gift admits to a round, counted back from its opening; `None`: it never does."""
    return None if round_.donor_months is None else months_before(opens_at or round_.opens_at, round_.donor_months)


def months_before(at: datetime, months: int) -> datetime:
    """Returns the same day and time some months earlier (UTC); the last day of a shorter month instead of none."""
    moment = at.astimezone(UTC)
    year, month = divmod(moment.year * 12 + moment.month - 1 - months, 12)
    for day in (moment.day, 30, 29, 28):
        try:
            return moment.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def _check_topics(topics: int) -> None:
    if not FEWEST_TOPICS <= topics <= MOST_TOPICS:
        raise Refusal("Choose %(fewest)s to %(most)s topics.", field="topics", fewest=FEWEST_TOPICS, most=MOST_TOPICS)


def _check_counts(topics: int, choices: int, winners: int) -> None:
    if not 1 <= choices <= topics:
        raise Refusal("A ballot over %(topics)s topics has 1 to %(topics)s choices.", field="choices", topics=topics)
    # Were all chosen that had a vote, the result would tell a single voter's whole choice.
    if not 1 <= winners < topics:
        raise Refusal(
            "A round over %(topics)s topics has 1 to %(most)s winners.", field="winners", topics=topics, most=topics - 1
        )
