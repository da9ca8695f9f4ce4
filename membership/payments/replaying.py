"""Setting stored events waiting again: one by its id, from Stripe if need be, or all that a filter names."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from membership.db import Database, release, transaction
from membership.payments.gateway import Gateway, GoneAtStripe
from membership.payments.mirror import Cause, Mirror, NotOurs
from membership.payments.models import Payment, PaymentSource, StripeEvent
from membership.payments.syncing import sync_payment
from membership.payments.webhook import OTHER_ACCOUNT, OTHER_MODE, read, store

# Why an event is ignored for good: what it is about never was ours to look at.
FOREIGN = (OTHER_MODE, OTHER_ACCOUNT)


class CannotReplay(Exception):  # noqa: N818 - named for what happened
    """The event cannot wait again; the message says why, to an operator."""


@dataclass(frozen=True)
class Choice:
    """Which events: in one of these states, of this type (`None`: any), come in since then (`None`: ever)."""

    states: tuple[str, ...]
    type: str | None = None
    since: datetime | None = None

    @property
    def conditions(self) -> Sequence[Any]:
        found: list[Any] = [
            StripeEvent.state.in_(self.states),
            or_(StripeEvent.reason.is_(None), StripeEvent.reason.not_in(FOREIGN)),
        ]
        if self.type is not None:
            found.append(StripeEvent.type == self.type)
        if self.since is not None:
            found.append(StripeEvent.received_at >= self.since)
        return found


def replay_event(
    database: Database, gateway: Gateway, event_id: str, types: Collection[str], *, livemode: bool, now: datetime
) -> str | None:
    """Sets one event waiting again, whatever became of it; one that is not in the inbox is fetched from Stripe.

    Returns why it is ignored all the same, `None` if it waits. `types` are those that we look at. Raises
    `CannotReplay`, and what the gateway raises.
    """
    with database.session() as session:
        row = session.get(StripeEvent, event_id)
        release(session)
        if row is None:
            return _fetch(session, database, gateway, event_id, types, livemode=livemode, now=now)
        if row.reason in FOREIGN:
            raise CannotReplay(f"{event_id} is not for this site ({row.reason}); it stays ignored.")
        if row.payload is None:
            _put_back(session, gateway, event_id)
        with transaction(session):
            session.execute(_waiting_again(now).where(StripeEvent.id == event_id))
    return None


def replay_all(database: Database, gateway: Gateway, choice: Choice, *, now: datetime) -> int:
    """Sets all events of a choice waiting again; returns how many. What was purged is fetched from Stripe if it can be.

    Events of the other mode or of another account stay ignored.
    """
    with database.session() as session:
        purged = session.scalars(select(StripeEvent.id).where(*choice.conditions, StripeEvent.payload.is_(None))).all()
        release(session)
        for event_id in purged:
            _put_back(session, gateway, event_id)
        with transaction(session):
            woken = session.scalars(_waiting_again(now).where(*choice.conditions).returning(StripeEvent.id)).all()
    return len(woken)


def sync_source(mirror: Mirror, source_id: str, cause: Cause) -> None:
    """Brings up to date the payment that a charge belongs to, if the charge's id is all that is left of the event."""
    tied = select(Payment.payment_intent).join(PaymentSource, PaymentSource.payment_id == Payment.id)
    with mirror.database.session() as session:
        intent = session.scalar(tied.where(PaymentSource.source_id == source_id))
    if intent is None:
        raise NotOurs("its text was purged, and no payment here has this charge")
    sync_payment(mirror, intent, cause)


def _fetch(
    session: Session,
    database: Database,
    gateway: Gateway,
    event_id: str,
    types: Collection[str],
    *,
    livemode: bool,
    now: datetime,
) -> str | None:
    try:
        seen = gateway.event(event_id)
    except GoneAtStripe as error:
        raise CannotReplay(
            f"{event_id} is not in the inbox, and Stripe does not have it. Stripe keeps events for 30 days; "
            "what an older one told, `flask --app app stripe reconcile` finds."
        ) from error
    store(database, read(seen.body.encode()), types, livemode=livemode, now=now)
    return session.scalar(select(StripeEvent.reason).where(StripeEvent.id == event_id))


def _put_back(session: Session, gateway: Gateway, event_id: str) -> None:
    # What Stripe does not have any more is looked at by the id of its object.
    try:
        body = gateway.event(event_id).body
    except GoneAtStripe:
        return
    with transaction(session):
        session.execute(update(StripeEvent).where(StripeEvent.id == event_id).values(payload=body))


def _waiting_again(now: datetime) -> Any:
    again = update(StripeEvent).values(state="waiting", reason=None, tries=0, next_try_at=now, handled_at=None)
    return again.execution_options(synchronize_session=False)
