"""The inbox: stored events are claimed, and each object that they are about is looked at once."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from membership.db import transaction
from membership.masking import masked
from membership.outbox.rows import wait_after
from membership.payments.ahead import asking_ahead
from membership.payments.gateway import StripeAway
from membership.payments.looks import Event, Look, things_of
from membership.payments.mirror import Cause, Mirror, NotOurs, Thing
from membership.payments.models import StripeEvent
from membership.payments.webhook import UNKNOWN_TYPE

BATCH = 100
CLAIM = timedelta(minutes=2)
# With the growing waits between them so many tries take three days; so long does Stripe itself go on delivering.
MOST_TRIES = 22
SHARE = 10
# A Stripe that does not answer takes 12 seconds each time: the rest of a batch need not find out for itself.
PATIENCE = 2
LONGEST_REASON = 500

log = structlog.get_logger()


Sync = Callable[[Mirror, str, Cause], object]


@dataclass(frozen=True)
class Found:
    """How it went: `state` is handled, ignored, waiting (it failed, and is tried again) or dead, with the reason."""

    state: str
    reason: str | None = None
    is_away: bool = False


@dataclass(frozen=True)
class Rules:
    """Which event makes us look at what, and what brings each kind of object up to date."""

    looks: Mapping[str, tuple[Look, ...]]
    syncs: Mapping[str, Sync]


@dataclass(frozen=True)
class Claimed:
    """An event of the batch and what it makes us look at; `verdict` is there if nothing need be looked at."""

    event: Event
    things: tuple[Thing, ...]
    verdict: Found | None = None


def drain(mirror: Mirror, rules: Rules) -> int:
    """Handles a batch of waiting events; returns how many were claimed.

    All events of the batch that are about one object share one look at it: what counts is how it is now. What is
    fetched after the claim is newer than every event of the batch.
    """
    with mirror.database.session() as session, transaction(session):
        events = _claim(session, now=mirror.clock.now())
    if not events:
        return 0
    claimed = [_named(event, rules) for event in events]
    with asking_ahead(mirror, (thing for each in claimed for thing in each.things)) as looking:
        found = _look_at_all(looking, claimed, rules)
    with mirror.database.session() as session, transaction(session):
        for verdict, alike in _by_verdict(claimed, found).items():
            _settle(session, alike, verdict, now=mirror.clock.now())
    return len(claimed)


def _named(event: Event, rules: Rules) -> Claimed:
    if event.type not in rules.looks:
        return Claimed(event, (), Found("ignored", UNKNOWN_TYPE))
    try:
        things = things_of(event, rules.looks[event.type])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        # It will read no better tomorrow.
        return Claimed(event, (), Found("dead", f"it cannot be read: {type(error).__name__}: {error}"[:LONGEST_REASON]))
    return Claimed(event, things, None if things else Found("ignored", "it names nothing that is kept here"))


def _look_at_all(mirror: Mirror, claimed: Sequence[Claimed], rules: Rules) -> dict[Thing, Found]:
    named: dict[Thing, Event] = {}
    for each in claimed:
        for thing in each.things:
            named.setdefault(thing, each.event)
    away: list[Found] = []
    look = partial(_look_at_share, mirror, rules, away)
    if mirror.keepers == 1 or mirror.database.is_sqlite or len(named) <= SHARE:
        return look(list(named.items()))
    with ThreadPoolExecutor(mirror.keepers, thread_name_prefix="keeper") as pool:
        looks = [pool.submit(copy_context().run, look, share) for share in _shares(list(named.items()))]
        return {thing: found for each in looks for thing, found in each.result().items()}


def _shares(named: Sequence[tuple[Thing, Event]]) -> list[Sequence[tuple[Thing, Event]]]:
    """Cuts what is to be looked at into pieces: neighbours, which mostly lean on each other, stay together."""
    return [named[start : start + SHARE] for start in range(0, len(named), SHARE)]


def _look_at_share(
    mirror: Mirror, rules: Rules, away: list[Found], share: Sequence[tuple[Thing, Event]]
) -> dict[Thing, Found]:
    found: dict[Thing, Found] = {}
    for thing, event in share:
        found[thing] = away[-1] if len(away) >= PATIENCE else _look(mirror, thing, rules, event)
        if found[thing].is_away:
            away.append(found[thing])
    return found


def _look(mirror: Mirror, thing: Thing, rules: Rules, event: Event) -> Found:
    try:
        rules.syncs[thing.kind](mirror, thing.id, Cause("event", event.id))
    except NotOurs as error:
        return Found("ignored", str(error))
    except Exception as error:  # the edge of the inbox: the row keeps the reason and is tried again
        log.exception("event.failed", event_id=event.id, type=event.type)
        reason = masked(f"{type(error).__name__}: {error}")[:LONGEST_REASON]
        return Found("waiting", reason, is_away=isinstance(error, StripeAway))
    return Found("handled")


def _by_verdict(claimed: Sequence[Claimed], found: Mapping[Thing, Found]) -> dict[Found, list[str]]:
    verdicts: dict[Found, list[str]] = {}
    for each in claimed:
        verdict = each.verdict or _worst([found[thing] for thing in each.things])
        verdicts.setdefault(verdict, []).append(each.event.id)
    return verdicts


def _worst(found: Sequence[Found]) -> Found:
    for state in ("waiting", "ignored"):
        for each in found:
            if each.state == state:
                return each
    return Found("handled")


def oldest_waiting(session: Session) -> datetime | None:
    """Returns when the oldest event that is still to be handled came in; `None` if there is none."""
    return session.scalar(select(func.min(StripeEvent.received_at)).where(StripeEvent.state == "waiting"))


def _claim(session: Session, *, now: datetime) -> list[Event]:
    statement = (
        select(StripeEvent)
        .where(StripeEvent.state == "waiting", StripeEvent.next_try_at <= now)
        # Of those that came at once the older first: receipts are numbered as they are kept.
        .order_by(StripeEvent.next_try_at, StripeEvent.created_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    rows = list(session.scalars(statement))
    for row in rows:
        row.tries += 1
        row.next_try_at = now + CLAIM
    return [Event(row.id, row.type, row.object_id or "", row.payload) for row in rows]


def _settle(session: Session, ids: list[str], verdict: Found, *, now: datetime) -> None:
    if verdict.state != "waiting":
        # One that was replayed meanwhile is handled by this look as well: it was fetched after the claim.
        done = update(StripeEvent).where(StripeEvent.id.in_(ids))
        session.execute(
            done.values(state=verdict.state, reason=verdict.reason, handled_at=now, next_try_at=None),
            execution_options={"synchronize_session": False},
        )
        return
    for row in session.scalars(select(StripeEvent).where(StripeEvent.id.in_(ids)).with_for_update()):
        row.reason = verdict.reason
        row.next_try_at = now + wait_after(row.tries)
        if row.tries >= MOST_TRIES:
            log.error("event.dead", event_id=row.id, type=row.type, reason=row.reason)
            row.state, row.next_try_at = "dead", None
