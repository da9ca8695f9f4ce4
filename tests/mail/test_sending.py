"""A letter as it arrives: over a real SMTP conversation, and the same in the demo's folder."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from smtplib import SMTPNotSupportedError

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask

from membership.mail.delivery import deliver
from membership.mail.letters import Button, Code, Facts, Letter, Line
from membership.mail.message import compose, message_id
from membership.mail.transport import FolderTransport, ListTransport, MailTransport, SmtpTransport
from membership.mailbox import Mailbox, mailbox_of

LETTER = Letter(
    to="Łukasz <lukasz@example.org>",
    subject="Receipt 2026-00001: €5.00 — дякуємо",
    blocks=(
        Line("Thank you & <welcome>."),
        Code("123456"),
        Facts((("Amount", "€5.00"),)),
        Button("Open", "https://example.org/a?b=1&c=2"),
    ),
    key="receipt.1",
    reply_to=Mailbox("Olena, the editor; (news)", "readers@example.org"),
)
SENDER = "The Long Bridge <news@example.org>"


class Postbox:
    """Keeps what a mail server took."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        assert isinstance(envelope.content, bytes)
        self.taken.append(envelope.content)
        return "250 taken"


@pytest.fixture
def postbox() -> Iterator[tuple[Postbox, str]]:
    """A mail server on this machine that offers no STARTTLS."""
    box = Postbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, f"smtp://127.0.0.1:{port}"
    controller.stop()


def check(message: EmailMessage) -> None:
    assert message["Subject"] == LETTER.subject
    assert message["Message-ID"] == message_id("receipt.1", SENDER)
    assert str(message["Message-ID"]).endswith("@example.org>")
    (reply_to,) = message["Reply-To"].addresses
    assert (reply_to.display_name, reply_to.addr_spec) == ("Olena, the editor; (news)", "readers@example.org")
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain
    assert html
    assert "https://example.org/a?b=1&c=2" in plain.get_content()
    assert "Thank you &amp; &lt;welcome&gt;." in html.get_content()
    assert "DEMO" in plain.get_content()


def test_over_smtp(app: Flask, postbox: tuple[Postbox, str], now: datetime) -> None:
    box, url = postbox
    with app.app_context():
        deliver(LETTER, transport=SmtpTransport(url), sender=SENDER, now=now)
    check(message_from_bytes(box.taken[0], policy=default))


def test_nothing_is_sent_in_the_clear_to_another_machine(
    app: Flask, postbox: tuple[Postbox, str], now: datetime
) -> None:
    box, url = postbox
    # Any host but one on loopback, by its name; this one leads to the same server.
    elsewhere = url.replace("127.0.0.1", "user:password@0.0.0.0")
    with app.app_context(), pytest.raises(SMTPNotSupportedError, match="STARTTLS"):
        deliver(LETTER, transport=SmtpTransport(elsewhere), sender=SENDER, now=now)
    assert box.taken == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("The Bridge, news <a@example.org>", "The Bridge, news"),
        ('"The Bridge, news" <a@example.org>', "The Bridge, news"),
        ("Olena <the editor> <a@example.org>", "Olena <the editor>"),
        ("<a@example.org>", ""),
        ("a@example.org", ""),
    ],
)
def test_a_sender_is_read_with_whatever_stands_in_its_name(app: Flask, text: str, name: str, now: datetime) -> None:
    assert mailbox_of(text) == Mailbox(name, "a@example.org")
    with app.app_context():
        message = compose(LETTER, text, now=now)
    (sender,) = message_from_bytes(message.as_bytes(), policy=default)["From"].addresses
    assert (sender.display_name, sender.addr_spec) == (name, "a@example.org")


@pytest.mark.parametrize(
    "name",
    [
        "Olena, " + "very long name " * 4 + ", desk; b",
        "Олена Коваль, редакторка; відділ",
        "Łukasz, a@evil.example",
        "Olena, the editor of everything that is published, and " + "Łukasz",
        "Олена, " + "довге ім’я " * 6,
        "x" * 200 + ", y",
    ],
)
@pytest.mark.parametrize("address", ["o@example.org", f"{'o' * 60}@{'example' * 8}.org"])
def test_a_name_of_any_length_and_script_makes_no_second_addressee(
    app: Flask, name: str, address: str, now: datetime
) -> None:
    with app.app_context():
        message = compose(replace(LETTER, reply_to=Mailbox(name, address)), f"{name} <{address}>", now=now)
    read = message_from_bytes(message.as_bytes(), policy=default)
    for header in ("Reply-To", "From"):
        (found,) = read[header].addresses
        assert found.addr_spec == address
        assert found.display_name.startswith(name[:4])
        assert not read[header].defects


def test_into_the_demos_folder(app: Flask, tmp_path: Path, now: datetime) -> None:
    with app.app_context():
        for _ in range(2):
            deliver(LETTER, transport=FolderTransport(tmp_path / "mail"), sender=SENDER, now=now)
    files = sorted((tmp_path / "mail").iterdir())
    assert len(files) == 2
    check(message_from_bytes(files[0].read_bytes(), policy=default))


def test_a_server_that_is_away_raises_so_that_the_outbox_waits(app: Flask, now: datetime) -> None:
    with app.app_context(), pytest.raises(OSError, match="refused"):
        deliver(LETTER, transport=SmtpTransport("smtp://127.0.0.1:1"), sender=SENDER, now=now)


@pytest.mark.parametrize("transport", [ListTransport()])
def test_a_line_break_in_a_subject_is_no_header(app: Flask, transport: MailTransport, now: datetime) -> None:
    letter = Letter(to="a@example.org", subject="Hello\r\nBcc: b@example.org", blocks=(), key="1")
    with app.app_context(), pytest.raises(ValueError, match="linefeed"):
        transport.send(compose(letter, SENDER, now=now))
