"""How tests come in: by the pages, as a person does, or straight by a session row."""

import re
from collections.abc import Mapping
from datetime import datetime
from email.message import EmailMessage

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from membership.accounts import sessions
from membership.accounts.models import Account
from membership.accounts.people import account_for, verify
from membership.accounts.roles import grant
from membership.db import Database, current_database, transaction
from membership.outbox import worker
from membership.wiring import TASKS, Seams


def ask(client: FlaskClient, email: str, *, next_path: str = "") -> str:
    """Asks for a mail and returns the signed request id of the page that awaits the code."""
    response = post_ask(client, email, request_id=request_id_of(client.get("/sign-in")), next_path=next_path)
    assert response.status_code == 303, response.text
    return request_id_of(client.get(response.location))


def post_ask(client: FlaskClient, email: str, *, request_id: str, next_path: str = "") -> TestResponse:
    return client.post("/sign-in", data={"email": email, "next": next_path, "request": request_id})


def request_id_of(response: TestResponse) -> str:
    found = re.search(r'name="request" value="([^"]+)"', response.text)
    assert found, response.text
    return found[1]


def post_code(client: FlaskClient, request_id: str, code: str) -> TestResponse:
    return client.post("/sign-in/code", data={"request": request_id, "code": code})


def mails(app: Flask) -> list[EmailMessage]:
    """Carries out what waits in the outbox and returns all mails so far."""
    seams: Seams = app.extensions["seams"]
    carried = {kind: (lambda task, act=act: act(seams, task)) for kind, act in TASKS.items()}
    with app.app_context():
        # One side effect may be another's cause.
        while worker.carry_out(seams.database, carried, seams.clock):
            pass
    return list(seams.mail.sent)  # type: ignore[attr-defined]  # tests use the list transport


def text_of(mail: EmailMessage) -> str:
    plain = mail.get_body(("plain",))
    assert plain is not None
    return str(plain.get_content())


def code_in(mail: EmailMessage) -> str:
    return str(mail["Subject"])[:6]


def link_in(mail: EmailMessage) -> str:
    found = re.search(r"http://localhost:8000(/sign-in/\S+)", text_of(mail))
    assert found
    return found[1]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def sign_in(client: FlaskClient, email: str, *roles: str, now: datetime) -> Account:
    """Signs `client` in as a verified account with `roles`, without the pages."""
    with client.application.app_context():
        database = current_database()
    account = person(database, email, *roles, now=now)
    with database.session() as session, transaction(session):
        secret = sessions.begin(session, account, now=now)
    with client.session_transaction() as cookie:
        cookie["_user_id"] = secret
    return account


def person(database: Database, email: str, *roles: str, now: datetime) -> Account:
    with database.session() as session, transaction(session):
        account, _ = account_for(session, email, language="en", now=now)
        verify(session, account, now=now)
        for role in roles:
            grant(session, account, role, by=None, now=now)
    return account


def accounts(database: Database) -> Mapping[str, Account]:
    with database.session() as session:
        return {account.email_key: account for account in session.scalars(select(Account))}
