"""The part of votes in what stands here about a person: rounds they could vote in, an open ballot, their proposals.

Erasing cuts the person from the roll; a vote that was cast counts, and no code of it leads back to anybody.
"""

from datetime import datetime
from uuid import uuid4

from flask_babel import lazy_gettext as _
from sqlalchemy import case, delete, select, update
from sqlalchemy.orm import Session

from membership.accounts.models import Account
from membership.accounts.own_data import Fate, PersonalData, Section, Value, section
from membership.topics.listing import HIDDEN
from membership.topics.models import Follow, MoveText, OpenBallot, OpenChoice, RollEntry, Round, Topic, TopicMove
from membership.topics.topic_page import is_public

UNREAD = "proposed"


def export(session: Session, account: Account) -> tuple[Section, ...]:
    """Tells in which rounds somebody could vote, the ballots tied to them, what they proposed and what they follow."""
    return (
        _rolls(session, account),
        _choices(session, account),
        _proposals(session, account),
        _follows(session, account),
    )


def foretell(session: Session, account: Account) -> Fate:
    """Says that votes stay and count, and that nobody is tied to them any more."""
    goes, stays = [], []
    if session.scalar(select(RollEntry.id).where(RollEntry.account_id == account.id).limit(1)) is not None:
        goes.append(_("The tie between you and your votes."))
        stays.append(_("Votes that you have cast are counted; from now on nobody can change or withdraw them."))
    if session.scalar(select(Topic.id).where(Topic.proposer_id == account.id).limit(1)) is not None:
        goes.append(_("Your name as the one who proposed topics, and proposals that no editor has read yet."))
        stays.append(_("Proposals that an editor has answered stay, without you."))
    if session.scalar(select(Follow.topic_id).where(Follow.account_id == account.id).limit(1)) is not None:
        goes.append(_("The list of topics that you follow."))
    return Fate(tuple(goes), tuple(stays))


def erase(session: Session, account: Account, *, now: datetime) -> None:
    """Cuts the account from rolls, proposals and follows; the words of a proposal that nobody answered go."""
    theirs = RollEntry.account_id == account.id
    # One by one in the order in which everybody locks them: an update alone takes them as they lie.
    in_order = select(RollEntry.id).where(theirs).order_by(RollEntry.round_id, RollEntry.id)
    session.scalars(in_order.with_for_update()).all()
    session.execute(update(RollEntry).where(theirs).values(account_id=None, payment_id=None))
    proposed = select(Topic).where(Topic.proposer_id == account.id).order_by(Topic.id).with_for_update(key_share=True)
    for topic in session.scalars(proposed, execution_options={"populate_existing": True}):
        topic.proposer_id = None
        if topic.state == UNREAD or (topic.state == "withdrawn" and not is_public(session, topic)):
            topic.title, topic.why, topic.sources, topic.slug = "—", "", "", f"erased-{uuid4()}"
            mended = select(TopicMove.text_id).where(TopicMove.topic_id == topic.id, TopicMove.was == TopicMove.now)
            session.execute(update(MoveText).where(MoveText.id.in_(mended)).values(text=None))
    session.execute(delete(Follow).where(Follow.account_id == account.id))
    session.flush()


OWN_VOTES = PersonalData(export, foretell, erase)


def _rolls(session: Session, account: Account) -> Section:
    labels = {
        "round": _("Round"),
        "added_at": _("On the roll since"),
        "standing": _("As"),
        "reason": _("By"),
        "voted_at": _("Voted"),
        "barred_at": _("Not counted since"),
        "barred_why": _("Why not"),
    }
    statement = (
        select(RollEntry, Round.title)
        .join(Round, Round.id == RollEntry.round_id)
        .where(RollEntry.account_id == account.id)
        .order_by(RollEntry.id)
    )
    rows = [
        {"round": title} | {name: getattr(entry, name) for name in labels if name != "round"}
        for entry, title in session.execute(statement)
    ]
    return Section("rolls", _("Rounds you may vote in"), labels, tuple(rows))


def _choices(session: Session, account: Account) -> Section:
    labels = {"round": _("Round"), "topic": _("You chose"), "changed_at": _("Last changed")}
    statement = (
        select(Round.title, Topic.title, OpenBallot.changed_at)
        .join(RollEntry, RollEntry.round_id == Round.id)
        .join(OpenBallot, OpenBallot.roll_id == RollEntry.id)
        .join(OpenChoice, OpenChoice.ballot_id == OpenBallot.id)
        .join(Topic, Topic.id == OpenChoice.topic_id)
        .where(RollEntry.account_id == account.id)
        .order_by(Round.id, Topic.id)
    )
    rows: list[dict[str, Value]] = [dict(zip(labels, row, strict=True)) for row in session.execute(statement)]
    return Section("open_ballots", _("Ballots that are tied to you"), labels, tuple(rows))


def _proposals(session: Session, account: Account) -> Section:
    labels = {
        "title": _("Title"),
        "why": _("Why"),
        "sources": _("Sources"),
        "state": _("State"),
        "proposed_at": _("When"),
        "slug": _("Reference"),
    }
    theirs = select(Topic).where(Topic.proposer_id == account.id).order_by(Topic.id)
    return section("proposals", _("Topics you proposed"), labels, session.scalars(theirs))


def _follows(session: Session, account: Account) -> Section:
    labels = {"topic": _("Topic"), "since": _("Since")}
    # Of what has been hidden since, not even a follower reads the title.
    title = case((Topic.state.in_(HIDDEN), None), else_=Topic.title)
    statement = (
        select(title, Follow.since)
        .join(Follow, Follow.topic_id == Topic.id)
        .where(Follow.account_id == account.id)
        .order_by(Follow.since, Follow.topic_id)
    )
    rows: list[dict[str, Value]] = [dict(zip(labels, row, strict=True)) for row in session.execute(statement)]
    return Section("follows", _("Topics you follow"), labels, tuple(rows))
