"""Somebody who writes again and again, and how long one of their transactions took at most."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from sqlalchemy.orm import Session

from membership.db import Database, transaction

PAUSE_SECONDS = 0.005


class Writer:
    """One who writes until told to stop; `longest` in seconds, from asking for the transaction to its end."""

    def __init__(self, database: Database, write: Callable[[Session], object]) -> None:
        self.longest = 0.0
        self._database, self._write = database, write
        self._done = Event()
        self._thread = Thread(target=self._go_on)

    def start(self) -> None:
        """Begins, and returns when the first transaction is done."""
        self._once()
        self._thread.start()

    def stop(self) -> None:
        """Waits until the last transaction is done."""
        self._done.set()
        self._thread.join()

    def _go_on(self) -> None:
        while not self._done.wait(PAUSE_SECONDS):
            self.longest = max(self.longest, self._once())

    def _once(self) -> float:
        begun = time.monotonic()
        with self._database.session() as session, transaction(session):
            self._write(session)
        return time.monotonic() - begun


@contextmanager
def writing_all_the_time(database: Database, write: Callable[[Session], object]) -> Iterator[Writer]:
    """Lets one write meanwhile."""
    writer = Writer(database, write)
    writer.start()
    try:
        yield writer
    finally:
        writer.stop()
