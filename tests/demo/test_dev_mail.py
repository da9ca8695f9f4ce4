"""The dev inbox: what the demo would have sent, readable and harmless."""

from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

import pytest
from flask.testing import FlaskClient

from membership.mail.transport import FolderTransport
from membership.settings import Settings


@pytest.fixture
def inbox(settings: Settings, now: datetime) -> None:
    transport = FolderTransport(settings.instance / "mail")
    transport.send(_message("Receipt 2026-00001: €5.00", "A receipt.", now=now))
    transport.send(
        _message("Sign in <now>", "Follow:\nhttp://localhost:8000/sign-in/token\n\n<script>alert(1)</script>", now=now)
    )


@pytest.mark.usefixtures("inbox")
def test_the_newest_letter_stands_first(client: FlaskClient) -> None:
    page = client.get("/dev/mail").get_data(as_text=True)

    assert page.index("Sign in &lt;now&gt;") < page.index("Receipt 2026-00001: €5.00")
    assert "anna@example.org" in page


def test_an_empty_inbox_says_how_to_fill_it(client: FlaskClient) -> None:
    assert "No letter yet" in client.get("/dev/mail").get_data(as_text=True)


@pytest.mark.usefixtures("inbox")
def test_links_of_a_letter_can_be_followed(client: FlaskClient) -> None:
    answer = client.get("/dev/mail/000002")

    page = answer.get_data(as_text=True)
    assert 'href="http://localhost:8000/sign-in/token"' in page
    assert "<script>alert(1)" not in page
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("inbox")
def test_the_html_of_a_letter_may_do_nothing(client: FlaskClient) -> None:
    answer = client.get("/dev/mail/000002/html")

    policy = answer.headers["Content-Security-Policy"]
    assert "<b>HTML</b>" in answer.get_data(as_text=True)
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; sandbox")
    assert "allow-scripts" not in policy


@pytest.mark.usefixtures("inbox")
@pytest.mark.parametrize("name", ["000003", "..%2fsettings", "x", "٢"])
def test_another_letter_is_not_there(client: FlaskClient, name: str) -> None:
    assert client.get(f"/dev/mail/{name}").status_code == 404


def _message(subject: str, text: str, *, now: datetime) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Lantern <news@example.org>", "anna@example.org", subject
    message["Date"], message["Message-ID"] = format_datetime(now), "<one@example.org>"
    message.set_content(text)
    message.add_alternative("<p>This is <b>HTML</b>.", subtype="html")
    return message
