"""Sending a letter: composed and handed to the transport. Called by tasks, never inside a transaction."""

from datetime import datetime
from typing import Protocol

from membership.clock import Clock
from membership.mail.letters import Letter
from membership.mail.message import compose
from membership.mail.transport import MailTransport
from membership.settings import Settings


class Post(Protocol):
    """What of the process's seams it takes to send a letter."""

    @property
    def settings(self) -> Settings: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def mail(self) -> MailTransport: ...


def deliver(letter: Letter, *, transport: MailTransport, sender: str, now: datetime) -> None:
    """Sends one letter from `sender` (`Name <address>`); raises what the transport raises. Needs an app context.

    A letter to nobody is not sent: its addressee was erased after it was due.
    """
    if not letter.to:
        return
    transport.send(compose(letter, sender, now=now))
