"""A NUL, which no keyboard types, is refused before a database sees it."""

import pytest
from flask.testing import FlaskClient

ADDRESSES = ["/articles/a%00b", "/?before=%00", "/sign-in/%00", "/rounds/%00", "/support?article=%00"]
FIELDS = [("/sign-in", "email"), ("/support/checkout", "email"), ("/topics", "title"), ("/sign-in/code", "code")]


@pytest.mark.parametrize("path", ADDRESSES)
def test_in_an_address(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 400


@pytest.mark.parametrize(("path", "field"), FIELDS)
def test_in_a_form(client: FlaskClient, path: str, field: str) -> None:
    assert client.post(path, data={field: "a\0b"}).status_code == 400
