"""The sandbox's clock: the wall's time plus one offset in seconds, kept in a file that the application reads too."""

import os
import time
from pathlib import Path

monotonic = time.monotonic
pause = time.sleep


def wall_milliseconds() -> int:
    """Returns the real time in milliseconds: what ids begin with."""
    return time.time_ns() // 1_000_000


class Clock:
    """Tells the shifted time in whole seconds since 1970. A missing file means no shift."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def now(self) -> int:
        """Returns the shifted time: what Stripe's `created` fields use."""
        return self.wall() + self.offset()

    def wall(self) -> int:
        """Returns the real time: what the signatures of webhooks use."""
        return int(time.time())

    def offset(self) -> int:
        """Returns by how many seconds the shifted time is ahead. A file without an integer raises ValueError."""
        try:
            return int(self.path.read_text(encoding="ascii").strip() or 0)
        except FileNotFoundError:
            return 0

    def set_to(self, moment: int) -> None:
        """Moves the shifted time to `moment` by writing the offset in one step."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_name(f"{self.path.name}.{os.getpid()}.draft")
        draft.write_text(f"{moment - self.wall()}\n", encoding="ascii")
        draft.replace(self.path)
