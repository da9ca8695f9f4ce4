"""The feed is valid Atom (RFC 4287), and says when nothing has changed."""

from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from membership.articles.feed import absolute
from membership.articles.queries import FEED_SIZE
from tests.articles.desk import bring_in_well, write

ATOM = "{http://www.w3.org/2005/Atom}"


def parsed(client: FlaskClient) -> ElementTree.Element:
    answer = client.get("/feed.xml")
    assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    return ElementTree.fromstring(answer.data)  # noqa: S314 - the feed is our own


def test_every_entry_has_what_atom_asks_for(
    client: FlaskClient, session: Session, folder: Path, media: Path, now: datetime
) -> None:
    fields = {"authors": "[Орест]", "section": "City & river", "standfirst": "<b>What</b> one hears"}
    write(folder, title="'A & <b> ]]> “Тиша”'", body="One **two** & `<three>`.\n\n\x0b", **fields)
    bring_in_well(session, folder, media=media, now=now)
    feed = parsed(client)
    for name in ("id", "title", "updated", "author"):
        assert len(feed.findall(ATOM + name)) == 1
    (entry,) = feed.findall(ATOM + "entry")
    assert entry.findtext(ATOM + "id") == "http://localhost:8000/articles/bridge"
    assert entry.findtext(ATOM + "title") == "A & <b> ]]> “Тиша”"
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == "Орест"
    assert entry.findtext(ATOM + "summary") == "<b>What</b> one hears"
    assert entry.findtext(ATOM + "published") == "2026-11-01T06:00:00Z"
    assert entry.findtext(ATOM + "updated") == "2026-11-22T12:00:00Z"
    content = entry.find(ATOM + "content")
    assert content is not None
    assert content.get("type") == "html"
    assert content.text == "<p>One <strong>two</strong> &amp; <code>&lt;three&gt;</code>.</p>\n"


def test_a_feed_without_articles_is_a_feed(client: FlaskClient) -> None:
    assert parsed(client).findall(ATOM + "entry") == []


def test_the_feed_holds_the_newest(
    client: FlaskClient, session: Session, folder: Path, media: Path, now: datetime
) -> None:
    for number in range(FEED_SIZE + 2):
        write(folder, f"a{number}", published=(now - timedelta(hours=number)).isoformat())
    bring_in_well(session, folder, media=media, now=now)
    ids = [entry.findtext(ATOM + "id", "") for entry in parsed(client).findall(ATOM + "entry")]
    assert [each.rpartition("/a")[2] for each in ids] == [str(number) for number in range(FEED_SIZE)]


def test_a_feed_that_has_not_changed_is_not_sent_again(
    client: FlaskClient, session: Session, folder: Path, media: Path, now: datetime
) -> None:
    write(folder)
    bring_in_well(session, folder, media=media, now=now)
    first = client.get("/feed.xml")
    for conditions in (
        {"If-None-Match": first.headers["ETag"]},
        {"If-Modified-Since": first.headers["Last-Modified"]},
    ):
        assert client.get("/feed.xml", headers=conditions).status_code == 304
    write(folder, title="Corrected")
    bring_in_well(session, folder, media=media, now=now + timedelta(hours=1))
    assert client.get("/feed.xml", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200
    assert client.get("/feed.xml", headers={"If-Modified-Since": first.headers["Last-Modified"]}).status_code == 200


def test_only_addresses_in_tags_are_completed() -> None:
    html = '<p title="href=&quot;/">href="/x" <a rel="noopener" href="/y">y</a> <a href="//z.org/">z</a></p>'
    assert absolute(html, "https://n.org") == html.replace('href="/y"', 'href="https://n.org/y"')
