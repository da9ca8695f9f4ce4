"""Somebody who writes again and again, and how long one of their transactions took at most."""

import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Self

from sqlalchemy.orm import Session

from membership.db import Database, transaction

PAUSE_SECONDS = 0.005


class Writer:
    """One who writes while the block lasts; `longest` in seconds, from asking for a transaction to its end."""

    def __init__(self, database: Database, write: Callable[[Session], object]) -> None:
        self.longest = 0.0
        self._database, self._write = database, write
        self._done = Event()
        self._thread = Thread(target=self._go_on)

    def __enter__(self) -> Self:
        self._once()  # what a first time costs says nothing of waiting
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
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
