"""The reminder two days before a round closes: for those on the roll who have not voted and asked to be reminded."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from flask_babel import gettext as _
from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session

from membership.accounts.mail_choices import Told, asked_for_by, unwanted_by
from membership.accounts.models import WantedMail
from membership.accounts.news import add_news
from membership.clock import Clock
from membership.db import Database, transaction
from membership.mail.letters import Button, Line
from membership.outbox.rows import Task, enqueue, put_off
from membership.topics.models import RollEntry, Round
from membership.topics.round_phase import is_open
from membership.web.current import now as current_now
from membership.web.filters import moment

REMINDERS: Final = "reminders"
REMIND_ALL: Final = "round_reminders"
BEFORE_CLOSE: Final = timedelta(days=2)
AT_ONCE: Final = 100


class Reminding(Protocol):
    """What of the process's seams it takes to remind people."""

    @property
    def database(self) -> Database: ...

    @property
    def clock(self) -> Clock: ...


def is_reminded(session: Session, account_id: int) -> bool:
    """Says whether somebody asked to be reminded."""
    return REMINDERS in asked_for_by(session, account_id) - unwanted_by(session, account_id)


def plan_reminders(reminding: Reminding) -> int:
    """Plans the reminders of each round that closes within two days, once; returns of how many rounds."""
    now = reminding.clock.now()
    with reminding.database.session() as session:
        slugs = _closing_soon(session, now)
        if not slugs:
            return 0
        with transaction(session):
            return sum(enqueue(session, REMIND_ALL, slug, {"round": slug, "after": 0}, now=now) for slug in slugs)


def remind_all(reminding: Reminding, task: Task) -> None:
    """Carries out the task `round_reminders`: people by the batch, so that workers do other things in between."""
    now = reminding.clock.now()
    with reminding.database.session() as session, transaction(session):
        round_ = session.scalars(select(Round).where(Round.slug == task.payload["round"])).one()
        if not is_open(round_, now=now):
            return
        entries = session.execute(_to_remind(round_).where(RollEntry.id > task.payload["after"]).limit(AT_ONCE)).all()
        # Accounts are locked in one order, as by everyone who tells many at once.
        for account_id, entry_id in sorted((each.account_id, each.id) for each in entries):
            told = {"round": round_.slug, "entry": entry_id}
            add_news(session, account_id, REMINDERS, round_.slug, told, now=now)
        if entries:
            going_on = {**task.payload, "after": entries[-1].id}
            put_off(session, task.kind, task.key, going_on, due_at=now, now=now)


def reminder_told(session: Session, payload: Mapping[str, Any], *, base_url: str) -> Told | None:
    """Writes the reminder; there is nothing to say to who has voted meanwhile, or when the round is over."""
    entry = session.get(RollEntry, payload["entry"])
    round_ = session.scalars(select(Round).where(Round.slug == payload["round"])).one()
    if entry is None or entry.voted_at is not None or entry.barred_at is not None:
        return None
    if not is_open(round_, now=current_now()):
        return None
    return Told(
        _("“%(round)s” closes soon", round=round_.title),
        (
            Line(round_.question),
            Line(_("You have not voted yet. The round closes on %(time)s.", time=moment(round_.closes_at))),
            Button(_("To the ballot"), f"{base_url}/rounds/{round_.slug}/ballot"),
        ),
    )


def _closing_soon(session: Session, now: datetime) -> list[str]:
    open_now = (Round.roll_hash_open.is_not(None), Round.closed_at.is_(None), Round.called_off_at.is_(None))
    soon = (Round.closes_at > now, Round.closes_at <= now + BEFORE_CLOSE)
    rounds = session.execute(select(Round.slug, Round.opens_at, Round.closes_at).where(*open_now, *soon))
    # A round that is as short itself has only just opened.
    return [row.slug for row in rounds if row.closes_at - row.opens_at > BEFORE_CLOSE]


def _to_remind(round_: Round) -> Select[int, int | None]:
    has_asked = exists().where(WantedMail.account_id == RollEntry.account_id, WantedMail.kind == REMINDERS)
    not_voted = (RollEntry.voted_at.is_(None), RollEntry.barred_at.is_(None), RollEntry.account_id.is_not(None))
    people = select(RollEntry.id, RollEntry.account_id).where(RollEntry.round_id == round_.id, *not_voted, has_asked)
    return people.order_by(RollEntry.id)
