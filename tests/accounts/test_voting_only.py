"""A browser that was let in to vote only: ballots are open to it, and on every other page it is nobody."""

import re
from collections.abc import Collection, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from membership.accounts import sessions
from membership.accounts.devices import devices_of
from membership.accounts.models import Account
from membership.clock import SteppedClock
from membership.db import Database, transaction
from tests.accounts.doors import ask, code_in, mails, person, post_code
from tests.topics.people import opened, patron

EMAIL = "olena@example.org"
ROUND = "winter-energy"
BALLOT = f"/rounds/{ROUND}/ballot"
# What a view opts in to, by `voter_required`. Nothing else may ever stand here.
OPTED_IN = {"ballots.ballot_page", "ballots.cast_ballot"}
VALUES = {"slug": ROUND, "year": "2026", "path": "site.css", "filename": "site.css"}


@pytest.fixture
def owner(database: Database, clock: SteppedClock) -> Account:
    """An admin with a pledge, on the roll of an open round: there is something to see wherever one looks."""
    patron(database, EMAIL, now=clock.now())
    account = person(database, EMAIL, "admin", now=clock.now())
    opened(database, now=clock.now())
    return account


def let_in(client: FlaskClient, database: Database, owner: Account, clock: SteppedClock, *, scope: str) -> str:
    with database.session() as session, transaction(session):
        secret = sessions.begin(session, owner, device="Firefox/Linux", scope=scope, now=clock.now())
    with client.session_transaction() as cookie:
        cookie.clear()
        cookie["_user_id"] = secret
    return secret


def asked(app: Flask, methods: Collection[str]) -> Iterator[tuple[Rule, str, str]]:
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        values = {name: VALUES.get(name, "unknown") for name in rule.arguments}
        path = re.sub(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>", lambda found, values=values: values[found[1]], rule.rule)  # type: ignore[misc]  # a default binds it
        for method in sorted((rule.methods or set()) & set(methods)):
            yield rule, method, path


def answers(
    app: Flask, client: FlaskClient, *, methods: Collection[str] = ("GET", "POST")
) -> dict[tuple[str, str], tuple[int, str]]:
    found = {}
    for rule, method, path in asked(app, methods):
        # It would end the session that the others are asked with.
        if rule.endpoint == "accounts.sign_out":
            continue
        answer = client.open(path, method=method)
        place = re.sub(r"request=[^&]*", "", answer.location or "")
        found[rule.endpoint, method] = (answer.status_code, place)
    return found


def test_on_every_page_but_the_ballot_it_is_nobody(
    app: Flask, client: FlaskClient, owner: Account, database: Database, clock: SteppedClock
) -> None:
    nobody = answers(app, client)
    let_in(client, database, owner, clock, scope=sessions.TO_VOTE)
    voter = answers(app, client)
    assert {endpoint for endpoint, method in voter if voter[endpoint, method] != nobody[endpoint, method]} == OPTED_IN
    # The comparison sees whoever is signed in on every page of theirs.
    let_in(client, database, owner, clock, scope=sessions.FULL)
    signed_in = answers(app, client, methods=("GET",))
    assert len({each for each in signed_in if signed_in[each] != nobody[each]} - OPTED_IN) > 20


def test_pages_of_an_account_ask_it_to_sign_in_and_lead_back(
    client: FlaskClient, owner: Account, database: Database, clock: SteppedClock
) -> None:
    let_in(client, database, owner, clock, scope=sessions.TO_VOTE)
    for path in ("/account", "/account/changes", "/account/privacy", "/account/devices", "/staff/"):
        answer = client.get(path)
        assert (answer.status_code, answer.location) == (303, f"/sign-in?next={path}"), path
        assert answer.headers["Cache-Control"] == "no-store"
    answer = client.post("/topics", data={"title": "Who counts the trees?", "why": "Forty were felled."})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (403, "no-store")
    assert 'href="/sign-in?next=/topics/proposal"' in answer.text
    assert "Forty were felled." in answer.text


def test_it_votes_and_is_told_what_it_may(
    client: FlaskClient, owner: Account, database: Database, clock: SteppedClock
) -> None:
    let_in(client, database, owner, clock, scope=sessions.TO_VOTE)
    page = client.get(BALLOT).text
    assert "You are here to vote" in page
    choice = re.findall(r'name="choices" value="([^"]+)"', page)[0]
    assert client.post(BALLOT, data={"version": "0", "choices": choice}).status_code == 303
    assert "Your vote is in" in client.get(BALLOT).text
    assert EMAIL not in client.get(BALLOT).text


def test_it_is_over_in_a_day_and_at_once_when_left(
    client: FlaskClient, owner: Account, database: Database, clock: SteppedClock
) -> None:
    let_in(client, database, owner, clock, scope=sessions.TO_VOTE)
    assert client.post("/sign-out").status_code == 303
    assert client.get(BALLOT).status_code == 303
    let_in(client, database, owner, clock, scope=sessions.TO_VOTE)
    clock.advance(timedelta(days=1))
    assert client.get(BALLOT).status_code == 303


def test_its_owner_sees_it_among_the_devices_and_ends_it(
    client: FlaskClient, app: Flask, owner: Account, database: Database, clock: SteppedClock
) -> None:
    paying = app.test_client()
    let_in(paying, database, owner, clock, scope=sessions.TO_VOTE)
    secret = let_in(client, database, owner, clock, scope=sessions.FULL)
    with database.session() as session:
        devices = devices_of(session, owner, secret, now=clock.now())
    assert [(each.is_this, each.votes_only) for each in devices] == [(True, False), (False, True)]
    assert "Only to vote: the browser that paid" in client.get("/account/devices").text
    client.post(f"/account/devices/{devices[1].handle}/sign-out")
    assert paying.get(BALLOT).status_code == 303


def test_signing_in_takes_its_place(
    client: FlaskClient, app: Flask, owner: Account, database: Database, clock: SteppedClock
) -> None:
    secret = let_in(client, database, owner, clock, scope=sessions.TO_VOTE)
    assert post_code(client, ask(client, EMAIL), code_in(mails(app)[-1])).status_code == 303
    assert client.get("/account").status_code == 200
    with database.session() as session:
        assert sessions.find(session, secret, now=clock.now()) is None
    # Nobody had signed in before: no letter about a new device.
    assert not [each for each in mails(app) if "new device" in str(each["Subject"])]
