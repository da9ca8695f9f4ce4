"""The version of the public site: one number, bumped in each transaction that changes a public page."""

from dataclasses import dataclass, field
from threading import Lock
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from membership.clock import monotonic
from membership.db import Database
from membership.newsroom.models import SiteVersion

LOOK_EVERY_SECONDS = 1.0
UNKNOWN = -1

_NUMBER = select(SiteVersion.number)
# Given by the first migration and never changed: each process asks once.
_SITES: WeakKeyDictionary[Engine | Connection, str] = WeakKeyDictionary()


def bump(session: Session) -> None:
    """Says, in the caller's transaction, that a public page has changed."""
    session.execute(update(SiteVersion).values(number=SiteVersion.number + 1))


def site_id(session: Session) -> str:
    """Returns the random name by which this site tags what it makes at Stripe."""
    engine = session.get_bind()
    if engine not in _SITES:
        _SITES[engine] = session.scalars(select(SiteVersion.site_id)).one()
    return _SITES[engine]


@dataclass
class VersionWatch:
    """Knows the site's version in this process, and looks at the row at most once in `look_every_seconds`."""

    database: Database
    look_every_seconds: float = LOOK_EVERY_SECONDS
    _number: int = UNKNOWN
    _looked_at: float = float("-inf")
    _lock: Lock = field(default_factory=Lock, repr=False)

    def current(self) -> int:
        """Returns the number, at most `look_every_seconds` old; the last known one while the database is away."""
        if monotonic() - self._looked_at < self.look_every_seconds:
            return self._number
        with self._lock:
            if monotonic() - self._looked_at >= self.look_every_seconds:
                self._number = self._look()
                self._looked_at = monotonic()
        return self._number

    def _look(self) -> int:
        try:
            with self.database.session() as session:
                return session.scalars(_NUMBER).one()
        except OperationalError:
            # Whoever only reads is served from memory, and need not notice.
            if self._number == UNKNOWN:
                raise
            return self._number
