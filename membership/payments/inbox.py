"""The inbox: stored events are claimed, grouped by what they are about, and lead to one sync each."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from membership.db import transaction
from membership.outbox.rows import wait_after
from membership.payments.mirror import Cause, Mirror, NotOurs
from membership.payments.models import StripeEvent

BATCH = 100
CLAIM = timedelta(minutes=2)
# Stripe itself goes on delivering for three days; so long do we try.
GIVE_UP_AFTER = timedelta(days=3)

log = structlog.get_logger()


@dataclass(frozen=True)
class Event:
    """A stored event: a trigger, never a fact. `payload` is only read to find which object it is about."""

    id: str
    type: str
    object_id: str
    payload: str


Handler = Callable[[Mirror, Event, Cause], object]


def drain(mirror: Mirror, handlers: Mapping[str, tuple[Handler, ...]]) -> int:
    """Handles a batch of waiting events; returns how many were claimed.

    Events of one type about one object share one sync: what counts is how the object is now.
    """
    with mirror.database.session() as session, transaction(session):
        events = _claim(session, now=mirror.clock.now())
    events.sort(key=_about)
    for _, alike in groupby(events, key=_about):
        _handle(mirror, list(alike), handlers)
    return len(events)


def _about(event: Event) -> tuple[str, str]:
    # What names no object is about itself alone.
    return event.type, event.object_id or event.id


def oldest_waiting(session: Session) -> datetime | None:
    """Returns when the oldest event that is still to be handled came in; `None` if there is none."""
    return session.scalar(select(func.min(StripeEvent.received_at)).where(StripeEvent.state == "waiting"))


def _claim(session: Session, *, now: datetime) -> list[Event]:
    statement = (
        select(StripeEvent)
        .where(StripeEvent.state == "waiting", StripeEvent.next_try_at <= now)
        .order_by(StripeEvent.next_try_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    rows = list(session.scalars(statement))
    for row in rows:
        row.tries += 1
        row.next_try_at = now + CLAIM
    return [Event(row.id, row.type, row.object_id or "", row.payload or "") for row in rows]


def _handle(mirror: Mirror, events: list[Event], handlers: Mapping[str, tuple[Handler, ...]]) -> None:
    latest = events[-1]
    state, reason = "handled", None
    if latest.type not in handlers:
        state, reason = "ignored", "nothing here depends on this type"
    try:
        for handler in handlers.get(latest.type, ()):
            handler(mirror, latest, Cause("event", latest.id))
    except NotOurs as error:
        state, reason = "ignored", str(error)
    except Exception as error:  # the edge of the inbox: the row keeps the reason and is tried again
        log.exception("event.failed", event_id=latest.id, type=latest.type)
        state, reason = "waiting", f"{type(error).__name__}: {error}"[:500]
    with mirror.database.session() as session, transaction(session):
        _settle(session, events, state, reason, now=mirror.clock.now())


def _settle(session: Session, events: Iterable[Event], state: str, reason: str | None, *, now: datetime) -> None:
    ids = [event.id for event in events]
    if state != "waiting":
        done = update(StripeEvent).where(StripeEvent.id.in_(ids))
        session.execute(done.values(state=state, reason=reason, handled_at=now, next_try_at=None))
        return
    for row in session.scalars(select(StripeEvent).where(StripeEvent.id.in_(ids)).with_for_update()):
        row.reason = reason
        row.next_try_at = now + wait_after(row.tries)
        if now - row.received_at > GIVE_UP_AFTER:
            row.state, row.next_try_at = "dead", None
