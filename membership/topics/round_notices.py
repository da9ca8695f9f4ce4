"""Notices about safety to everyone on a roll: at once, by letter, whatever news somebody has chosen to get.

One side effect is written with the act; its task writes one for each person, in parts, and may be broken off.
"""

from collections.abc import Mapping
from typing import Any, Final, Protocol

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.models import Account
from membership.clock import Clock
from membership.db import Database, transaction
from membership.mail.letters import Block, Button, Letter, Line
from membership.newsroom.signed_letter import signed
from membership.outbox.rows import Task, enqueue
from membership.topics.models import RollEntry, Round
from membership.topics.rounds import InRound, reason_called_off, topics_in_round

NOTICE: Final = "round_notice"
AT_ONCE = 500


class Telling(Protocol):
    """What of the process's seams it takes to write to everyone on a roll."""

    @property
    def database(self) -> Database: ...

    @property
    def clock(self) -> Clock: ...


def tell_roll(telling: Telling, task: Task) -> None:
    """Carries out `topic_endangered` and `round_called_off`: one letter for each on the roll, however often it runs."""
    after = ""
    with telling.database.session() as session:
        while entries := _next(session, task.payload["round"], after):
            with transaction(session):
                for roll_id, key in entries:
                    told = {"roll_id": roll_id, "topic": task.payload.get("topic")}
                    enqueue(session, NOTICE, f"{task.key}.{key}", told, now=telling.clock.now())
            after = entries[-1][1]


def notice(session: Session, payload: Mapping[str, Any], *, base_url: str) -> Letter | None:
    """Writes to one person on the roll; `None` to who was erased meanwhile."""
    row = session.execute(
        select(RollEntry, Round, Account)
        .join(Round, Round.id == RollEntry.round_id)
        .join(Account, Account.id == RollEntry.account_id)
        .where(RollEntry.id == payload["roll_id"], Account.erased_at.is_(None))
    ).one_or_none()
    if row is None:
        return None
    entry, round_, account = row[0], row[1], row[2]
    topic = next((each for each in topics_in_round(session, round_) if each.slug == payload["topic"]), None)
    if topic is None:
        about, subject, blocks = "off", *_called_off(session, round_, base_url)
    else:
        about, subject, blocks = topic.slug, *_endangered(round_, topic, base_url)
    key = f"{NOTICE}.{round_.slug}.{about}.{entry.key}"
    return signed(account.email, subject=subject, blocks=blocks, key=key, language=account.language)


def _next(session: Session, slug: str, after: str) -> list[tuple[int, str]]:
    rows = session.execute(
        select(RollEntry.id, RollEntry.key)
        .join(Round, Round.id == RollEntry.round_id)
        .where(Round.slug == slug, RollEntry.account_id.is_not(None), RollEntry.key > after)
        .order_by(RollEntry.key)
        .limit(AT_ONCE)
    )
    return [(row.id, row.key) for row in rows]


def _endangered(round_: Round, topic: InRound, base_url: str) -> tuple[str, tuple[Block, ...]]:
    return str(_("“%(topic)s” cannot win any more", topic=topic.title)), (
        Line(
            str(
                _(
                    "You may vote in the round “%(round)s”. One of its topics has become dangerous to report on: "
                    "“%(topic)s”. It stays on the ballot, and cannot win.",
                    round=round_.title,
                    topic=topic.title,
                )
            )
        ),
        Line(str(_("Reason: %(reason)s", reason=topic.danger or ""))),
        Line(str(_("If you chose it, you can choose again until the close. All other votes stand."))),
        Button(str(_("To the ballot")), f"{base_url}/rounds/{round_.slug}/ballot"),
    )


def _called_off(session: Session, round_: Round, base_url: str) -> tuple[str, tuple[Block, ...]]:
    return str(_("The round “%(round)s” is called off", round=round_.title)), (
        Line(str(_("We have called off the round “%(round)s”, in which you could vote.", round=round_.title))),
        Line(str(_("Reason: %(reason)s", reason=reason_called_off(session, round_) or ""))),
        Line(
            str(
                _(
                    "Nothing of it counts. The ballots are deleted uncounted, and its topics are back on the "
                    "shortlist; what is dangerous is withheld."
                )
            )
        ),
        Button(str(_("To the round")), f"{base_url}/rounds/{round_.slug}"),
    )
