"""Voters of a storm: signed in and on the roll of a round, with open connections to the apps of a fleet."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.client import HTTPResponse
from secrets import token_hex, token_urlsafe
from socket import create_connection, socket
from threading import Event
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from membership.accounts import sessions
from membership.accounts.models import Account, SignInSession
from membership.clock import Clock, ShiftedClock
from membership.db import Database, transaction
from membership.topics.models import CountedBallot, OpenBallot, OpenChoice, RollEntry, Round, RoundResult, Topic
from membership.topics.opening import open_round
from membership.web.signing import hashed
from tests.processes.alive import ADDRESS
from tests.storms.asking import PATIENCE_SECONDS
from tests.storms.fleet import Fleet

SECRET_KEY = "s" * 32
COOKIE = "membership"
CHOICES = 2

Ballots = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Said:
    """What an app answered to a vote."""

    status: int
    told: dict[str, Any]


@dataclass(frozen=True)
class Poll:
    """A round of a storm: its topics, and the cookies of those who may vote in it."""

    round_id: int
    slug: str
    topics: Sequence[str]
    closes_at: datetime
    voters: Sequence[str]

    def request(self, voter: str, choices: Sequence[str]) -> bytes:
        """Writes the first vote of one voter, as a script sends it."""
        body = urlencode([("version", "0"), *(("choices", each) for each in choices)])
        lines = (
            f"POST /rounds/{self.slug}/ballot HTTP/1.1",
            "Host: localhost",
            "Accept: application/json",
            "Content-Type: application/x-www-form-urlencoded",
            f"Content-Length: {len(body)}",
            "Sec-Fetch-Site: same-origin",
            f"Cookie: {COOKIE}={voter}",
            "Connection: close",
        )
        return "\r\n".join((*lines, "", body)).encode()


@contextmanager
def database_of(fleet: Fleet) -> Iterator[tuple[Database, Clock]]:
    """The fleet's database and its clock, in this process."""
    database = Database(fleet.url)
    try:
        yield database, ShiftedClock(fleet.instance / "clock")
    finally:
        database.close()


def open_poll(database: Database, clock: Clock, *, voters: int, lasts: timedelta) -> Poll:
    """Opens a round over three fresh topics, with so many voters."""
    name = token_hex(4)
    topics = [f"storm-{name}-{number}" for number in range(3)]
    with database.session() as session, transaction(session):
        at = clock.now()
        ids = _people(session, name, voters, at)
        secrets = {each: token_urlsafe(32) for each in ids}
        session.execute(insert(SignInSession), [_session(each, secrets[each], at) for each in ids])
        session.add_all(Topic(slug=slug, title=slug, why="", state="shortlisted", proposed_at=at) for slug in topics)
        session.flush()
        round_ = open_round(
            session,
            f"Storm {name}",
            "What next?",
            topics,
            closes_at=clock.now() + lasts,
            choices=CHOICES,
            winners=1,
            by=None,
            now=clock.now(),
        )
        session.execute(insert(RollEntry), [_entry(round_, each, at) for each in ids])
        cookies = _cookies(list(secrets.values()))
        return Poll(round_.id, round_.slug, topics, round_.closes_at, cookies)


def send(fleet: Fleet, requests: Sequence[bytes], times: Sequence[datetime] = (), *, clock: Clock) -> list[Said]:
    """Sends each request over a connection of its own that is open already: at its time, or all at once."""
    pause = Event()
    with ExitStack() as stack:
        lines = [stack.enter_context(_line(fleet.ports[place % len(fleet.ports)])) for place in range(len(requests))]
        for place, (line, request) in enumerate(zip(lines, requests, strict=True)):
            if times:
                pause.wait(max(0.0, (times[place] - clock.now()).total_seconds()))
            line.sendall(request)
        return [_answer(line) for line in lines]


def counted(database: Database, poll: Poll) -> Ballots:
    """Returns what was counted in a round, by receipt."""
    with database.session() as session:
        rows = session.scalars(select(CountedBallot).where(CountedBallot.round_id == poll.round_id))
        return {row.receipt: frozenset(row.choices) for row in rows}


def cast(database: Database, poll: Poll) -> Ballots:
    """Returns what stands on the open ballots of a round, by receipt."""
    with database.session() as session:
        rows = session.execute(
            select(OpenBallot.receipt, Topic.slug)
            .join(RollEntry, RollEntry.id == OpenBallot.roll_id)
            .join(OpenChoice, OpenChoice.ballot_id == OpenBallot.id)
            .join(Topic, Topic.id == OpenChoice.topic_id)
            .where(RollEntry.round_id == poll.round_id)
        ).all()
    return {receipt: frozenset(slug for code, slug in rows if code == receipt) for receipt, _slug in rows}


def result(database: Database, poll: Poll) -> Counter[str]:
    """Returns the votes that the published result of a round tells of each topic."""
    with database.session() as session:
        votes = select(Topic.slug, RoundResult.votes).join(Topic, Topic.id == RoundResult.topic_id)
        rows = session.execute(votes.where(RoundResult.round_id == poll.round_id))
        return Counter({slug: number for slug, number in rows if number})


def is_closed(database: Database, poll: Poll) -> bool:
    """Says whether a round was counted."""
    with database.session() as session:
        return session.scalar(select(Round.closed_at).where(Round.id == poll.round_id)) is not None


def _people(session: Session, name: str, count: int, at: datetime) -> list[int]:
    emails = [f"{name}-{number}@storm.example" for number in range(count)]
    rows = [
        {"reference": token_hex(16), "email": each, "email_key": each, "language": "en", "created_at": at}
        for each in emails
    ]
    return list(session.scalars(insert(Account).returning(Account.id), rows))


def _session(account_id: int, secret: str, at: datetime) -> dict[str, object]:
    life = {"created_at": at, "seen_at": at, "expires_at": at + sessions.LIFE}
    return {"secret_hash": hashed(secret), "account_id": account_id, "scope": sessions.FULL, **life}


def _entry(round_: Round, account_id: int, at: datetime) -> dict[str, object]:
    place = {"round_id": round_.id, "account_id": account_id, "key": token_hex(16), "weight": 1}
    return place | {"standing": "live", "added_at": at, "reason": "joined"}


def _cookies(secrets: Sequence[str]) -> list[str]:
    app = Flask(__name__)
    app.secret_key = SECRET_KEY
    signer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert signer is not None
    return [str(signer.dumps({"_user_id": secret})) for secret in secrets]


@contextmanager
def _line(port: int) -> Iterator[socket]:
    with create_connection((ADDRESS, port), timeout=PATIENCE_SECONDS) as line:
        yield line


def _answer(line: socket) -> Said:
    came = HTTPResponse(line)
    came.begin()
    text = came.read().decode()
    is_json = came.headers.get_content_type() == "application/json"
    return Said(came.status, json.loads(text) if is_json else {"page": text[:500]})
