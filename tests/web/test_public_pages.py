"""A crawl of the public pages: equal for everyone, and the same from the cache as rendered anew."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from membership.clock import SteppedClock
from membership.factory import create_app
from membership.mail.transport import ListTransport
from membership.settings import Settings
from tests.articles.desk import bring_in_well, draw, write

PAGES = (
    "/",
    "/?before=two",
    "/?utm_source=letter",
    "/?colour=red",
    "/articles/one",
    "/articles/two",
    "/articles/none",
    "/sections/city",
    "/sections/none",
    "/feed.xml",
    "/theme.css?v=1",
    "/static/site.css",
    "/static/favicon.png",
    "/articles/one/appeal",
)
REQUESTS: tuple[dict[str, str], ...] = ({}, {"Accept-Encoding": "gzip"}, {"If-None-Match": '"other"'})


@pytest.fixture
def site(session: Session, tmp_path: Path, now: datetime) -> Path:
    """A few articles, one of them with a picture and one still to come."""
    folder = tmp_path / "newsroom" / "articles"
    draw(folder / "mast.png")
    body = "[Out](https://example.org/) ![gone](https://example.org/x.gif) " + "word " * 300
    write(folder, "one", section="city", picture="mast.png", picture_alt="A mast", body=body)
    write(folder, "two", section="city", related="[one]", authors="[A, B]")
    write(folder, "due", published=(now + timedelta(hours=1)).isoformat())
    bring_in_well(session, folder, media=tmp_path / "media", now=now)
    return folder


@pytest.fixture
def anew(settings: Settings, clock: SteppedClock, mail: ListTransport) -> Iterator[FlaskClient]:
    """A client of the same site, every page of which is rendered anew."""
    app = create_app(settings, clock=clock, mail=mail, look_every_seconds=0, page_cache=False)
    yield app.test_client()
    app.extensions["database"].close()


def told(answer: TestResponse) -> tuple[str, dict[str, str], bytes]:
    """All that an answer says, but for what names the one request."""
    headers = {name: value for name, value in answer.headers.items() if name not in ("X-Request-Id", "Date")}
    return answer.status, headers, answer.data


@pytest.mark.usefixtures("site")
def test_a_kept_page_is_the_page_as_rendered_anew(app: Flask, anew: FlaskClient) -> None:
    first, signed_in = app.test_client(), app.test_client()
    signed_in.set_cookie("session", "abc")
    anew.set_cookie("session", "abc")
    for page in PAGES:
        etag = first.get(page, buffered=True).headers.get("ETag", "")
        for headers in (*REQUESTS, {"If-None-Match": etag}, {"If-None-Match": etag, "Accept-Encoding": "gzip"}):
            expected = told(anew.get(page, headers=headers, buffered=True))
            assert told(first.get(page, headers=headers, buffered=True)) == expected
            assert told(signed_in.get(page, headers=headers, buffered=True)) == expected


@pytest.mark.usefixtures("site")
def test_an_import_and_a_due_article_change_kept_pages_at_once(
    client: FlaskClient, session: Session, site: Path, tmp_path: Path, clock: SteppedClock
) -> None:
    before = {page: client.get(page).data for page in ("/", "/articles/one", "/feed.xml")}
    write(site, "one", title="Corrected", section="city")
    bring_in_well(session, site, media=tmp_path / "media", now=clock.now())
    for page, data in before.items():
        assert client.get(page).data != data
    assert "Corrected" in client.get("/articles/one").text
    clock.advance(timedelta(hours=1))
    assert "/articles/due" in client.get("/").text


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("page", PAGES)
def test_a_public_page_leaves_no_trace_and_asks_nobody(client: FlaskClient, page: str) -> None:
    statements: list[str] = []
    engine = client.application.extensions["database"].engine
    event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    client.set_cookie("session", "abc")
    answer = client.get(page, buffered=True)
    assert "Set-Cookie" not in answer.headers
    assert answer.headers.get("Vary", "Accept-Encoding") == "Accept-Encoding"
    assert answer.mimetype != "text/html" or resources_elsewhere(answer.text) == []
    assert not [each for each in statements if re.search(r"\b(accounts|sessions|staff_roles)\b", each)]


def resources_elsewhere(html: str) -> list[str]:
    """Addresses that a browser would fetch by itself and that do not lie on this site."""
    fetched = re.findall(r'<(?:img|script|iframe|source|video|audio)\b[^>]*\ssrc="([^"]+)"', html)
    fetched += re.findall(r'<link rel="(?:stylesheet|icon|preload)"[^>]*\shref="([^"]+)"', html)
    fetched += re.findall(r'srcset="([^"]+)"', html)
    return [address for address in fetched if not re.match(r"/(?!/)", address)]
