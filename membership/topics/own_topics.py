"""What one person proposed and follows, on pages of their own."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from membership.accounts.login import current_account, signed_in_account, signed_in_required
from membership.db import current_session, transaction
from membership.topics.following import follow, followed_by, is_following, unfollow
from membership.topics.listing import LONGEST_LIST
from membership.topics.models import MoveText, Topic, TopicMove
from membership.topics.moves import ALLOWED
from membership.topics.proposing import withdraw
from membership.topics.topic_page import is_public, public_topic, topic_at
from membership.web.caching import personal
from membership.web.current import now

blueprint = Blueprint("own_topics", __name__)


@dataclass(frozen=True)
class OwnTopic:
    """A topic on its proposer's or follower's page. `reason` is what was said with the last move, if anything was."""

    slug: str
    title: str
    state: str
    proposed_at: datetime
    reason: str | None
    is_public: bool

    @property
    def may_withdraw(self) -> bool:
        return "withdrawn" in ALLOWED[self.state]


@blueprint.get("/account/topics")
@signed_in_required
def own_topics_page() -> Response:
    """Shows what somebody proposed, with the answers, and what they follow."""
    session, owner = current_session(), signed_in_account()
    page = render_template(
        "topics/own_topics.html",
        proposed=proposed_by(session, owner.id),
        followed=[(topic, is_public(session, topic)) for topic in followed_by(session, owner.id)],
        received="received" in request.args,
    )
    return personal(make_response(page))


@blueprint.post("/account/topics/<slug>/withdrawal")
@signed_in_required
def withdrawal(slug: str) -> Response:
    """Takes one's own proposal back."""
    with transaction(current_session()) as session:
        withdraw(session, topic_at(session, slug), by=signed_in_account().id, now=now())
    return _to_own_topics()


@blueprint.get("/topics/<slug>/following")
@signed_in_required
def following_page(slug: str) -> Response:
    """Shows somebody whether they follow a topic; here one comes back from signing in."""
    session = current_session()
    topic = public_topic(session, slug)
    follows = is_following(session, signed_in_account().id, topic)
    return personal(make_response(render_template("topics/topic_following.html", topic=topic, follows=follows)))


@blueprint.post("/topics/<slug>/following")
def start_following(slug: str) -> Response:
    """Has whoever is signed in follow a topic; others sign in first, and come back to where one button is left."""
    topic = public_topic(current_session(), slug)
    account, place = current_account(), url_for("own_topics.following_page", slug=topic.slug)
    if account is None:
        return personal(make_response(redirect(url_for("accounts.ask_page", next=place), 303)))
    with transaction(current_session()) as session:
        follow(session, account.id, topic, now=now())
    return personal(make_response(redirect(place, 303)))


@blueprint.post("/topics/<slug>/unfollowing")
@signed_in_required
def stop_following(slug: str) -> Response:
    """Ends it, also for a topic that has been hidden since.

    The answer is the same where there is no such topic: nobody learns by guessing which hidden ones there are.
    """
    with transaction(current_session()) as session:
        unfollow(session, signed_in_account().id, slug)
    return _to_own_topics()


def proposed_by(session: Session, account_id: int) -> tuple[OwnTopic, ...]:
    """Returns what somebody proposed, the latest first."""
    mine = select(Topic).where(Topic.proposer_id == account_id).order_by(Topic.proposed_at.desc(), Topic.id.desc())
    return tuple(_own(session, topic) for topic in session.scalars(mine.limit(LONGEST_LIST)).all())


def _own(session: Session, topic: Topic) -> OwnTopic:
    reason = session.scalar(
        select(MoveText.text)
        .join(TopicMove, TopicMove.text_id == MoveText.id)
        .where(TopicMove.topic_id == topic.id, TopicMove.now == topic.state)
        # A step that changes no state is a promise or a mending; only a delay may follow another.
        .where(or_(TopicMove.was != TopicMove.now, TopicMove.now == "postponed"))
        .order_by(TopicMove.id.desc())
        .limit(1)
    )
    return OwnTopic(topic.slug, topic.title, topic.state, topic.proposed_at, reason, is_public(session, topic))


def _to_own_topics() -> Response:
    return personal(make_response(redirect(url_for("own_topics.own_topics_page"), 303)))
