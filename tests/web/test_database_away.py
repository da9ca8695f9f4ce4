"""The database is away: whoever only reads need not notice, and everybody else is told."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from membership.db import Database

GoesAway = Callable[[], None]


@pytest.fixture
def goes_away(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[GoesAway]:
    """Lets nothing of the application reach its database any more."""
    nowhere = Database("postgresql://nobody@127.0.0.1:1/none")

    def go() -> None:
        monkeypatch.setitem(app.extensions, "database", nowhere)
        monkeypatch.setattr(app.extensions["version_watch"], "database", nowhere)

    yield go
    monkeypatch.undo()
    nowhere.close()


def test_a_page_that_was_read_before_is_still_served(app: Flask, goes_away: GoesAway) -> None:
    reader = app.test_client()
    read = reader.get("/support/other-ways")

    goes_away()

    assert reader.get("/support/other-ways").text == read.text


def test_what_needs_the_database_is_refused_for_now(app: Flask, goes_away: GoesAway) -> None:
    reader = app.test_client()
    reader.get("/support/other-ways")

    goes_away()
    answer = reader.get("/support/thanks/nobody")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert "Please try again in a minute." in answer.text


def test_a_process_that_never_saw_its_database_still_says_so(app: Flask, goes_away: GoesAway) -> None:
    goes_away()

    answer = app.test_client().get("/healthz-of-nobody")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
