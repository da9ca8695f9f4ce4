"""Which articles came of topics: an article names its topic, never the reverse."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.articles.models import Article
from membership.topics.models import Topic


@dataclass(frozen=True)
class CameOf:
    """A published article, and the slug of the topic it answers."""

    topic: str
    title: str
    href: str


def articles_of(session: Session, topics: Iterable[str], *, now: datetime) -> tuple[CameOf, ...]:
    """Returns the published articles that answer these topics (slugs), the earliest first."""
    rows = session.execute(
        select(Topic.slug.label("topic"), Article.title, Article.slug)
        .join(Topic, Topic.id == Article.topic_id)
        .where(Topic.slug.in_(list(topics)), Article.state == "published", Article.published_at <= now)
        .order_by(Article.published_at, Article.id)
    )
    return tuple(CameOf(row.topic, row.title, f"/articles/{row.slug}") for row in rows)
