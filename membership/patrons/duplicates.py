"""Two pledges of one person: the question which one was meant, and what the answer does.

It is asked by a letter to the account's own address and in the signed-in account, nowhere else: whoever only typed an
address learns nothing (docs/design.md, 3).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.models import Account
from membership.clock import Clock
from membership.db import Database, locked, transaction
from membership.errors import NotFound, Refusal, WrongState
from membership.money import Money
from membership.outbox.models import OutboxRow
from membership.outbox.rows import enqueue
from membership.patrons.dropping import RULE, all_of, drop, give_back, owing
from membership.patrons.live import is_healthy, settle_live, tell
from membership.patrons.models import Pledge, PledgeChange
from membership.patrons.pledges import live_pledge
from membership.payments.refunding import Asker
from membership.payments.second_of_form import look_at_seconds_again

# What is kept: the pledge that was there, the one that came, or one of them for the sum of both.
OLDER, NEWER, BOTH = CHOICES = ("older", "newer", "both")
TIME_TO_CHOOSE = timedelta(days=7)


@dataclass(frozen=True)
class Side:
    """One of two pledges between which somebody is to choose."""

    money: Money
    cadence: str
    since: datetime
    card_last4: str


@dataclass(frozen=True)
class Question:
    """Two pledges of one account. `together`: what is charged if both were meant, `None` if they cannot be joined.

    `until` is when the older one is kept if nobody answers.
    """

    reference: str
    older: Side
    newer: Side
    together: Money | None
    until: datetime


@dataclass(frozen=True)
class Outcome:
    """What became of a second pledge. `choice`: older, newer, both or replaced; `by`: patron or rule.

    `together` is what is charged from then on if both were meant.
    """

    choice: str
    by: str
    together: Money | None


class WithRows(Protocol):
    """What of the process's seams it takes to settle by the clock."""

    @property
    def database(self) -> Database: ...

    @property
    def clock(self) -> Clock: ...


def questions_of(session: Session, account_id: int) -> tuple[Question, ...]:
    """Returns what an account is still asked about its pledges; most are asked nothing."""
    older = live_pledge(session, account_id)
    return tuple(_question(older, newer) for newer in _asked(session, account_id)) if older else ()


def outcome_of(session: Session, pledge_id: int) -> Outcome | None:
    """Returns what became of a second pledge; `None` while nothing did."""
    settled = select(PledgeChange).where(PledgeChange.pledge_id == pledge_id, PledgeChange.what == "duplicate")
    change = session.scalars(settled.order_by(PledgeChange.id.desc()).limit(1)).first()
    if change is None:
        return None
    minor, _, currency = (change.was or "").partition(" ")
    return Outcome(change.now or "", change.cause, Money(int(minor), currency) if currency else None)


def choose(session: Session, account_id: int, reference: str, choice: str, *, by: Asker, now: datetime) -> None:
    """Settles which of two pledges goes on; `reference` is the newer's. The same choice again is no error.

    Raises `NotFound` if the account has no such pledge, a `Refusal` of field `choice` for none of the three, and
    `WrongState` if it was settled otherwise meanwhile, or if the two cannot be joined.
    """
    if choice not in CHOICES:
        raise Refusal("Choose which of the two pledges goes on.", field="choice")
    locked(session, Account, account_id)
    settle_live(session, account_id, now=now)
    newer = session.scalar(select(Pledge).where(Pledge.reference == reference, Pledge.account_id == account_id))
    if newer is None:
        raise NotFound("There is no such pledge here.")
    older = live_pledge(session, account_id)
    if newer.duplicate_since is None or older is None:
        outcome = outcome_of(session, newer.id)
        if outcome is not None and outcome.choice == choice:
            return
        raise WrongState("This has been settled meanwhile. Your account shows how your pledge stands.")
    together = _together(older, newer) if choice == BOTH else None
    _settle(session, older, newer, choice, by=by, now=now)
    settle_live(session, account_id, now=now)
    tell(session, newer, choice, together=together, cause=by.kind, now=now)


def settle_by_the_clock(seams: WithRows) -> None:
    """Keeps the older of two healthy pledges where nobody has chosen for seven days; gives back what is still owed."""
    now = seams.clock.now()
    second = select(Pledge.account_id, Pledge.reference, Pledge.duplicate_since).where(Pledge.why == "duplicate")
    with seams.database.session() as session:
        for account_id, reference, since in session.execute(second.order_by(Pledge.id)).all():
            is_due = since is not None and since <= now - TIME_TO_CHOOSE
            with transaction(session):
                if is_due:
                    _keep_older(session, account_id, reference, now=now)
                else:
                    settle_live(session, account_id, now=now)
        for pledge in owing(session):
            with transaction(session):
                give_back(session, pledge, now=now)
        with transaction(session):
            look_at_seconds_again(session, now=now)


def _keep_older(session: Session, account_id: int, reference: str, *, now: datetime) -> None:
    try:
        choose(session, account_id, reference, OLDER, by=RULE, now=now)
    except WrongState:
        # Its owner has chosen in this very moment.
        return


def _settle(session: Session, older: Pledge, newer: Pledge, choice: str, *, by: Asker, now: datetime) -> None:
    if choice == NEWER:
        drop(session, older, back_from=newer.started_at, by=by, now=now)
    elif choice == OLDER:
        drop(session, newer, back_from=all_of(newer), by=by, now=now)
    else:
        _join(session, older, newer, now=now)
        # What it took was meant; only what it might still take until Stripe has heard was not.
        drop(session, newer, back_from=now, by=by, now=now)


def _join(session: Session, older: Pledge, newer: Pledge, *, now: datetime) -> None:
    together = _together(older, newer)
    if together is None:
        raise WrongState("These two cannot become one: they differ in currency, or in how often they are charged.")
    if _is_being_raised(session, older):
        raise WrongState("Another pledge is being added to yours just now. Please choose again in a minute.")
    raised = {"pledge": older.reference, "from_minor": older.amount.minor, "amount_minor": together.minor}
    enqueue(session, "raise_pledge", f"{older.reference}:{newer.reference}", raised, now=now)


def _is_being_raised(session: Session, pledge: Pledge) -> bool:
    # Until Stripe has heard of the last raise, the sum that stands in the rows is the one before it.
    waiting = (
        OutboxRow.kind == "raise_pledge",
        OutboxRow.key.startswith(pledge.reference),
        OutboxRow.done_at.is_(None),
    )
    return session.scalar(select(OutboxRow.id).where(*waiting).limit(1)) is not None


def _asked(session: Session, account_id: int) -> Sequence[Pledge]:
    asked = (Pledge.account_id == account_id, Pledge.why == "duplicate", Pledge.duplicate_since.is_not(None))
    return session.scalars(select(Pledge).where(*asked).order_by(Pledge.started_at, Pledge.id)).all()


def _question(older: Pledge, newer: Pledge) -> Question:
    since = newer.duplicate_since or newer.started_at
    return Question(newer.reference, _side(older), _side(newer), _together(older, newer), since + TIME_TO_CHOOSE)


def _side(pledge: Pledge) -> Side:
    return Side(pledge.amount, pledge.cadence, pledge.started_at, pledge.card_last4 or "")


def _together(older: Pledge, newer: Pledge) -> Money | None:
    alike = (older.amount.currency, older.cadence) == (newer.amount.currency, newer.cadence)
    return (
        Money(older.amount.minor + newer.amount.minor, older.amount.currency) if alike and is_healthy(older) else None
    )
