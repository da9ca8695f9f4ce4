"""A person's year: what they gave, the rounds they voted in and what came of them. Never for what they voted."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from membership.support.year_of_giving import Giving, giving_between, moments_of_giving
from membership.topics.promise_list import Promise
from membership.topics.results import TopicResult, promises_of
from membership.topics.voted_in import VotedIn, voted_at, voted_between


class Article(Protocol):
    """What a floor above tells of an article: the slug of the topic it answers, its title, and where it stands."""

    @property
    def topic(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def href(self) -> str: ...


ArticlesOf = Callable[..., Sequence[Article]]


@dataclass(frozen=True)
class Chosen:
    """A topic that a round chose, the articles that came of it so far, and what is promised of it or became of it."""

    topic: TopicResult
    articles: tuple[Article, ...]
    promise: Promise | None


@dataclass(frozen=True)
class RoundOfYear:
    """A round in which one voted, with its outcome."""

    round: VotedIn
    chosen: tuple[Chosen, ...]


@dataclass(frozen=True)
class Statement:
    """A year in the newsroom's zone. `earlier` and `later` are the nearest other years with something in them."""

    year: int
    giving: Giving
    rounds: tuple[RoundOfYear, ...]
    earlier: int | None
    later: int | None
    is_over: bool


def years_of(session: Session, account_id: int, *, zone: ZoneInfo) -> tuple[int, ...]:
    """Returns the years in which somebody gave, got back or voted, the latest first."""
    moments = (*moments_of_giving(session, account_id), *voted_at(session, account_id))
    return tuple(sorted({each.astimezone(zone).year for each in moments}, reverse=True))


def statement_of(
    session: Session, account_id: int, year: int, *, zone: ZoneInfo, articles_of: ArticlesOf, now: datetime
) -> Statement | None:
    """Returns somebody's year, or `None` if there is nothing in it.

    `articles_of(session, slugs of topics, now=)` tells what came of topics: articles stand on a floor above.
    """
    years = years_of(session, account_id, zone=zone)
    if year not in years:
        return None
    start, end = (datetime(each, 1, 1, tzinfo=zone) for each in (year, year + 1))
    rounds = voted_between(session, account_id, start, end)
    winners = [topic for each in rounds for topic in each.winners]
    slugs = {topic.slug for topic in winners}
    articles = articles_of(session, slugs, now=now) if slugs else ()
    promises = promises_of(session, winners, zone=zone, now=now)
    return Statement(
        year=year,
        giving=giving_between(session, account_id, start, end),
        rounds=tuple(RoundOfYear(each, _chosen(each, articles, promises)) for each in rounds),
        earlier=max((each for each in years if each < year), default=None),
        later=min((each for each in years if each > year), default=None),
        is_over=end <= now,
    )


def _chosen(round_: VotedIn, articles: Iterable[Article], promises: Mapping[str, Promise]) -> tuple[Chosen, ...]:
    return tuple(
        Chosen(topic, tuple(each for each in articles if each.topic == topic.slug), promises.get(topic.slug))
        for topic in round_.winners
    )
