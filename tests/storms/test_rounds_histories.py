"""Whatever happens, in whatever order: no vote too many, none too late, and none seen before its time."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from random import Random

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.clock import SteppedClock
from membership.db import Database
from membership.topics.export import as_csv, as_json, export
from membership.topics.models import (
    CountedBallot,
    OpenBallot,
    OpenChoice,
    RollEntry,
    Round,
    RoundResult,
    RoundTopic,
    Topic,
)
from tests.accounts.doors import mails, sign_in, text_of
from tests.storms.matching import Choice, dump_of
from tests.storms.playing_rounds import Play
from tests.topics.people import TITLES, opened, patrons

SMALL, FULL, PLAYS = 60, 400, 6
LOOKS_EVERY = 20
# Where a vote stands while the round is open, and nowhere else.
BALLOTS = frozenset(("open_ballots", "open_choices"))
PUBLIC = ("", "/results", "/ballots.csv", "/topics.csv", "/check", "/how-we-decide")
AROUND = ("/", "/topics", "/rounds", "/rounds/feed.xml", "/feed.xml", "/topics/promises", "/topics/years/2026")
STAFF = ("/staff/rounds", "/staff/topics", "/staff/promises")

Counts = tuple[tuple[str, Choice], ...]


@pytest.fixture
def play(app: Flask, database: Database, clock: SteppedClock, chance: Random) -> Play:
    people = patrons(database, 8, now=clock.at)
    opened(database, TITLES, lasts=timedelta(days=3), winners=2, now=clock.at)
    return Play(app, database, clock, chance, people=people)


def test_whatever_happens_to_rounds_the_votes_stay_right_and_hidden(play: Play) -> None:
    live(play, SMALL)


@pytest.mark.storm_full
@pytest.mark.parametrize("number", range(PLAYS))
def test_in_long_histories_the_votes_stay_right_and_hidden(play: Play, number: int) -> None:
    assert number < PLAYS
    live(play, FULL)


def live(play: Play, steps: int) -> None:
    """Lets so many things happen, and looks after each."""
    happened = Counter[str]()
    published: dict[int, Counts] = {}
    for step in range(steps):
        if step % LOOKS_EVERY == 0:
            happened["a change that nobody saw"] += nobody_sees_a_change(play)
        happened[play.goes_on()] += 1
        look_after(play, published)
    play.all_time_passes()
    look_after(play, published)
    letters_tell_no_choice(play)
    assert happened["a change that nobody saw"] > 0
    print(dict(happened), f"{len(published)} rounds counted")  # noqa: T201 - by `make storm`


def look_after(play: Play, published: dict[int, Counts]) -> None:
    with play.database.session() as session:
        votes_are_right(session)
        results_stand(session, play, published)


def votes_are_right(session: Session) -> None:
    """Each ballot is one person's on the roll, over topics of the round; after a secret one it is gone."""
    stray = (
        select(func.count())
        .select_from(OpenChoice)
        .join(OpenBallot, OpenBallot.id == OpenChoice.ballot_id)
        .join(RollEntry, RollEntry.id == OpenBallot.roll_id)
        .outerjoin(
            RoundTopic, (RoundTopic.round_id == RollEntry.round_id) & (RoundTopic.topic_id == OpenChoice.topic_id)
        )
        .where(RoundTopic.round_id.is_(None))
    )
    assert session.scalar(stray) == 0
    for round_ in session.scalars(select(Round)):
        roll = list(session.scalars(select(RollEntry).where(RollEntry.round_id == round_.id)))
        people = [each.account_id for each in roll if each.account_id is not None]
        assert len(people) == len(set(people))
        ballots = session.scalars(select(OpenBallot.roll_id).where(OpenBallot.roll_id.in_([each.id for each in roll])))
        held = list(ballots)
        assert len(held) == len(set(held)) <= len(roll)
        if round_.called_off_at is not None or (round_.closed_at is not None and round_.secret):
            assert held == []


