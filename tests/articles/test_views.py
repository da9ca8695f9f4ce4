"""How often articles are read: sums by day, and nothing about who read."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from membership.articles.models import Article, ArticleViews
from membership.articles.views import Views
from membership.clock import SteppedClock
from membership.db import Database, transaction
from membership.newsroom.site_version import bump
from membership.settings import ROOT
from tests.articles.desk import bring_in_well, write

TODAY = date(2026, 11, 22)
# Servers answer in threads that nobody waits for.
READ_AND_END = """
import threading
import app
client = app.create_app().test_client()
for _ in range(3):
    reader = threading.Thread(target=client.get, args=("/articles/bridge",), daemon=True)
    reader.start()
    reader.join()
"""


@pytest.fixture
def views(app: Flask) -> Views:
    found: Views = app.extensions["views"]
    return found


@pytest.fixture(autouse=True)
def _articles(session: Session, folder: Path, media: Path, now: datetime) -> None:
    write(folder, "bridge")
    write(folder, "hidden")
    write(folder, "draft", published="")
    bring_in_well(session, folder, media=media, now=now)
    with transaction(session):
        session.execute(update(Article).where(Article.slug == "hidden").values(state="hidden"))
        bump(session)


def kept(session: Session) -> list[tuple[date, str, int]]:
    rows = session.execute(
        select(ArticleViews.day, Article.slug, ArticleViews.views)
        .join(Article, Article.id == ArticleViews.article_id)
        .order_by(ArticleViews.day, Article.slug)
    ).all()
    session.commit()
    return [(row.day, row.slug, row.views) for row in rows]


def test_an_article_is_counted_rendered_or_kept_or_not_modified(
    client: FlaskClient, session: Session, views: Views
) -> None:
    etag = client.get("/articles/bridge").headers["ETag"]
    client.get("/articles/bridge?utm_source=letter")
    assert client.get("/articles/bridge", headers={"If-None-Match": etag}).status_code == 304
    assert kept(session) == []
    views.flush()
    assert kept(session) == [(TODAY, "bridge", 3)]
    client.get("/articles/bridge")
    views.flush()
    views.flush()
    assert kept(session) == [(TODAY, "bridge", 4)]


def test_only_reading_a_published_article_is_counted(client: FlaskClient, session: Session, views: Views) -> None:
    client.head("/articles/bridge")
    client.post("/articles/bridge")
    for path in ("/", "/feed.xml", "/articles/bridge/appeal", "/articles/none", "/articles/hidden", "/articles/draft"):
        client.get(path)
    views.flush()
    assert kept(session) == []


def test_what_was_hidden_before_the_sums_are_written_is_left_out(
    client: FlaskClient, session: Session, views: Views
) -> None:
    client.get("/articles/bridge")
    with transaction(session):
        session.execute(update(Article).values(state="hidden"))
    views.flush()
    assert kept(session) == []


def test_a_day_is_one_of_the_newsroom_s_zone(client: FlaskClient, session: Session, app: Flask) -> None:
    clock: SteppedClock = app.extensions["clock"]
    views: Views = app.extensions["views"]
    # Without settings the newsroom's zone is UTC.
    clock.advance(datetime(2026, 11, 22, 23, 59, tzinfo=UTC) - clock.now())
    client.get("/articles/bridge")
    views.flush()
    clock.advance(timedelta(minutes=1))
    client.get("/articles/bridge")
    views.flush()
    assert kept(session) == [(TODAY, "bridge", 1), (date(2026, 11, 23), "bridge", 1)]


def test_counting_asks_no_cookie_and_writes_no_row(client: FlaskClient, views: Views) -> None:
    client.get("/articles/bridge")
    statements: list[str] = []
    engine = client.application.extensions["database"].engine
    event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    client.set_cookie("session", "abc")
    client.get("/articles/bridge")
    assert not [each for each in statements if "article_views" in each or "sessions" in each]
    views.flush()
    assert len([each for each in statements if "article_views" in each]) == 1


def test_while_the_database_is_away_the_sums_wait(
    client: FlaskClient, session: Session, views: Views, database: Database
) -> None:
    client.get("/articles/bridge")
    with transaction(session):
        session.connection().exec_driver_sql("ALTER TABLE article_views RENAME TO elsewhere")
    views.flush()
    with transaction(session):
        session.connection().exec_driver_sql("ALTER TABLE elsewhere RENAME TO article_views")
    client.get("/articles/bridge")
    views.flush()
    assert kept(session) == [(TODAY, "bridge", 2)]


def test_a_process_that_ends_has_written_its_sums(session: Session, database_url: str, tmp_path: Path) -> None:
    surroundings = {
        "MEMBERSHIP_MODE": "demo",
        "MEMBERSHIP_DATABASE_URL": database_url,
        "MEMBERSHIP_SECRET_KEY": "s" * 32,
        "MEMBERSHIP_STRIPE_SECRET_KEY": "sk_test_invented",
        "MEMBERSHIP_STRIPE_API_BASE": "http://127.0.0.1:1",
        "MEMBERSHIP_STRIPE_WEBHOOK_SECRETS": "whsec_invented",
        "MEMBERSHIP_INSTANCE": str(tmp_path / "instance"),
    }
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", READ_AND_END],
        cwd=ROOT,
        env={**os.environ, **surroundings},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert [(slug, number) for _, slug, number in kept(session)] == [("bridge", 3)]
