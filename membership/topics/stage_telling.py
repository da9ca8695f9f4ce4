"""Carries out the telling of what became of topics: people by the batch, so that workers do other things in between.

A batch that is broken off is repeated, and nobody is told twice: news has one key for each happening.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.orm import Session

from membership.accounts.mail_choices import unwanted_by
from membership.accounts.models import UnwantedMail
from membership.accounts.news import add_news
from membership.clock import Clock
from membership.db import Database, transaction
from membership.outbox.rows import Task, put_off
from membership.topics.chosen_in import ChosenIn, chosen_in
from membership.topics.letters import RESULTS
from membership.topics.models import Follow, RollEntry, Round, Topic

# The kinds of news: what became of a round's winners, and of a topic that one follows.
OUTCOMES: Final = "outcomes"
FOLLOWED: Final = "followed"
# What whoever proposed a topic is told of answers to it.
ANSWERS: Final = "answers"

AT_ONCE: Final = 50
# SQLite has one writer at a time: between two batches, whoever votes or pays has their turn.
PAUSE: Final = timedelta(seconds=0.5)
People = Select[*tuple[Any, ...]]

_VOTERS, _FOLLOWERS = "voters", "followers"
_ANSWERED: Final = ("declined", "withheld")


class Telling(Protocol):
    """What of the process's seams it takes to add news."""

    @property
    def database(self) -> Database: ...

    @property
    def clock(self) -> Clock: ...


@dataclass(frozen=True)
class _Happening:
    """What is told of a topic; `round` is the one that chose it, `told` what the news keeps."""

    topic: Topic
    round: ChosenIn | None
    stage: str
    to_voters: bool
    told: dict[str, Any]


def tell_round_results(telling: Telling, task: Task) -> None:
    """Carries out the task `round_results`: what was chosen is news for everyone who voted in the round."""
    now = telling.clock.now()
    with telling.database.session() as session, transaction(session):
        round_id, slug = session.execute(_round_of(task)).one()
        rows = session.execute(_next(_voters(round_id, entry_id=task.payload.get("roll_id")), task)).all()
        for row in rows:
            add_news(session, row.account_id, RESULTS, slug, {"round": slug, "counted": row.is_counted}, now=now)
        if len(rows) == AT_ONCE:
            _go_on(session, task, now + PAUSE, after=rows[-1].account_id, now=now)


def _round_of(task: Task) -> Select[int, str]:
    round_ = select(Round.id, Round.slug)
    if "round" in task.payload:
        return round_.where(Round.slug == task.payload["round"])
    # The release before wrote a side effect for each voter; some may wait when this one starts.
    return round_.join(RollEntry, RollEntry.round_id == Round.id).where(RollEntry.id == task.payload["roll_id"])


def tell_those_concerned(telling: Telling, task: Task) -> None:
    """Carries out the task `stage_told`: news for the voters of the round, then for those who follow the topic."""
    now = telling.clock.now()
    with telling.database.session() as session, transaction(session):
        happening = _happening(session, task)
        to = task.payload.get("to", _VOTERS if happening.to_voters else _FOLLOWERS)
        kind, people = (OUTCOMES, _concerned(happening)) if to == _VOTERS else (FOLLOWED, _followers(happening))
        as_proposer = _is_answered(session, happening)
        rows = session.execute(_next(people, task)).all()
        for row in rows:
            if row.account_id != as_proposer:
                add_news(session, row.account_id, kind, task.key, happening.told, now=now)
        if len(rows) == AT_ONCE:
            _go_on(session, task, now + PAUSE, to=to, after=rows[-1].account_id, now=now)
        elif to == _VOTERS:
            _go_on(session, task, now, to=_FOLLOWERS, after=0, now=now)


def _happening(session: Session, task: Task) -> _Happening:
    topic = session.scalars(select(Topic).where(Topic.slug == task.payload["topic"])).one()
    round_ = chosen_in(session, [topic.id]).get(topic.id)
    told = {name: task.payload[name] for name in ("topic", "stage", "move", "person", "on", "month")}
    to_voters = task.payload["to_voters"] and round_ is not None
    return _Happening(topic, round_, told["stage"], to_voters, told | {"round": round_ and round_.slug})


def _concerned(happening: _Happening) -> People:
    return _voters(happening.round.round_id if happening.round else 0)


def _voters(round_id: int, *, entry_id: int | None = None) -> People:
    people = (
        select(RollEntry.account_id, RollEntry.barred_at.is_(None).label("is_counted"))
        .where(RollEntry.round_id == round_id, RollEntry.voted_at.is_not(None), RollEntry.account_id.is_not(None))
        .order_by(RollEntry.account_id)
    )
    return people if entry_id is None else people.where(RollEntry.id == entry_id)


def _followers(happening: _Happening) -> People:
    people = select(Follow.account_id).where(Follow.topic_id == happening.topic.id).order_by(Follow.account_id)
    if happening.round is None or not (happening.to_voters or happening.stage == "selected"):
        return people
    return people.where(~_is_told_as_voter(happening.round, RESULTS if happening.stage == "selected" else OUTCOMES))


def _is_told_as_voter(round_: ChosenIn, kind: str) -> ColumnElement[bool]:
    """Says of a follower that they hear of it because they voted: nobody hears the same thing twice."""
    voted = exists().where(
        RollEntry.round_id == round_.round_id,
        RollEntry.account_id == Follow.account_id,
        RollEntry.voted_at.is_not(None),
    )
    return voted & ~exists().where(UnwantedMail.account_id == Follow.account_id, UnwantedMail.kind == kind)


def _is_answered(session: Session, happening: _Happening) -> int | None:
    """Returns the account that hears of it because it proposed the topic; `None` if none does."""
    proposer_id = happening.topic.proposer_id
    if proposer_id is None or happening.stage not in _ANSWERED or ANSWERS in unwanted_by(session, proposer_id):
        return None
    return proposer_id


def _next(people: People, task: Task) -> People:
    (account_id, *_others) = people.selected_columns
    return people.where(account_id > task.payload.get("after", 0)).limit(AT_ONCE)


def _go_on(session: Session, task: Task, due_at: datetime, *, now: datetime, **changes: Any) -> None:
    put_off(session, task.kind, task.key, {**task.payload, **changes}, due_at=due_at, now=now)
