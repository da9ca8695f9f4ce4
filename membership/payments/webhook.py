"""What Stripe posts to us: verified on the raw body, stored under its id in one statement, looked at later."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import structlog
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import psycopg

from membership.db import Database
from membership.payments.models import StripeEvent
from membership.payments.stripe_gateway.client import API_VERSION
from membership.payments.stripe_gateway.signature import signed_at

TOLERANCE = timedelta(seconds=300)
# The cause of the alarm that is raised when a good signature is of a time to come.
FUTURE = "webhook_from_the_future"
OTHER_MODE = "livemode"
OTHER_ACCOUNT = "another account"
UNKNOWN_TYPE = "nothing here depends on this type"

log = structlog.get_logger()

# Built once: building them for each event would halve the rate. PostgreSQL gets the bare text, which SQLAlchemy only
# hands on: another fifteenth.
_TO_SQLITE = sqlite.insert(StripeEvent).on_conflict_do_nothing()
_DIALECT = psycopg.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy does not type it
_TO_POSTGRESQL = str(postgresql.insert(StripeEvent).on_conflict_do_nothing().compile(dialect=_DIALECT))


class BadDelivery(Exception):  # noqa: N818 - said of what came in
    """The request is no event that Stripe signed for us just now; nothing is stored."""


class SignedInTheFuture(BadDelivery):
    """The signature is good and of a time to come: this machine's clock is slow, or somebody else has the secret."""


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

    `wall` is the machine's own time; a signature may lie 300 s from it, on either side. Raises `BadDelivery`, and
    `SignedInTheFuture` if it lies too far ahead.
    """
    at = signed_at(body, header, secrets)
    if at is None:
        raise BadDelivery("the signature does not fit the body")
    if at - wall > TOLERANCE:
        log.error("webhook.signed_in_the_future", seconds=int((at - wall).total_seconds()))
        raise SignedInTheFuture("the signature is too new")
    if wall - at > TOLERANCE:
        raise BadDelivery("the signature is too old")
    return read(body)


def store(database: Database, delivery: Delivery, types: Collection[str], *, livemode: bool, now: datetime) -> None:
    """Stores an event under its id; a second delivery of the same one changes nothing.

    What is not for us, or of no type in `types`, is stored as ignored, with the reason. An endpoint of another API
    version is heard all the same, because events only trigger a look, but it is logged.
    """
    if delivery.api_version != API_VERSION:
        log.warning("webhook.other_version", event_id=delivery.id, said=delivery.api_version, ours=API_VERSION)
    reason = _why_ignored(delivery, types, livemode=livemode)
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
        "handled_at": None,
    }
    with database.engine.connect() as connection:
        if database.is_sqlite:
            connection.execute(_TO_SQLITE, values)
            connection.commit()
        else:
            # The single statement runs in autocommit and is durable by itself.
            connection.exec_driver_sql(_TO_POSTGRESQL, values)


def _why_ignored(delivery: Delivery, types: Collection[str], *, livemode: bool) -> str | None:
    if delivery.livemode != livemode:
        return OTHER_MODE
    if delivery.account is not None:
        return OTHER_ACCOUNT
    return None if delivery.type in types else UNKNOWN_TYPE


def read(body: bytes) -> Delivery:
    """Reads an event as it travels. Raises `BadDelivery` if it is none."""
    try:
        event = _parsed(body)
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


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        # Half a surrogate, as somebody may have typed it into a name, is no error for the slower one.
        return json.loads(body)


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
