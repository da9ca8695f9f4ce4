"""What the newsroom says about proposals: within how many days an editor answers, and who may propose."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from membership.newsroom.remembered import Remembered
from membership.newsroom.toml import Reading, Table
from membership.newsroom.words import keep, kept

ANSWER_DAYS: Final = 14
MOST_DAYS: Final = 365


@dataclass(frozen=True)
class TopicWords:
    """`answer_days`: a proposal unanswered for so long is overdue. `readers_propose`: patrons need not be."""

    answer_days: int
    readers_propose: bool

    @property
    def answer_within(self) -> timedelta:
        return timedelta(days=self.answer_days)


def load_topics(session: Session, table: Table, *, now: datetime) -> None:
    """Keeps `[topics]`; raises `TomlError` with all that is wrong in it."""
    reading = Reading("topics")
    _words(table, reading)
    reading.finish()
    keep(session, "topics", table, now=now)


def _from_row(session: Session) -> TopicWords:
    return _words(kept(session, "topics") or {}, Reading("topics"))


current_topic_words = Remembered(_from_row)


def _words(table: Table, reading: Reading) -> TopicWords:
    days, readers = table.get("answer_days", ANSWER_DAYS), table.get("readers_propose", False)
    if not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= MOST_DAYS:
        reading.problem("answer_days", f"must be a number of days, 1 to {MOST_DAYS}")
    if not isinstance(readers, bool):
        reading.problem("readers_propose", "must be true or false")
    return TopicWords(days, readers)
