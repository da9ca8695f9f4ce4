"""`rounds verify-roll` and `rounds close`, as an operator runs them."""

from flask import Flask
from flask.testing import FlaskClient

from membership.clock import SteppedClock
from membership.db import Database
from membership.topics.keeping import close_due
from membership.topics.models import RollEntry
from tests.topics.people import opened, writing
from tests.topics.test_opening import announced


def _run(app: Flask, *args: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=["rounds", *args])
    return result.exit_code, result.output


def test_a_roll_that_was_changed_by_hand_is_found(app: Flask, database: Database, clock: SteppedClock) -> None:
    round_ = opened(database, now=clock.at)
    assert _run(app, "verify-roll", round_.slug) == (0, "at the opening: equal\nfinal: not published yet\n")
    clock.at = round_.closes_at
    close_due(database, clock)
    assert _run(app, "verify-roll", round_.slug) == (0, "at the opening: equal\nfinal: equal\n")
    with writing(database) as session:
        session.add(
            RollEntry(round_id=round_.id, key="0" * 32, weight=1, standing="live", added_at=clock.at, reason="joined")
        )
    code, said = _run(app, "verify-roll", round_.slug)
    assert (code, said) == (1, "at the opening: equal\nfinal: DIFFERS from what was published\n")


def test_no_roll_is_verified_where_there_is_none(app: Flask, database: Database, clock: SteppedClock) -> None:
    announced(database, now=clock.at)
    for slug, told in (("winter", "never opened"), ("none", "There is no such round")):
        code, said = _run(app, "verify-roll", slug)
        assert code == 1
        assert told in said


def test_a_round_is_closed_by_hand_once_its_time_has_come(
    app: Flask, client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    round_ = opened(database, now=clock.at)
    code, said = _run(app, "close", round_.slug)
    assert code == 1
    assert "2026-11-29T12:00:00+00:00" in said
    clock.at = round_.closes_at
    assert _run(app, "close", round_.slug) == (0, "winter-energy is counted\n")
    assert _run(app, "close", round_.slug) == (0, "winter-energy was counted before\n")
    assert client.get("/rounds/winter-energy/results").status_code == 200
