"""Tasks that come round by the clock; each run happens once, whichever worker takes it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from membership.db import insert_ignore
from membership.outbox.models import PeriodicRun

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Every:
    """How often a task comes round, and how long `after` midnight (UTC), or after a Thursday's for weeks."""

    step: timedelta
    after: timedelta = timedelta(0)

    def latest_before(self, now: datetime) -> datetime:
        """Returns the moment of the run that is due by `now`."""
        start = EPOCH + self.after
        return start + (now - start) // self.step * self.step


def take_run(session: Session, name: str, every: Every, *, now: datetime) -> bool:
    """Claims the run of `name` that is due by `now`; `False` if somebody already did. Missed runs are not repeated."""
    taken = insert_ignore(session, PeriodicRun, name=name, due_at=every.latest_before(now))
    if taken:
        session.execute(delete(PeriodicRun).where(PeriodicRun.name == name, PeriodicRun.due_at < now - 10 * every.step))
    return taken
