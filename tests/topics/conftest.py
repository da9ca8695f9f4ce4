"""What the tests of topics may ask for besides."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from membership.accounts.models import Account
from membership.clock import SteppedClock
from membership.db import Database
from membership.wiring import Seams
from tests.accounts.doors import sign_in
from tests.topics.people import give, writing


@pytest.fixture
def seams(app: Flask) -> Seams:
    """What a worker's tasks are given."""
    found: Seams = app.extensions["seams"]
    return found


@pytest.fixture
def me(client: FlaskClient, database: Database, clock: SteppedClock) -> Account:
    """A patron who is signed in."""
    account = sign_in(client, "me@example.org", now=clock.at)
    with writing(database) as session:
        give(session, account, now=clock.at)
    return account
