"""How one object at Stripe comes into our tables: ticket, commit, fetch, lock, apply if not overtaken."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from flask import current_app
from sqlalchemy.orm import Session

from membership.clock import Clock
from membership.db import Database, transaction
from membership.payments.gateway import Gateway, GoneAtStripe
from membership.payments.tickets import mark_gone, redeem, take

# So many threads keep what came, because most of their time is waiting for the database; SQLite has one writer anyway.
KEEPERS = 3

Record = TypeVar("Record")

Hook = Callable[..., object]


class NotOurs(Exception):  # noqa: N818 - named for what was found
    """The object belongs to somebody else who uses the same Stripe account; the message says why we think so."""


@dataclass(frozen=True)
class Cause:
    """Why we look at an object: `kind` is event, thanks, reconcile or staff; `id` names the event, if it was one."""

    kind: str
    id: str | None = None


@dataclass(frozen=True)
class Thing:
    """One object at Stripe: what kind it is, and its id there."""

    kind: str
    id: str


@dataclass(frozen=True)
class Asked:
    """An object that Stripe is being asked for already, and the ticket that was taken before."""

    ticket: int
    answer: Future[Any]


@dataclass(frozen=True)
class Mirror:
    """What a sync works with. `may_vote_now` is asked when an account comes to have the right to vote.

    `money_went_back` is told that a payment has gone back, and why, or (why: `None`) that it is with us again.

    For a batch of events, `seen` keeps what was fetched, so that nothing is fetched twice in it (`None`: fetch anew),
    and `asked` what is on its way. `keepers`: so many threads keep what came; one keeps it in the order of its events.
    """

    database: Database
    gateway: Gateway
    clock: Clock
    may_vote_now: tuple[Hook, ...] = field(default=())
    money_went_back: tuple[Hook, ...] = field(default=())
    seen: dict[Thing, Any] | None = field(default=None, compare=False)
    asked: Mapping[Thing, Asked] = field(default_factory=dict, compare=False)
    keepers: int = KEEPERS


Keep = Callable[[Session, Record, Cause, datetime], Any]


def reflect(
    mirror: Mirror,
    thing: Thing,
    fetch: Callable[[str], Record],
    keep: Keep[Record],
    cause: Cause,
    *,
    first: Callable[[Record], object] | None = None,
) -> Record | None:
    """Brings one object up to date; returns what was fetched, or `None` if Stripe no longer knows it.

    `fetch` runs outside of any transaction, and so does `first`, which brings what the object leans on. `keep` runs in
    one that holds the object's row, and is not called if a later fetch was applied meanwhile. Raises `NotOurs` (from
    `keep`) and whatever the gateway raises.
    """
    if not thing.id:
        raise NotOurs("it names no object")
    if mirror.seen is not None and thing in mirror.seen:
        known: Record | None = mirror.seen[thing]
        return known
    record = _brought(mirror, thing, fetch, keep, cause, first)
    if mirror.seen is not None:
        mirror.seen[thing] = record
    return record


def _brought(
    mirror: Mirror,
    thing: Thing,
    fetch: Callable[[str], Record],
    keep: Keep[Record],
    cause: Cause,
    first: Callable[[Record], object] | None,
) -> Record | None:
    ticket, record = _fetched(mirror, thing, fetch)
    if record is not None and first is not None:
        first(record)
    with mirror.database.session() as session, transaction(session):
        now = mirror.clock.now()
        if record is None:
            mark_gone(session, thing.id, ticket, now=now)
        elif redeem(session, thing.id, ticket, now=now):
            keep(session, record, cause, now)
    return record


def _fetched(mirror: Mirror, thing: Thing, fetch: Callable[[str], Record]) -> tuple[int, Record | None]:
    """Returns the ticket that was taken before Stripe was asked, and what it said; `None`: the object is gone."""
    asked = mirror.asked.get(thing)
    if asked is None:
        with mirror.database.session() as session, transaction(session):
            ticket = take(session, thing.id, thing.kind)
    else:
        ticket = asked.ticket
    try:
        return ticket, fetch(thing.id) if asked is None else asked.answer.result()
    except GoneAtStripe:
        return ticket, None


def current_mirror() -> Mirror:
    """Returns the mirror of the current application."""
    mirror: Mirror = current_app.extensions["mirror"]
    return mirror
