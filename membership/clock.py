"""Time, as the application sees it. No other module reads the system clock."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

monotonic = time.monotonic
perf_counter = time.perf_counter


class Clock(Protocol):
    """Says what time it is.

    `now()` is the time by which the application lives: aware, UTC, shifted in the demo.
    `wall()` is the machine's own time, for Stripe's signatures alone.
    """

    def now(self) -> datetime: ...

    def wall(self) -> datetime: ...


class SystemClock:
    """The machine's clock, unshifted."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def wall(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True)
class ShiftedClock:
    """The demo's clock: the machine's, moved by the whole seconds that stand in a file shared with the sandbox."""

    path: Path

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._offset_seconds())

    def wall(self) -> datetime:
        return datetime.now(UTC)

    def _offset_seconds(self) -> int:
        try:
            return int(self.path.read_text("ascii").strip() or 0)
        except FileNotFoundError:
            return 0


@dataclass
class SteppedClock:
    """A clock for tests: it stands still until it is moved."""

    at: datetime = field(default_factory=lambda: datetime(2026, 11, 22, 12, 0, tzinfo=UTC))

    def now(self) -> datetime:
        return self.at

    def wall(self) -> datetime:
        return datetime.now(UTC)

    def advance(self, step: timedelta) -> None:
        """Moves the clock on by `step`."""
        self.at += step
