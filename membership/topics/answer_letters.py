"""News for who proposed a topic: that an editor has read it, and what became of it."""

from collections.abc import Mapping
from typing import Any, Final

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.mail_choices import Told
from membership.accounts.news import add_news
from membership.db import transaction
from membership.mail.letters import Button, Line
from membership.outbox.rows import Task
from membership.topics.letters import Post
from membership.topics.models import MoveText, Topic, TopicMove

# The kind of news that an editor's answer is.
ANSWERS: Final = "answers"


def tell_proposer(post: Post, task: Task) -> None:
    """Carries out the task `topic_answered`: an editor's answer is news for who proposed the topic, if still known."""
    with post.database.session() as session, transaction(session):
        step = session.get_one(TopicMove, task.payload["move"])
        proposer_id = session.scalar(select(Topic.proposer_id).where(Topic.id == step.topic_id))
        if proposer_id is not None:
            add_news(session, proposer_id, ANSWERS, str(step.id), {"move": step.id}, now=post.clock.now())


def answer_told(session: Session, payload: Mapping[str, Any], *, base_url: str) -> Told | None:
    """Writes the news of an answer; the reason stands nowhere but in its own table until then."""
    step = session.get_one(TopicMove, payload["move"])
    topic = session.get_one(Topic, step.topic_id)
    if topic.proposer_id is None:
        return None
    text = None if step.text_id is None else session.scalar(select(MoveText.text).where(MoveText.id == step.text_id))
    reason = (Line(text),) if text else ()
    own = Button(_("Your topics"), f"{base_url}/account/topics")
    if step.now == "declined":
        return Told(
            _("We will not take “%(title)s”", title=topic.title),
            (Line(_("Thank you for proposing it. An editor has read it and declined it. The reason:")), *reason, own),
        )
    if step.now == "withheld":
        return Told(_("We keep one of your topics out of sight"), (*_withheld(topic, step), *reason, own))
    said = _("An editor has read “%(title)s” and put it on the shortlist.", title=topic.title)
    page = Button(_("See the topic"), f"{base_url}/topics/{topic.slug}")
    return Told(
        _("Your topic is on the shortlist"), (Line(said), Line(_("From there it may come into a round.")), page)
    )


def _withheld(topic: Topic, step: TopicMove) -> tuple[Line, ...]:
    if step.was == "in_round":
        said = _(
            "“%(title)s” became dangerous while its round was open, and is withheld for safety.", title=topic.title
        )
        return Line(said), Line(_("The reason, as it stood in the round:"))
    said = _("An editor has read “%(title)s” and withholds it for safety.", title=topic.title)
    return Line(said), Line(_("In public it is a number and nothing more. The reason is for you alone:"))
