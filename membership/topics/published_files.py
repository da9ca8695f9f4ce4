"""The two files of a closed round from which anyone can count again: its ballots and its topics, as CSV.

They are the same bytes each time. `static/recount.py` reads them.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.errors import NotFound
from membership.topics.models import CountedBallot, Round
from membership.topics.results import TopicResult, counted_at, is_withheld, results_of

BALLOT_COLUMNS: Final = ("receipt", "choices")
TOPIC_COLUMNS: Final = ("round", "winners", "slug", "title", "proposed_at", "can_win", "votes", "rank", "chosen")

# With these a cell is a formula to programs that calculate. https://owasp.org/www-community/attacks/CSV_Injection
FORMULA_SIGNS: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def ballots_csv(session: Session, round_: Round) -> str:
    """Writes a line for each counted ballot, by receipt: the receipt, and slugs of topics divided by one blank.

    Raises `NotFound` before the close, for a round that was called off, and under five ballots.
    """
    _refuse_unless_published(session, round_)
    rows = session.execute(
        select(CountedBallot.receipt, CountedBallot.choices).where(CountedBallot.round_id == round_.id)
    ).all()
    # Sorted here: databases differ in how they sort text.
    return _written(BALLOT_COLUMNS, ((receipt, " ".join(choices)) for receipt, choices in sorted(rows)))


def topics_csv(session: Session, round_: Round) -> str:
    """Writes a line for each topic, by rank, with all that counting again needs, and what it came to.

    `proposed_at` is UTC as `2026-11-22T12:00:00.000000Z`; `can_win` and `chosen` are `yes` or `no`. Raises `NotFound`
    as `ballots_csv` does.
    """
    _refuse_unless_published(session, round_)
    return _written(TOPIC_COLUMNS, (_line(round_, each) for each in results_of(session, round_).topics))


def _refuse_unless_published(session: Session, round_: Round) -> None:
    counted_at(round_)
    if is_withheld(session, round_.id):
        raise NotFound(
            "Fewer than 5 ballots were counted. They would tell how single people voted, so they are not published."
        )


def _line(round_: Round, topic: TopicResult) -> tuple[object, ...]:
    return (
        round_.slug,
        round_.winners,
        topic.slug,
        _harmless(topic.title),
        topic.proposed_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        _yes(topic.can_win),
        topic.votes,
        topic.rank,
        _yes(topic.chosen),
    )


def _harmless(title: str) -> str:
    return f"'{title}" if title.startswith(FORMULA_SIGNS) else title


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def _written(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
