"""Following a topic: whoever does hears of each further step. Tied to no vote, and open to every reader."""

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from membership.accounts.models import Account
from membership.accounts.news import drop_news
from membership.db import insert_ignore, locked
from membership.topics.models import Follow, Topic
from membership.topics.stage_telling import FOLLOWED
from membership.web.slugs import is_slug


def follow(session: Session, account_id: int, topic: Topic, *, now: datetime) -> bool:
    """Has somebody follow a topic; `False` if they do already. The caller has seen that it is public."""
    account = locked(session, Account, account_id)
    if account is None or account.erased_at is not None:
        return False
    return insert_ignore(session, Follow, account_id=account_id, topic_id=topic.id, since=now)


def unfollow(session: Session, account_id: int, slug: str) -> None:
    """Ends it, also for steps that wait to be told.

    May be repeated, whatever the topic at that address has become, and if there is none.
    """
    if is_slug(slug):
        topic = select(Topic.id).where(Topic.slug == slug)
        session.execute(delete(Follow).where(Follow.account_id == account_id, Follow.topic_id.in_(topic)))
        drop_news(session, account_id, FOLLOWED, f"{slug}.")


def is_following(session: Session, account_id: int, topic: Topic) -> bool:
    """Says whether somebody follows a topic."""
    return session.get(Follow, (account_id, topic.id)) is not None


def followed_by(session: Session, account_id: int) -> tuple[Topic, ...]:
    """Returns the topics that somebody follows, the latest first."""
    mine = select(Topic).join(Follow, Follow.topic_id == Topic.id).where(Follow.account_id == account_id)
    return tuple(session.scalars(mine.order_by(Follow.since.desc(), Topic.id.desc())))


def followers(session: Session, topic: Topic) -> int:
    """Counts who follows a topic."""
    return session.scalar(select(func.count()).select_from(Follow).where(Follow.topic_id == topic.id)) or 0
