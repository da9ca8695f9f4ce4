"""The last letter goes to the erased address, once, and leaves nothing of it in the rows."""

import json
from datetime import timedelta
from email.message import EmailMessage

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import MetaData, select

from membership.accounts.address_changes import ask_for_change, confirm
from membership.accounts.models import AddressChange
from membership.clock import SteppedClock
from membership.db import Database, transaction
from membership.mail.transport import ListTransport
from membership.wiring import ADDRESS_MOVED
from tests.accounts.doors import mails, sign_in, text_of

GONE = "olena@example.org"


@pytest.fixture
def erased(client: FlaskClient, clock: SteppedClock) -> None:
    """Somebody who has just erased their account."""
    sign_in(client, GONE, now=clock.now())
    assert client.post("/account/privacy/erasure", data={"email": GONE}).status_code == 303


def told(database: Database) -> str:
    """Returns all that stands in all tables."""
    metadata = MetaData()
    with database.session() as session:
        metadata.reflect(session.connection())
        rows = [dict(row) for table in metadata.sorted_tables for row in session.execute(select(table)).mappings()]
    return json.dumps(rows, default=str)


@pytest.mark.usefixtures("erased")
def test_the_last_letter_says_what_stays_and_then_the_address_is_forgotten(app: Flask, database: Database) -> None:
    assert GONE in told(database)
    letters = [each for each in mails(app) if each["To"] == GONE]
    assert ["is erased" in str(each["Subject"]) for each in letters] == [True]
    assert "the number of its receipt, its day and amount" in " ".join(text_of(letters[0]).split())
    assert GONE not in told(database)
    assert len(mails(app)) == len(letters)


@pytest.mark.usefixtures("erased")
def test_what_cannot_be_sent_for_two_days_is_forgotten_unsent(
    app: Flask, database: Database, clock: SteppedClock
) -> None:
    clock.at += timedelta(days=2, seconds=1)
    assert mails(app) == []
    assert GONE not in told(database)


def test_nobody_hears_of_an_erasure_that_was_refused(app: Flask, client: FlaskClient, clock: SteppedClock) -> None:
    sign_in(client, GONE, now=clock.now())
    assert client.post("/account/privacy/erasure", data={"email": "other@example.org"}).status_code == 422
    assert mails(app) == []


@pytest.mark.usefixtures("erased")
def test_however_often_it_is_tried_the_address_is_gone_after_two_days(
    app: Flask, database: Database, clock: SteppedClock, mail: ListTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(message: EmailMessage) -> None:
        raise OSError(f"{message['To']}: nobody is there")

    monkeypatch.setattr(mail, "send", away)
    for _ in range(2 * 24 * 6):
        assert mails(app) == []
        clock.at += timedelta(minutes=10)
    assert GONE not in told(database)


def test_an_earlier_address_waits_nowhere_either(app: Flask, client: FlaskClient, database: Database) -> None:
    clock: SteppedClock = app.extensions["seams"].clock
    owner = sign_in(client, GONE, now=clock.now())
    with database.session() as session, transaction(session):
        ask_for_change(session, owner, "other@example.net", now=clock.now())
        reference = session.scalars(select(AddressChange.reference)).one()
        for side in ("old", "new"):
            confirm(session, reference, side, ADDRESS_MOVED, now=clock.now())
    assert GONE in told(database)
    assert client.post("/account/privacy/erasure", data={"email": "other@example.net"}).status_code == 303
    assert GONE not in told(database)
