"""Loads the demo newsroom, once: words, articles, people with their payments, votes, staff."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from membership.accounts.people import account_for
from membership.accounts.roles import grant
from membership.articles.importing import import_paths
from membership.clock import Clock
from membership.db import Database, transaction
from membership.demo import content, people, sandbox, voting
from membership.demo.inventing import invented_patrons
from membership.demo.letters import date_receipts, put_away
from membership.demo.settling import settle
from membership.errors import WrongState
from membership.newsroom.commands import Load, load_tables
from membership.newsroom.site_version import site_id
from membership.newsroom.words import current_newsroom, keep, kept
from membership.outbox.periodic import take_run
from membership.outbox.rows import enqueue
from membership.outbox.worker import Round
from membership.payments.models import Payment
from membership.payments.reconciliation.nightly import RUNS

MARK = "demo"
AT_ONCE = 100


@dataclass(frozen=True)
class Surroundings:
    """What loading works with: `rounds` is what a worker does in each turn, `sandbox` is where Stripe's stand-in is."""

    database: Database
    clock: Clock
    media: Path
    sandbox: str
    loaders: Mapping[str, Load]
    rounds: Sequence[Round]


@dataclass(frozen=True)
class Loaded:
    """How far the demo is loaded; stands in the database, which it marks as a demo's. `invented`: patrons made up."""

    words: bool = False
    people: bool = False
    votes: bool = False
    invented: int = 0


def load(around: Surroundings, *, invented: int, say: Callable[[str], None]) -> bool:
    """Loads what is not loaded yet, with at least so many `invented` patrons; says whether there was anything to do.

    Each step is kept as done, so that a load that was interrupted goes on where it ended. Raises `WrongState` for a
    database in which somebody paid and which was never a demo's, `SandboxAway`, and `NotSettled`.
    """
    with around.database.session() as session:
        done = _marked(session, around)
        if done.votes and done.invented >= invented:
            return False
        if not done.words:
            done = _load_words(session, around, done, say)
        if not done.people:
            with transaction(session):
                _need_no_night(session, now=around.clock.now())
            say("Forty patrons live through a year at the sandbox …")
            done = _load_year(session, around, replace(done, people=True))
            say("… and have paid, changed, stopped and come back.")
        while done.invented < invented:
            numbers = range(done.invented, min(done.invented + AT_ONCE, invented))
            done = _load_crowd(session, around, invented_patrons(numbers), replace(done, invented=numbers.stop))
            say(f"{done.invented} invented patrons have paid at the sandbox.")
        if not done.votes:
            _load_votes(session, around, done)
            _import(session, content.ANSWERS, around)
            say("Three rounds stand: two closed, one open.")
        _settle(session, around)
    return True


def _marked(session: Session, around: Surroundings) -> Loaded:
    mark = kept(session, MARK)
    if mark is not None:
        return Loaded(**mark)
    if session.scalar(select(exists().where(Payment.id > 0))):
        raise WrongState("Somebody has paid here already: the demo is loaded into a new database only.")
    return _keep(session, around, Loaded())


def _keep(session: Session, around: Surroundings, done: Loaded) -> Loaded:
    with transaction(session):
        keep(session, MARK, asdict(done), now=around.clock.now())
    return done


def _load_words(session: Session, around: Surroundings, done: Loaded, say: Callable[[str], None]) -> Loaded:
    now = around.clock.now()
    with transaction(session):
        load_tables(session, content.newsroom(), around.loaders, now=now)
    language = current_newsroom().language
    _import(session, content.ARTICLES, around)
    with transaction(session):
        for email, role in content.STAFF:
            account, _made = account_for(session, email, language=language, now=now)
            grant(session, account, role, by=None, now=now)
    say("The newsroom, its articles and its staff are there.")
    return _keep(session, around, replace(done, words=True))


def _import(session: Session, folder: Path, around: Surroundings) -> None:
    language, now = current_newsroom().language, around.clock.now()
    report = import_paths(session, [folder], media=around.media, language=language, now=now)
    if wrong := (*report.faults, *report.warnings):
        raise WrongState("The demo's articles are broken: " + "; ".join(map(str, wrong)))


def _load_year(session: Session, around: Surroundings, done: Loaded) -> Loaded:
    acts, now = sandbox.story(around.sandbox, content.YEAR), around.clock.now()
    with transaction(session):
        begun = people.begin_story(session, acts, language=current_newsroom().language, now=now)
        marks = {key: people.marks(site_id(session), attempt) for key, attempt in begun.items()}
    made = sandbox.live(around.sandbox, content.YEAR, marks)
    # Kept before the events are handled: a second year would charge everybody twice.
    with transaction(session):
        for key, attempt in begun.items():
            attempt.checkout_id = made[key]
        enqueue(session, "movements", MARK, {}, now=now)
        keep(session, MARK, asdict(done), now=now)
    _settle(session, around)
    return done


def _load_crowd(session: Session, around: Surroundings, crowd: Sequence[Mapping[str, Any]], done: Loaded) -> Loaded:
    with transaction(session):
        plan = people.plan(session, crowd, language=current_newsroom().language, now=around.clock.now())
    sandbox.seed(around.sandbox, plan)
    # As above.
    _keep(session, around, done)
    _settle(session, around)
    return done


def _need_no_night(session: Session, *, now: datetime) -> None:
    # What reconciliation would find is on its way here, and by its events receipts are numbered as the money came.
    for name, every in RUNS.items():
        take_run(session, name, every, now=now)


def _settle(session: Session, around: Surroundings) -> None:
    # Before each of a worker's acts, so that none of the letters it sends is an old one.
    quiet = partial(put_away, around.database, around.clock)
    rounds = [act for each in around.rounds for act in (quiet, each)]
    settle(around.database, around.clock, rounds, around.sandbox)
    with transaction(session):
        date_receipts(session)


def _load_votes(session: Session, around: Surroundings, done: Loaded) -> None:
    newsroom, now = current_newsroom(), around.clock.now()
    with transaction(session):
        editor, _made = account_for(session, content.EDITOR, language=newsroom.language, now=now)
        voting.vote(session, content.topics(), editor_id=editor.id, zone=newsroom.zone, now=now)
        keep(session, MARK, asdict(replace(done, votes=True)), now=now)
