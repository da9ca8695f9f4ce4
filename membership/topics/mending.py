"""An editor mends the words of a proposal before anybody else reads them: a typo, or a name that should not be public.

What stood there before is kept for staff and erased with the proposal; the public learns that words were mended.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from membership.accounts.audit import record
from membership.errors import WrongState
from membership.topics.models import MoveText, Topic, TopicMove
from membership.topics.moves import hold_one
from membership.topics.proposing import SOURCES_LENGTH, TITLE_LENGTH, WHY_LENGTH
from membership.topics.slugs import rename
from membership.topics.wording import line, paragraphs


def mend(session: Session, topic: Topic, title: str, why: str, sources: str, *, by: int | None, now: datetime) -> Topic:
    """Puts other words in place of a proposal's own, and a slug that fits them. `by` is the editor's account.

    Raises `Refusal` about a field, and `WrongState` once it has been answered: then it may have been read.
    """
    title = line(title, "title", longest=TITLE_LENGTH)
    why = paragraphs(why, "why", longest=WHY_LENGTH)
    sources = paragraphs(sources, "sources", longest=SOURCES_LENGTH, required=False)
    held = hold_one(session, topic.id)
    if held.state != "proposed":
        raise WrongState("“%(title)s” was answered already; its words stand.", title=held.title)
    if (held.title, held.why, held.sources) == (title, why, sources):
        return held
    before = MoveText(text="\n\n".join(filter(None, (held.title, held.why, held.sources))))
    session.add(before)
    rename(session, held, title)
    held.why, held.sources = why, sources
    session.flush()
    session.add(
        TopicMove(topic_id=held.id, was=held.state, now=held.state, at=now, by_id=by, text_id=before.id),
    )
    record(session, "mended", "topic", held.slug, actor_id=by, fields=("title", "why", "sources"), now=now)
    return held