def results_stand(session: Session, play: Play, published: dict[int, Counts]) -> None:
    """What was counted is what was taken and not barred, and it never changes; before the close there is nothing."""
    for round_ in session.scalars(select(Round)):
        counted = session.scalars(select(CountedBallot).where(CountedBallot.round_id == round_.id)).all()
        results = session.scalar(select(func.count()).where(RoundResult.round_id == round_.id))
        if round_.closed_at is None:
            assert (len(counted), results) == (0, 0)
            continue
        rows = tuple(sorted((each.receipt, tuple(each.choices)) for each in counted))
        if round_.id not in published:
            taken = accepted(session, play, round_)
            assert sorted(choices for _receipt, choices in rows) == sorted(taken)
        assert published.setdefault(round_.id, rows) == rows


def accepted(session: Session, play: Play, round_: Round) -> list[Choice]:
    """Lists what the model remembers of a round, without those who stand on its roll as barred."""
    # By the place on the roll: it stays, and stays barred, when the person is erased.
    barred = select(RollEntry.id).where(RollEntry.round_id == round_.id, RollEntry.barred_at.is_not(None))
    out = set(session.scalars(barred))
    return [choices for roll_id, choices in play.chosen.get(round_.id, {}).items() if roll_id not in out]


def letters_tell_no_choice(play: Play) -> None:
    """A letter about a ballot tells its code, and not what stands on it."""
    with play.database.session() as session:
        titles = list(session.scalars(select(Topic.title)))
    about = [text_of(letter) for letter in mails(play.app) if str(letter["Subject"]).startswith("Your vote")]
    assert [text for text in about if any(title in text for title in titles)] == []


def nobody_sees_a_change(play: Play) -> bool:
    """Lets somebody change their vote, and compares all that anybody else can see before and after."""
    with play.database.session() as session:
        rounds = select(Round).where(Round.roll_hash_open.is_not(None), Round.called_off_at.is_(None))
        now = play.clock.at
        round_ = session.scalars(rounds.where(Round.opens_at <= now, Round.closes_at > now).limit(1)).first()
        if round_ is None:
            return False
        slugs = play.slugs_of(session, round_.id, can_win=True)
    if len(slugs) < 2:
        return False
    voter, other = play.chance.sample(play.people, 2)
    windows = _windows(play, other.email or "")
    if not play.vote(round_, voter, (slugs[0],)):
        return False
    before = _seen(play, round_, windows)
    assert play.vote(round_, voter, (slugs[1],))
    after = _seen(play, round_, windows)
    assert {name for name in before if before[name] != after[name]} == set()
    return True


def _windows(play: Play, other: str) -> dict[str, FlaskClient]:
    windows = {name: play.app.test_client() for name in ("reader", "editor", "voter")}
    for client in windows.values():
        client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    sign_in(windows["editor"], "editor@example.org", "editor", now=play.clock.at)
    sign_in(windows["voter"], other, now=play.clock.at)
    return windows


def _seen(play: Play, round_: Round, windows: Mapping[str, FlaskClient]) -> dict[str, object]:
    path = f"/rounds/{round_.slug}"
    pages = {
        "reader": (*(path + each for each in PUBLIC), *AROUND),
        "editor": (*STAFF, f"/staff{path}", path),
        "voter": (f"{path}/ballot", "/account", "/account/votes"),
    }
    seen: dict[str, object] = {}
    for name, its in pages.items():
        for page in its:
            answer = windows[name].get(page)
            seen[f"{name} {page}"] = (answer.status_code, answer.data)
    with play.database.session() as session:
        content = export(session, round_)
    seen |= {"export": as_json(content), "as csv": as_csv(content)}
    tables = dump_of(play.database).tables
    # The page cache and signing in leave their own marks; a vote leaves one in the tables of open ballots alone.
    return seen | {f"table {name}": _unmarked(rows) for name, rows in tables.items() if name not in BALLOTS}


def _unmarked(rows: object) -> object:
    marks = {"written_by", "written_as", "stored_as"}
    return [{name: value for name, value in row.items() if name not in marks} for row in rows]  # type: ignore[attr-defined]
