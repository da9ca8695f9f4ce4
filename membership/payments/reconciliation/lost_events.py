"""Events that Stripe made and that never came here. What counts is whether we looked at their object since."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.payments.gateway import Gateway
from membership.payments.looks import ACCOUNT, Event, Look, things_of
from membership.payments.mirror import Thing
from membership.payments.models import Payment, StripeEvent, StripeObject
from membership.payments.reconciliation.differences import Survey, Window
from membership.payments.reconciliation.surveying import LATELY, Part
from membership.payments.records import EventSeen

# What an object of each kind is counted under, by which of its fields; `None`: it is that itself.
UNDER: Mapping[str, tuple[str, str | None]] = {
    "payment": ("payment", None),
    "subscription": ("pledge", None),
    "refund": ("payment", "payment_intent"),
    "dispute": ("payment", "payment_intent"),
    "payout": ("payout", None),
}


def part(looks: Mapping[str, tuple[Look, ...]]) -> Part[EventSeen]:
    """Makes the part that looks for lost events of the types in `looks`."""

    def read(gateway: Gateway, window: Window) -> Iterator[EventSeen]:
        since = max(window.since or window.now - LATELY, window.now - LATELY)
        return gateway.events(sorted(looks), since)

    def compare(session: Session, survey: Survey, page: list[EventSeen]) -> None:
        for event in _lost(session, page):
            read_event = Event(event.id, event.type, event.object_id or "", event.body)
            for thing in things_of(read_event, looks[event.type]):
                _note(session, survey, event, read_event.thing, thing)

    return Part("events", read, compare, _count, only_lately=True)


def _lost(session: Session, page: list[EventSeen]) -> list[EventSeen]:
    known = set(session.scalars(select(StripeEvent.id).where(StripeEvent.id.in_([event.id for event in page]))))
    return [event for event in page if event.id not in known]


def _note(session: Session, survey: Survey, event: EventSeen, body: dict[str, Any], thing: Thing) -> None:
    under = _under(body, thing)
    if thing == ACCOUNT or under is None or not _is_ours(session, survey, body, under):
        return
    # All that a session tells of money, its subscription or payment tells as well.
    telling = (thing.id, under[1]) if thing.kind == "checkout" else (thing.id,)
    looked_at = session.scalar(select(func.max(StripeObject.fetched_at)).where(StripeObject.id.in_(telling)))
    if looked_at is None or looked_at < event.created_at:
        what = f"{event.type} of {event.created_at:%Y-%m-%d %H:%M} UTC never came ({event.id})"
        survey.add(*under, what, thing)


def _under(body: dict[str, Any], thing: Thing) -> tuple[str, str] | None:
    if thing.kind == "checkout":
        kind = "pledge" if body.get("subscription") else "payment"
        key = body.get("subscription") or body.get("payment_intent")
        return (kind, key) if isinstance(key, str) else ("attempt", str(body.get("client_reference_id")))
    if thing.kind == "invoice":
        subscription = _details(body).get("subscription")
        return ("pledge", subscription) if isinstance(subscription, str) else None
    if thing.kind not in UNDER:
        return None
    kind, name = UNDER[thing.kind]
    key = thing.id if name is None else body.get(name)
    return (kind, key) if isinstance(key, str) else None


def _is_ours(session: Session, survey: Survey, body: dict[str, Any], under: tuple[str, str]) -> bool:
    kind, key = under
    marks = (body.get("metadata") or {}, _details(body).get("metadata") or {})
    if kind == "payout" or under in survey.differences or any(survey.site in pairs.values() for pairs in marks):
        return True
    # A renewal's charge, and what takes from it, bears no mark: our row says whose it is.
    return kind == "payment" and bool(session.scalar(select(Payment.id).where(Payment.payment_intent == key)))


def _details(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (body.get("parent") or {}).get("subscription_details") or {}
    return found


def _count(session: Session, window: Window) -> int:
    since = max(window.since or window.now - LATELY, window.now - LATELY)
    return session.scalar(select(func.count()).select_from(StripeEvent).where(StripeEvent.created_at >= since)) or 0
