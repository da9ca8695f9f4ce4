"""What a reader sees: everything published, in order, and nothing else."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, update
from sqlalchemy.orm import Session

from membership.articles.models import Article
from membership.articles.queries import PAGE_SIZE
from membership.clock import SteppedClock
from membership.db import Database, transaction
from membership.newsroom.site_version import bump
from tests.articles.desk import bring_in_well, draw, write


def published(now: datetime, hours_ago: float) -> str:
    return (now - timedelta(hours=hours_ago)).isoformat()


def links(page: str) -> list[str]:
    """The articles that a page lists, in order."""
    return re.findall(r'<h[23]><a href="/articles/([^"]+)">', page)


def test_an_article_stands_with_all_its_parts(
    client: FlaskClient, session: Session, folder: Path, media: Path, now: datetime
) -> None:
    draw(folder / "mast.jpg", size=(400, 300))
    fields = {"standfirst": "What “one” hears", "section": "City and river", "authors": "[Olha Vereten, Орест]"}
    write(folder, title="'<script>alert(1)</script> & “Тиша”'", picture="mast.jpg", picture_alt='A "mast"', **fields)
    bring_in_well(session, folder, media=media, now=now)
    answer = client.get("/articles/bridge")
    assert answer.status_code == 200
    for part in (
        "<h1>&lt;script&gt;alert(1)&lt;/script&gt; &amp; “Тиша”</h1>",
        "What “one” hears",
        "By Olha Vereten, Орест",
        '<time datetime="2026-11-01T06:00:00Z">1 November 2026</time>',
        '<a href="/sections/city-and-river">City and river</a>',
        'alt="A &#34;mast&#34;" width="400" height="300"',
        "<p>The bridge stands.</p>",
        '<link rel="canonical" href="http://localhost:8000/articles/bridge">',
    ):
        assert part in answer.text
    assert answer.text.count("<h1") == 1
    assert "<script>" not in answer.text


def test_a_picture_is_served_for_ever_and_cannot_be_taken_for_something_else(
    client: FlaskClient, session: Session, folder: Path, media: Path, now: datetime
) -> None:
    draw(folder / "mast.jpg")
    write(folder, picture="mast.jpg", picture_alt="A mast")
    bring_in_well(session, folder, media=media, now=now)
    (kept,) = media.iterdir()
    answer = client.get(f"/media/{kept.name}", buffered=True)
    assert answer.data == kept.read_bytes()
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    again = client.get(f"/media/{kept.name}", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    for name in ("../settings.env", "settings.env", "a" * 64 + ".png", kept.name.replace("jpg", "html")):
        assert client.get(f"/media/{name}").status_code == 404


def test_drafts_hidden_and_future_articles_cannot_be_told_from_none(
    client: FlaskClient, session: Session, folder: Path, media: Path, now: datetime
) -> None:
    write(folder, "draft", published="")
    write(folder, "future", published=published(now, -1))
    write(folder, "hidden", section="city")
    write(folder, "shown", related=("[draft, hidden, future]"), section="city")
    bring_in_well(session, folder, media=media, now=now)
    with transaction(session):
        session.execute(update(Article).where(Article.slug == "hidden").values(state="hidden"))
        bump(session)
    answers = [client.get(f"/articles/{slug}") for slug in ("none", "draft", "hidden", "future")]
    assert {(each.status_code, each.text) for each in answers} == {(404, answers[0].text)}
    for slug in ("none", "draft", "hidden", "future"):
        assert client.get(f"/articles/{slug}/appeal").status_code == 404
        assert client.get(f"/?before={slug}").status_code == 404
    for page in ("/", "/sections/city", "/feed.xml", "/articles/shown"):
        text = client.get(page).text
        assert not re.search("/articles/(draft|hidden|future)", text)


def test_a_future_article_appears_by_itself_when_it_is_due(
    client: FlaskClient, session: Session, folder: Path, media: Path, clock: SteppedClock
) -> None:
    write(folder, "old", section="city")
    write(folder, "due", section="city", published=published(clock.now(), -1))
    bring_in_well(session, folder, media=media, now=clock.now())
    pages = ("/", "/sections/city", "/feed.xml", "/articles/old")
    for page in pages:
        assert "/articles/due" not in client.get(page).text
    clock.advance(timedelta(minutes=59, seconds=50))
    for page in pages:
        answer = client.get(page)
        assert "/articles/due" not in answer.text
        assert answer.headers["Cache-Control"] == "public, max-age=0, s-maxage=10"
        assert "X-Fresh-Until" not in answer.headers
    clock.advance(timedelta(seconds=10))
    for page in pages:
        assert "/articles/due" in client.get(page).text
    assert client.get("/articles/due").status_code == 200


def test_the_first_article_appears_on_an_empty_front_page(
    client: FlaskClient, session: Session, folder: Path, media: Path, clock: SteppedClock
) -> None:
    write(folder, published=published(clock.now(), -1))
    bring_in_well(session, folder, media=media, now=clock.now())
    assert "Nothing is published yet" in client.get("/").text
    clock.advance(timedelta(hours=1))
    assert links(client.get("/").text) == ["bridge"]


def test_the_front_page_leads_on_to_every_article_once(
    client: FlaskClient, session: Session, folder: Path, media: Path, now: datetime
) -> None:
    count = 2 * PAGE_SIZE + 3
    for number in range(count):
        # Pairs share a moment, so that a page may end between two of them.
        write(folder, f"a{number}", published=published(now, 1 + number // 2), section="city")
    bring_in_well(session, folder, media=media, now=now)
    for start in ("/", "/sections/city"):
        seen, page = [], start
        while page:
            text = client.get(page).text
            seen += links(text)
            older = re.search(r'<a href="([^"]+)" rel="next"', text)
            page = older[1] if older else ""
        assert len(seen) == len(set(seen)) == count
        assert [int(slug[1:]) // 2 for slug in seen] == sorted(number // 2 for number in range(count))


def test_a_section_lists_its_own(
    client: FlaskClient, session: Session, folder: Path, media: Path, now: datetime
) -> None:
    write(folder, "one", section="City and river")
    write(folder, "two", section="records")
    write(folder, "three")
    bring_in_well(session, folder, media=media, now=now)
    assert links(client.get("/sections/city-and-river").text) == ["one"]
    assert client.get("/sections/none").status_code == 404
    assert '<a href="/sections/records"' in client.get("/").text


def test_read_also_names_the_related_first_and_then_the_newest_of_the_section(
    client: FlaskClient, session: Session, folder: Path, media: Path, now: datetime
) -> None:
    for number in range(5):
        write(folder, f"near{number}", section="city", published=published(now, number + 1))
    write(folder, "far", section="records")
    write(folder, "it", section="city", published=published(now, 0), related="[it, far, missing, near1]")
    bring_in_well(session, folder, media=media, now=now)
    assert links(client.get("/articles/it").text) == ["far", "near1", "near0"]


def test_an_article_of_forty_thousand_words_is_imported_and_served(
    client: FlaskClient, session: Session, folder: Path, media: Path, now: datetime
) -> None:
    paragraph = "Слово " * 100
    write(folder, body="\n\n".join(f"{paragraph}№{number}" for number in range(400)))
    bring_in_well(session, folder, media=media, now=now)
    answer = client.get("/articles/bridge")
    assert answer.text.count("Слово") == 40_000
    assert "№399</p>" in answer.text


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=st.text(st.characters(exclude_categories=["C", "Z"]) | st.sampled_from("'\"<>&🔥їж"), min_size=1))
def test_any_title_is_shown_as_it_was_written(
    client: FlaskClient, session: Session, folder: Path, media: Path, now: datetime, title: str
) -> None:
    yaml = "".join(f"\\U{ord(letter):08x}" for letter in title)
    write(folder, title=f'"{yaml}"')
    bring_in_well(session, folder, media=media, now=now)
    headline = re.search("<h1>(.*?)</h1>", client.get("/articles/bridge").text, re.DOTALL)
    assert headline
    shown = headline[1]
    assert "<" not in shown
    for entity, sign in (("&lt;", "<"), ("&gt;", ">"), ("&#39;", "'"), ("&#34;", '"'), ("&amp;", "&")):
        shown = shown.replace(entity, sign)
    assert shown == title[:300]


def test_an_article_takes_one_statement_and_none_on_accounts(
    client: FlaskClient, session: Session, folder: Path, media: Path, now: datetime, database: Database
) -> None:
    write(folder, "one", section="city", authors="[A, B]", tags="[c]")
    write(folder, "two", section="city")
    bring_in_well(session, folder, media=media, now=now)
    client.get("/articles/two")
    told: list[str] = []
    engine = client.application.extensions["database"].engine
    event.listen(engine, "before_cursor_execute", lambda *call: told.append(call[2]))
    client.set_cookie("session", "abc")
    assert client.get("/articles/one").status_code == 200
    articles = [statement for statement in told if "articles" in statement]
    assert len(articles) == 1
    assert not [statement for statement in told if re.search(r"\b(accounts|sessions|sign_in)", statement)]


@pytest.mark.parametrize("body", ["[here](/articles/two) and [there](https://example.org/)", "![A mast](mast.png)"])
def test_the_feed_carries_articles_in_full_with_whole_addresses(
    client: FlaskClient, session: Session, folder: Path, media: Path, now: datetime, body: str
) -> None:
    draw(folder / "mast.png")
    write(folder, body=body)
    bring_in_well(session, folder, media=media, now=now)
    text = client.get("/feed.xml").text
    assert not re.search("(href|src)=&#34;/", text)
    assert "http://localhost:8000/" in text


def test_times_are_the_newsroom_s_and_machines_read_utc(
    client: FlaskClient, session: Session, folder: Path, media: Path, now: datetime
) -> None:
    write(folder, published=datetime(2026, 11, 20, 23, 30, tzinfo=UTC).isoformat())
    bring_in_well(session, folder, media=media, now=now)
    assert '<time datetime="2026-11-20T23:30:00Z">20 November 2026</time>' in client.get("/articles/bridge").text
