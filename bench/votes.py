"""Votes for the figure: members who are signed in and on the roll, each with a choice; then the count, compared."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations, cycle, islice
from pathlib import Path
from secrets import token_hex, token_urlsafe

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from bench.newsroom import Newsroom, application
from bench.processes import Failed
from membership.accounts import sessions
from membership.accounts.models import Account, SignInSession
from membership.clock import SteppedClock
from membership.db import current_session, transaction
from membership.topics.closing import close
from membership.topics.models import CountedBallot, OpenBallot, OpenChoice, RollEntry, Round, RoundResult, Topic
from membership.topics.opening import open_round
from membership.topics.rounds import by_slug
from membership.web.current import now
from membership.web.signing import hashed

TOPICS = tuple(f"bench-topic-{number}" for number in range(5))
LASTS = timedelta(days=7)


@dataclass
class Election:
    """A round to vote in; `choices` are what members of it vote, by the e-mail address."""

    newsroom: Newsroom
    slug: str
    choices: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"/rounds/{self.slug}/ballot"


def open_election(newsroom: Newsroom) -> Election:
    """Opens a round over five topics."""
    with application(newsroom.environ), transaction(current_session()) as session:
        at = now()
        session.add_all(Topic(slug=slug, title=slug, why="", state="shortlisted", proposed_at=at) for slug in TOPICS)
        session.flush()
        round_ = open_round(
            session, "Bench", "What next?", TOPICS, closes_at=at + LASTS, choices=2, winners=1, by=None, now=at
        )
        return Election(newsroom, round_.slug)


def write(folder: Path, election: Election, *, run: str, count: int) -> tuple[str, ...]:
    """Makes `count` members who have not voted, and returns the words to tell `votes.lua`."""
    pairs = islice(cycle(combinations(TOPICS, 2)), count)
    chosen = {f"member-{run}-{number}@example.org": pair for number, pair in enumerate(pairs)}
    with application(election.newsroom.environ) as app:
        cookies = _make_members(app, election.slug, list(chosen))
    lines = (f"{cookies[email]} {one} {other}\n" for email, (one, other) in chosen.items())
    members = folder / "members"
    members.write_text("".join(lines), "utf-8")
    election.choices.update(chosen)
    return (election.path, str(members))


def check_counted(election: Election, log: Path, *, seen: int, cut_off: int) -> int:
    """Compares ballots with what members sent, closes the round and compares its result; returns how many voted.

    There must be one ballot for each 200 in the `log` of the server. `seen` is how many of these wrk saw; at most
    `cut_off` came when it had stopped looking.
    """
    answered = sum(b'"status": 200' in line for line in log.read_bytes().splitlines() if election.path.encode() in line)
    with application(election.newsroom.environ), current_session() as session:
        cast = _cast(session, election.slug)
        if len(cast) != answered or not seen <= answered <= seen + cut_off:
            raise Failed(f"{len(cast)} ballots, {answered} answers 200, and wrk saw {seen}.")
        if any(set(election.choices[email]) != choices for email, choices in cast.items()):
            raise Failed("A ballot does not hold what its member sent.")
        found = _counted(session, election.slug)
    votes = Counter(slug for choices in cast.values() for slug in choices)
    if found != votes:
        raise Failed(f"The result is {found}, and the ballots say {votes}.")
    return answered


def _make_members(app: Flask, slug: str, emails: list[str]) -> dict[str, str]:
    signer = SecureCookieSessionInterface().get_signing_serializer(app)
    if signer is None:
        raise RuntimeError("the application has no secret key")
    secrets = {email: token_urlsafe(32) for email in emails}
    with transaction(current_session()) as session:
        at, round_id = now(), by_slug(session, slug).id
        ids = session.execute(
            insert(Account).returning(Account.id, Account.email),
            [
                {"reference": token_hex(16), "email": email, "email_key": email, "language": "en", "created_at": at}
                for email in emails
            ],
        ).all()
        session.execute(insert(SignInSession), [_session(row.id, secrets[row.email], at) for row in ids])
        session.execute(insert(RollEntry), [_entry(round_id, row.id, at) for row in ids])
    name = app.config["SESSION_COOKIE_NAME"]
    return {email: f"{name}={signer.dumps({'_user_id': secret})}" for email, secret in secrets.items()}


def _session(account_id: int, secret: str, at: datetime) -> Mapping[str, object]:
    life = {"created_at": at, "seen_at": at, "expires_at": at + sessions.LIFE}
    return {"secret_hash": hashed(secret), "account_id": account_id, "scope": sessions.FULL, **life}


def _entry(round_id: int, account_id: int, at: datetime) -> Mapping[str, object]:
    place = {"round_id": round_id, "account_id": account_id, "key": token_hex(16), "weight": 1}
    return place | {"standing": "live", "added_at": at, "reason": "joined"}


def _cast(session: Session, slug: str) -> dict[str, set[str]]:
    rows = session.execute(
        select(Account.email, Topic.slug)
        .join(RollEntry, RollEntry.account_id == Account.id)
        .join(Round, Round.id == RollEntry.round_id)
        .join(OpenBallot, OpenBallot.roll_id == RollEntry.id)
        .join(OpenChoice, OpenChoice.ballot_id == OpenBallot.id)
        .join(Topic, Topic.id == OpenChoice.topic_id)
        .where(Round.slug == slug)
    )
    cast: dict[str, set[str]] = {}
    for email, topic in rows:
        cast.setdefault(email, set()).add(topic)
    return cast


def _counted(session: Session, slug: str) -> dict[str, int]:
    round_ = by_slug(session, slug)
    ballots = select(func.count()).select_from(OpenBallot)
    before = session.scalar(ballots)
    with transaction(session):
        close(session, round_.id, clock=SteppedClock(round_.closes_at))
    if session.scalar(select(func.count()).select_from(CountedBallot)) != before:
        raise Failed("Not all ballots were counted.")
    rows = session.execute(select(Topic.slug, RoundResult.votes).join(Topic, Topic.id == RoundResult.topic_id))
    return {row.slug: row.votes for row in rows if row.votes}
