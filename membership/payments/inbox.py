"""The inbox: stored events are claimed, and each object that they are about is looked at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from membership.db import transaction
from membership.outbox.rows import wait_after
from membership.payments.looks import Event, Look
from membership.payments.mirror import Cause, Mirror, NotOurs, Thing
from membership.payments.models import StripeEvent

BATCH = 100
CLAIM = timedelta(minutes=2)
# Stripe itself goes on delivering for three days; so long do we try.
GIVE_UP_AFTER = timedelta(days=3)

log = structlog.get_logger()


Sync = Callable[[Mirror, str, Cause], object]


@dataclass(frozen=True)
class Found:
    """How looking at one object went: `state` is handled, ignored or waiting (it failed), with the reason."""

    state: str
    reason: str | None = None


@dataclass(frozen=True)
class Rules:
    """Which event makes us look at what, and what brings each kind of object up to date."""

    looks: Mapping[str, tuple[Look, ...]]
    syncs: Mapping[str, Sync]


def drain(mirror: Mirror, rules: Rules) -> int:
    """Handles a batch of waiting events; returns how many were claimed.

    All events of the batch that are about one object share one look at it: what counts is how it is now.
    """
    with mirror.database.session() as session, transaction(session):
        events = _claim(session, now=mirror.clock.now())
    named = {event: _things(event, rules) for event in events}
    # What is fetched after the claim is newer than every event of the batch.
    looking = mirror.remembering()
    found = {thing: _look(looking, thing, rules, event) for event, things in named.items() for thing in things}
    for verdict, alike in _by_verdict(named, found, rules).items():
        with mirror.database.session() as session, transaction(session):
            _settle(session, alike, verdict, now=mirror.clock.now())
    return len(events)


def _things(event: Event, rules: Rules) -> tuple[Thing, ...]:
    named = (look(event) for look in rules.looks.get(event.type, ()))
    return tuple(thing for thing in named if thing is not None)


def _by_verdict(
    named: Mapping[Event, tuple[Thing, ...]], found: Mapping[Thing, Found], rules: Rules
) -> dict[Found, list[str]]:
    verdicts: dict[Found, list[str]] = {}
    for event, things in named.items():
        verdict = _verdict(event, [found[thing] for thing in things], rules)
        verdicts.setdefault(verdict, []).append(event.id)
    return verdicts


def _verdict(event: Event, found: list[Found], rules: Rules) -> Found:
    if event.type not in rules.looks:
        return Found("ignored", "nothing here depends on this type")
    for state in ("waiting", "ignored"):
        for each in found:
            if each.state == state:
                return each
    return Found("handled")


def _look(mirror: Mirror, thing: Thing, rules: Rules, event: Event) -> Found:
    try:
        rules.syncs[thing.kind](mirror, thing.id, Cause("event", event.id))
    except NotOurs as error:
        return Found("ignored", str(error))
    except Exception as error:  # the edge of the inbox: the row keeps the reason and is tried again
        log.exception("event.failed", event_id=event.id, type=event.type)
        return Found("waiting", f"{type(error).__name__}: {error}"[:500])
    return Found("handled")


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


def _settle(session: Session, ids: list[str], verdict: Found, *, now: datetime) -> None:
    if verdict.state != "waiting":
        done = update(StripeEvent).where(StripeEvent.id.in_(ids))
        session.execute(done.values(state=verdict.state, reason=verdict.reason, handled_at=now, next_try_at=None))
        return
    for row in session.scalars(select(StripeEvent).where(StripeEvent.id.in_(ids)).with_for_update()):
        row.reason = verdict.reason
        row.next_try_at = now + wait_after(row.tries)
        if now - row.received_at > GIVE_UP_AFTER:
            row.state, row.next_try_at = "dead", None
