"""An article that names a topic is what became of it: once the article is out, the topic is published."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.articles.models import Article
from membership.clock import Clock
from membership.db import Database, transaction
from membership.errors import WrongState
from membership.newsroom.words import current_newsroom
from membership.topics.models import Topic
from membership.topics.promises import publish
from membership.topics.stages import OWED


class Keeping(Protocol):
    """What of the process's seams it takes to write by the clock."""

    @property
    def database(self) -> Database: ...

    @property
    def clock(self) -> Clock: ...


def publish_due(keeping: Keeping) -> int:
    """Publishes the topics of articles whose time has come; returns how many."""
    with keeping.database.session() as session:
        return publish_topics(session, language=current_newsroom().language, now=keeping.clock.now())


def publish_topics(session: Session, *, language: str, now: datetime) -> int:
    """Publishes each topic that is owed and that an article answers which is out; returns how many.

    Opens a transaction for each. Of several articles the earliest is the topic's outcome.
    """
    return sum(_publish(session, *each, now=now) for each in list(_out(session, language=language, now=now)))


def why_not(session: Session, slug: str, *, language: str, now: datetime) -> str | None:
    """Says why an article that is out moved its topic nowhere; `None` if it did, or if it need not."""
    state = session.scalar(
        select(Topic.state)
        .join(Article, Article.topic_id == Topic.id)
        .where(Article.language == language, Article.slug == slug)
        .where(Article.state == "published", Article.published_at <= now)
    )
    return None if state in (None, "published", *OWED) else f"is {state.replace('_', ' ')}, so it is not published now"


def _out(session: Session, *, language: str, now: datetime) -> Iterator[tuple[Topic, str, str]]:
    rows = session.execute(
        select(Topic, Article.slug, Article.title)
        .join(Article, Article.topic_id == Topic.id)
        .where(Topic.state.in_(OWED), Article.language == language)
        .where(Article.state == "published", Article.published_at <= now)
        .order_by(Article.published_at, Article.id)
    )
    seen = set()
    for topic, slug, title in rows:
        if topic.id not in seen:
            yield topic, slug, title
        seen.add(topic.id)


def _publish(session: Session, topic: Topic, slug: str, title: str, *, now: datetime) -> bool:
    try:
        with transaction(session):
            publish(session, topic, f"/articles/{slug}", title, by=None, now=now)
    except WrongState:  # somebody else was first
        return False
    return True
