"""Random rounds that were voted in and closed, and what the published script makes of their files."""

import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from sqlalchemy import insert
from sqlalchemy.orm import Session

from membership.clock import SteppedClock
from membership.settings import ROOT
from membership.topics.ballots import fresh_receipt
from membership.topics.closing import close
from membership.topics.models import OpenBallot, OpenChoice, RollEntry, Round, RoundTopic, Topic
from membership.topics.published_files import ballots_csv, topics_csv
from membership.topics.tally import Contender, chosen, tally

SCRIPT = ROOT / "static" / "recount.py"
TITLES = ("Who repairs the grid?", "=1+1", 'Bread, "salt" and water', "לחם ומים", "-", "Річка; і міст")


@dataclass(frozen=True)
class RandomRound:
    """What was drawn: topics, and ballots as sets of their slugs."""

    slug: str
    winners: int
    contenders: tuple[Contender, ...]
    ballots: tuple[frozenset[str], ...]

    @property
    def expected(self) -> list[str]:
        """The lines that the script must write."""
        counted = tally(self.slug, self.contenders, self.ballots)
        won = chosen(counted, self.winners)
        lines = (
            f"{each.rank}. {each.slug}: {each.votes} votes, chosen: {'yes' if each.slug in won else 'no'}, as published"
            for each in counted
        )
        return [f"{self.slug}: {len(self.ballots)} ballots", *lines]


def draw_round(chance: Random, number: int, *, now: datetime) -> RandomRound:
    """Draws a round; every other one is small and full of ties."""
    is_small = number % 2 == 0
    topics = chance.randint(2, 4 if is_small else 20)
    moments = [now - timedelta(days=chance.randint(1, 2 if is_small else 400)) for _ in range(topics)]
    contenders = tuple(
        Contender(f"topic-{number}-{each}", moment, can_win=chance.random() > 0.15)
        for each, moment in enumerate(moments)
    )
    slugs = [each.slug for each in contenders]
    choices = chance.randint(1, topics)
    ballots = tuple(
        frozenset(chance.sample(slugs, chance.randint(1, choices)))
        for _ in range(chance.randint(5, 8 if is_small else 120))
    )
    return RandomRound(f"round-{number}", chance.randint(1, topics - 1), contenders, ballots)


def hold_round(session: Session, drawn: RandomRound, chance: Random, *, now: datetime) -> Round:
    """Lets a drawn round be voted in and closes it; by rows, because it is about what is counted and not by whom."""
    round_ = Round(
        slug=drawn.slug,
        title=drawn.slug,
        question="What next?",
        opens_at=now,
        joins_until=now + timedelta(days=1),
        closes_at=now + timedelta(days=1),
        choices=len(drawn.contenders),
        winners=drawn.winners,
        announced_at=now,
        created_at=now,
    )
    session.add(round_)
    topics = [
        Topic(slug=each.slug, title=chance.choice(TITLES), why="", state="in_round", proposed_at=each.proposed_at)
        for each in drawn.contenders
    ]
    session.add_all(topics)
    session.flush()
    for position, (topic, contender) in enumerate(zip(topics, drawn.contenders, strict=True), start=1):
        in_danger = None if contender.can_win else now
        session.add(
            RoundTopic(round_id=round_.id, topic_id=topic.id, position=position, endangered_at=in_danger),
        )
    session.flush()
    round_.roll_hash_open = "0" * 64
    _vote(session, round_, drawn, {topic.slug: topic.id for topic in topics}, now=now)
    assert close(session, round_.id, clock=SteppedClock(round_.closes_at))
    return round_


def recounted(session: Session, round_: Round, folder: Path) -> list[str]:
    """Runs the script on the published files, alone with the standard library; returns the lines that it writes."""
    files = {"ballots.csv": ballots_csv(session, round_), "topics.csv": topics_csv(session, round_)}
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8", newline="")
    return run_script(folder)


def run_script(folder: Path) -> list[str]:
    command = [sys.executable, "-I", "-S", str(SCRIPT), "ballots.csv", "topics.csv"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - ours
    return done.stdout.splitlines()


def _vote(session: Session, round_: Round, drawn: RandomRound, ids: dict[str, int], *, now: datetime) -> None:
    entries = [
        RollEntry(
            round_id=round_.id,
            key=f"{round_.slug}-{number}",
            standing="patron",
            added_at=now,
            reason="opening",
            voted_at=now,
        )
        for number in range(len(drawn.ballots))
    ]
    session.add_all(entries)
    session.flush()
    ballots = [OpenBallot(roll_id=each.id, receipt=fresh_receipt(), version=1, changed_at=now) for each in entries]
    session.add_all(ballots)
    session.flush()
    rows = [
        {"ballot_id": ballot.id, "topic_id": ids[slug], "value": 1}
        for ballot, choices in zip(ballots, drawn.ballots, strict=True)
        for slug in choices
    ]
    session.execute(insert(OpenChoice), rows)
