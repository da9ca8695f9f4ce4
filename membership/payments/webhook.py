"""What Stripe posts to us: verified on the raw body, stored under its id in one statement, looked at later."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from membership.db import Database
from membership.payments.models import StripeEvent
from membership.payments.stripe_gateway.client import API_VERSION
from membership.payments.stripe_gateway.signature import signed_at

TOLERANCE = timedelta(seconds=300)

log = structlog.get_logger()

# Built once: building them for each event would halve the rate.
_INSERTS = {
    "sqlite": sqlite.insert(StripeEvent.__table__).on_conflict_do_nothing(),  # type: ignore[arg-type]  # a Table
    "postgresql": postgresql.insert(StripeEvent.__table__).on_conflict_do_nothing(),  # type: ignore[arg-type]  # a Table
}


class BadDelivery(Exception):  # noqa: N818 - said of what came in
    """The request is no event that Stripe signed for us just now; nothing is stored."""


@dataclass(frozen=True)
class Delivery:
    """An event as it came in, with what decides whether anybody will look at it."""

    id: str
    type: str
    object_id: str | None
    created_at: datetime
    livemode: bool
    api_version: str | None
    account: str | None
    body: str


def verified(body: bytes, header: str, secrets: Sequence[str], *, wall: datetime) -> Delivery:
    """Checks the signature of a request's raw body against every secret and reads the event in it.

    `wall` is the machine's own time; a signature may lie 300 s from it, on either side. Raises `BadDelivery`.
    """
    at = signed_at(body, header, secrets)
    if at is None:
        raise BadDelivery("the signature does not fit the body")
    if abs(wall - at) > TOLERANCE:
        if at > wall:
            log.error("webhook.signed_in_the_future", seconds=int((at - wall).total_seconds()))
        raise BadDelivery("the signature is too old or too new")
    return _read(body)


def store(database: Database, delivery: Delivery, *, livemode: bool, now: datetime) -> None:
    """Stores an event under its id; a second delivery of the same one changes nothing.

    What is not for us is stored as ignored, with the reason. An endpoint of another API version is heard all the
    same, because events only trigger a look, but it is logged.
    """
    if delivery.api_version != API_VERSION:
        log.warning("webhook.other_version", event_id=delivery.id, said=delivery.api_version, ours=API_VERSION)
    reason = _not_for_us(delivery, livemode=livemode)
    values = {
        "id": delivery.id,
        "type": delivery.type,
        "object_id": delivery.object_id,
        "created_at": delivery.created_at,
        "livemode": delivery.livemode,
        "api_version": delivery.api_version,
        "payload": delivery.body,
        "received_at": now,
        "state": "ignored" if reason else "waiting",
        "reason": reason,
        "tries": 0,
        "next_try_at": None if reason else now,
    }
    with database.engine.connect() as connection:
        connection.execute(_INSERTS[connection.dialect.name], values)
        _end(connection)


def _end(connection: Connection) -> None:
    # On PostgreSQL the single statement ran in autocommit and is durable already.
    if connection.dialect.name == "sqlite":
        connection.commit()


def _not_for_us(delivery: Delivery, *, livemode: bool) -> str | None:
    if delivery.livemode != livemode:
        return "livemode"
    return "another account" if delivery.account is not None else None


def _read(body: bytes) -> Delivery:
    try:
        event = json.loads(body)
        thing = event["data"]["object"]
        return Delivery(
            id=_text(event["id"], "evt_"),
            type=_text(event["type"], ""),
            object_id=_optional(thing.get("id")),
            created_at=datetime.fromtimestamp(int(event["created"]), UTC),
            livemode=_flag(event["livemode"]),
            api_version=_optional(event.get("api_version")),
            account=_optional(event.get("account")),
            body=body.decode(),
        )
    except (ValueError, TypeError, KeyError, AttributeError, OSError, OverflowError, RecursionError) as error:
        raise BadDelivery("the body is no event") from error


def _text(value: Any, prefix: str) -> str:
    if not _is_plain(value) or not value.startswith(prefix):
        raise ValueError(value)
    return str(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(value)
    return value


def _optional(value: Any) -> str | None:
    return value if _is_plain(value) else None


def _is_plain(value: Any) -> bool:
    # Stripe's names are ASCII. Half a surrogate or a NUL would be text here and an error in the database.
    return isinstance(value, str) and 0 < len(value) <= 255 and value.isascii() and value.isprintable()
