"""A mail server on this machine that keeps of each letter what tells it apart: subject and Message-ID."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.processes.alive import ADDRESS, free_port


@dataclass
class Postbox:
    """What came in: how often each Message-ID, by the first word of its subject."""

    url: str
    taken: Counter[tuple[str, str]] = field(default_factory=Counter)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=default)
        self.taken[str(message["Subject"]).partition(" ")[0], str(message["Message-ID"])] += 1
        return "250 taken"

    def ids(self, first_word: str) -> set[str]:
        """Returns the different Message-IDs of the letters whose subject begins so."""
        return {message_id for word, message_id in self.taken if word == first_word}

    def repeats(self) -> int:
        """Says how many letters came again under a Message-ID that had come before."""
        return sum(self.taken.values()) - len(self.taken)


@contextmanager
def open_postbox() -> Iterator[Postbox]:
    """Takes letters for as long as the block lasts."""
    port = free_port()
    box = Postbox(f"smtp://{ADDRESS}:{port}")
    controller = Controller(box, hostname=ADDRESS, port=port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()
