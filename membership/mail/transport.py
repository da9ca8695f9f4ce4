"""The one way out for mail: SMTP in earnest, a folder of files in the demo, a list in tests."""

import smtplib
import ssl
from email.message import EmailMessage
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Protocol
from urllib.parse import unquote, urlsplit

from membership.settings import is_loopback

TIMEOUT_SECONDS = 10


class MailTransport(Protocol):
    """Takes one message; raises if it was not accepted."""

    def send(self, message: EmailMessage) -> None: ...


class SmtpTransport:
    """Sends by SMTP: `smtp://user:password@host:587` with STARTTLS, `smtps://…:465` for TLS at once.

    Nothing is sent in the clear, except to this machine itself.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._tls = parts.scheme == "smtps"
        self._host = parts.hostname or "localhost"
        self._port = parts.port or (465 if self._tls else 587)
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")

    def send(self, message: EmailMessage) -> None:
        with self._connect() as server:
            if self._user:
                server.login(self._user, self._password)
            server.send_message(message)

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self._tls:
            return smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT_SECONDS, context=context)
        server = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_SECONDS)
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=context)
            server.ehlo()
        elif not is_loopback(self._host):
            server.close()
            raise smtplib.SMTPNotSupportedError(f"{self._host} offers no STARTTLS: letters are not sent in the clear")
        return server


class FolderTransport:
    """Writes each message as a file; the demo's dev inbox reads them. A repeat of a Message-ID is a second file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: EmailMessage) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=self._folder, suffix=".draft") as draft:
            draft.write(message.as_bytes())
            draft.flush()
            self._name(Path(draft.name))

    def _name(self, draft: Path) -> None:
        # A link appears whole, or not at all: whoever reads the folder never meets half a letter.
        number = sum(1 for _ in self._folder.glob("*.eml")) + 1
        while True:
            try:
                (self._folder / f"{number:06d}.eml").hardlink_to(draft)
            except FileExistsError:
                number += 1
            else:
                return


class ListTransport:
    """Keeps messages in memory, for tests."""

    def __init__(self) -> None:
        self.sent: list[EmailMessage] = []

    def send(self, message: EmailMessage) -> None:
        self.sent.append(message)
