"""The version of the public site: one number, bumped in each transaction that changes a public page."""

from dataclasses import dataclass, field
from threading import Lock

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from membership.clock import monotonic
from membership.db import Database
from membership.newsroom.models import SiteVersion

LOOK_EVERY_SECONDS = 1.0

_NUMBER = select(SiteVersion.number)


def bump(session: Session) -> None:
    """Says, in the caller's transaction, that a public page has changed."""
    session.execute(update(SiteVersion).values(number=SiteVersion.number + 1))


def site_id(session: Session) -> str:
    """Returns the random name by which this site tags what it makes at Stripe."""
    return session.scalars(select(SiteVersion.site_id)).one()


@dataclass
class VersionWatch:
    """Knows the site's version in this process, and looks at the row at most once in `look_every_seconds`."""

    database: Database
    look_every_seconds: float = LOOK_EVERY_SECONDS
    _number: int = -1
    _looked_at: float = float("-inf")
    _lock: Lock = field(default_factory=Lock, repr=False)

    def current(self) -> int:
        """Returns the number, at most `look_every_seconds` old."""
        if monotonic() - self._looked_at < self.look_every_seconds:
            return self._number
        with self._lock:
            if monotonic() - self._looked_at >= self.look_every_seconds:
                with self.database.session() as session:
                    self._number = session.scalars(_NUMBER).one()
                self._looked_at = monotonic()
        return self._number
