"""A topic turns dangerous while its round is open: it stays on the ballot, cannot win, and all on the roll are told."""

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.audit import record
from membership.db import locked
from membership.errors import NotFound, WrongState
from membership.newsroom.site_version import bump
from membership.outbox.rows import enqueue
from membership.topics.models import MoveText, Round, RoundTopic, Topic
from membership.topics.moves import REASON_LENGTH
from membership.topics.round_phase import is_open
from membership.topics.wording import paragraphs

TOPIC_ENDANGERED: Final = "topic_endangered"


def endanger(session: Session, round_id: int, topic_slug: str, reason: str, *, by: int | None, now: datetime) -> None:
    """Marks a topic of an open round as dangerous, for a reason that everybody reads; `by` is the editor's account.

    Votes for it stay and count as given. At the close it is withheld. Raises `Refusal` about the reason, `WrongState`
    for a round that is not open and for a topic that is marked already, `NotFound` for one that is not in the round.
    """
    reason = paragraphs(reason, "reason", longest=REASON_LENGTH)
    round_ = locked(session, Round, round_id)
    if round_ is None:
        raise NotFound("There is no such round.")
    if not is_open(round_, now=now):
        raise WrongState("Only while a round is open can one of its topics be marked.")
    entry, topic = _entry(session, round_, topic_slug)
    if entry.endangered_at is not None:
        raise WrongState("“%(title)s” is marked already, and all on the roll are told.", title=topic.title)
    text = MoveText(text=reason)
    session.add(text)
    session.flush()
    entry.endangered_at, entry.endangered_text_id = now, text.id
    told = {"round": round_.slug, "topic": topic.slug}
    enqueue(session, TOPIC_ENDANGERED, f"{round_.slug}.{topic.slug}", told, now=now)
    bump(session)
    record(session, "endangered", "topic", topic.slug, actor_id=by, fields=("endangered_at",), now=now)


def _entry(session: Session, round_: Round, topic_slug: str) -> tuple[RoundTopic, Topic]:
    of_round = select(RoundTopic, Topic).join(Topic, Topic.id == RoundTopic.topic_id)
    rows = session.execute(of_round.where(RoundTopic.round_id == round_.id))
    found = next(((row[0], row[1]) for row in rows if row[1].slug == topic_slug), None)
    if found is None:
        raise NotFound("There is no such topic in this round.")
    return found
