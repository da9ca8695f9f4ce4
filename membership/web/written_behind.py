"""Log lines that nobody waits for: whoever logs goes on, and one thread writes together what came in."""

import os
from collections import deque
from contextlib import suppress
from threading import Event, Lock, Thread, main_thread
from typing import TextIO

PAUSE_SECONDS = 0.02
# If nobody reads the far end of a pipe, the oldest lines go before the memory does.
MOST_LINES = 100_000


class WrittenBehind:
    """Takes text from any thread; it stands in the file a moment later, and all of it before the process ends.

    Each write to the kernel lets go of the interpreter. With four busy threads, a write for each request made the
    answer from the page cache twice as dear.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._begin()
        # A child that is forked in the middle of a write would inherit the file's own lock, held by nobody, for ever.
        os.register_at_fork(
            before=lambda: self._file_turn.acquire(),
            after_in_parent=lambda: self._file_turn.release(),
            after_in_child=self._begin,
        )

    def write(self, text: str) -> int:
        """Takes a text and returns at once."""
        self._waiting.append(text)
        if not self._is_writing:
            self._start()
        return len(text)

    def flush(self) -> None:
        """Does nothing: the thread writes through."""

    def _begin(self) -> None:
        # A forked child has no thread of its parent's, and what waits is the parent's to write.
        self._waiting: deque[str] = deque(maxlen=MOST_LINES)
        self._turn = Lock()
        self._file_turn = Lock()
        self._is_writing = False

    def _start(self) -> None:
        if not main_thread().is_alive():
            # The process is ending and waits for no new thread.
            self._write_waiting()
            return
        with self._turn:
            if not self._is_writing:
                self._is_writing = True
                # Not a daemon, even if the server's thread that starts it is one: it ends when all is written.
                Thread(target=self._write_until_quiet, name="log", daemon=False).start()

    def _write_until_quiet(self) -> None:
        pause = Event()
        while self._write_waiting() or not self._may_end():
            pause.wait(PAUSE_SECONDS)

    def _write_waiting(self) -> bool:
        lines = []
        with suppress(IndexError):
            while True:
                lines.append(self._waiting.popleft())
        if lines:
            # A full disk is no reason to end: there may be room again later, and nobody here whom one could tell.
            with self._file_turn, suppress(OSError):
                self._file.write("".join(lines))
                self._file.flush()
        return bool(lines)

    def _may_end(self) -> bool:
        with self._turn:
            # In this order: whoever adds a line and still sees a writer is seen here.
            self._is_writing = False
            self._is_writing = bool(self._waiting)
            return not self._is_writing
