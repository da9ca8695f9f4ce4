"""What is known of deliveries and events, as the console shows it: newest first, by page, by type and state."""

import fnmatch
import sqlite3
from datetime import UTC, datetime

from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.store import Store

STATES = ("waiting", "sending", "delivered", "failed")


def last_deliveries(
    store: Store, *, limit: int, before: int | None = None, state: str = "", event_type: str = "", number: int = 0
) -> list[Json]:
    """Returns deliveries, the newest first, and beneath `before` where it is given.

    `event_type` is a name, or a group such as `invoice.*`; an empty word means all. `number` asks for one delivery.
    """
    rows = store.rows(
        "SELECT * FROM deliveries WHERE (?1 = 0 OR id = ?1) AND (?2 IS NULL OR id < ?2) AND (?3 = '' OR state = ?3) "
        "AND (?4 = '' OR type GLOB ?4) ORDER BY id DESC LIMIT ?5",
        number, before, state, event_type, limit,
    )  # fmt: skip
    urls = {endpoint["id"]: endpoint["url"] for endpoint in store.endpoints()}
    return [_shown(row, urls) for row in rows]


def _shown(row: sqlite3.Row, urls: dict[str, str]) -> Json:
    delivery = dict(row)
    at = moment(delivery["last_at"] or delivery["first_at"])
    return delivery | {"url": urls.get(delivery["endpoint"], "gone"), "at": at, "next": moment(delivery["next_at"])}


def tries_of(store: Store, number: int) -> list[Json]:
    """Returns each try of a delivery, the first one first: when, with which signature, and what was answered."""
    rows = store.rows("SELECT at, signature, answer, body FROM tries WHERE delivery = ? ORDER BY id", number)
    return [dict(row) | {"at": moment(row["at"])} for row in rows]


def last_events(store: Store, *, limit: int, before: str | None = None, event_type: str = "") -> list[Json]:
    """Returns all events there still are, however old, the newest first."""
    where = {}
    if event_type:
        where["type"] = tuple(fnmatch.filter(store.values("event", "type"), event_type))
    return store.page("event", where, after=before, limit=limit)


def moment(at: int) -> str:
    """Returns a Unix time as words, in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat(" ")[:19]
