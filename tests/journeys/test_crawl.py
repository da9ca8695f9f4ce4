"""A crawl of all public routes: they know nobody, ask nobody, and are the same for everybody."""

import re
from collections.abc import Iterator
from datetime import datetime
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.routing import MapAdapter
from werkzeug.test import TestResponse

from membership.accounts.models import Account
from membership.articles.importing import import_paths
from membership.db import Base, Database, transaction
from membership.demo import content, voting
from membership.newsroom.commands import load_tables
from membership.newsroom.words import current_newsroom
from membership.wiring import LOADERS
from tests.accounts.doors import person, sign_in
from tests.topics.people import patrons

# Pages for one person, or for machines. Whatever else there is must be public, and is crawled.
NOT_PUBLIC = {
    *("patrons.account", "ballots.ballot_page", "links.link_page", "results.check_page"),
    *("receipts.receipt", "receipts.receipt_pdf", "receipts.linked_pdf", "privacy.erased"),
    *("patrons.stopping", "changes.changes", "changes.moving", "amount_change.amount", "amount_change.cadence"),
    *("devices.devices_page", "address.address_page", "address.changed_page", "passkeys.passkeys_page"),
    *("privacy.own_privacy", "privacy.own_export", "privacy.own_export_json"),
    *("mail.mail_page", "mail.unsubscribe_page", "credit.credit_page", "statements.statements", "statements.statement"),
    *("accounts.ask_page", "accounts.link_page", "support.support", "thanks.thanks_page"),
    *("dashboard.today_page", "staff_rounds.rounds_page", "staff_topics.topics_page", "patrons.payments"),
    *("staff_rounds.new_page", "staff_rounds.one_page", "staff_rounds.draft_page", "votes.votes_page"),
    "staff_round_rehearsal.rehearsal_page",
    *("topic_pages.proposal_page", "own_topics.own_topics_page", "own_topics.following_page"),
    "staff_topics.topic_page",
    *("lost_mailboxes.mailboxes_page", "danger.danger_page", "promise_desk.promises_page"),
    *("staff_tiers.tiers_page", "staff_tiers.tier_page", "staff_tiers.new_page"),
    # Public, and asked for by a script alone, or linked only where there are more than a hundred names.
    *("topic_pages.similar_topics", "articles.voters"),
    *("demo.inbox", "demo.letter", "demo.letter_html", "health.healthz", "health.readyz"),
}
PERSONAL = (
    *("/support", "/sign-in", "/account", "/account/privacy", "/account/devices", "/account/passkeys"),
    *("/account/topics", "/topics/proposal", "/topics/where-does-the-rubble-go/following"),
    *("/account/mail", "/account/credit", "/account/payments", "/account/statements"),
    *("/account/changes", "/staff/", "/staff/tiers", "/rounds/winter-on-the-river/ballot"),
)
ABOUT_PEOPLE = {
    mapper.class_.__tablename__ for mapper in Base.registry.mappers if mapper.class_.__module__ == Account.__module__
}
ADDRESS = re.compile(r'\b(?:href|src)="([^"]+)"')
FETCHED = re.compile(r'\bsrc="([^"]+)"|<link rel="(?:stylesheet|icon)" href="([^"]+)"')


@pytest.fixture
def newsroom(app: Flask, database: Database, tmp_path: Path, now: datetime) -> Flask:
    """The demo's words, articles and rounds, with people who need no sandbox."""
    with app.app_context(), database.session() as session:
        with transaction(session):
            load_tables(session, content.newsroom(), LOADERS, now=now)
        home = current_newsroom()
        patrons(database, 8, now=now)
        editor = person(database, content.EDITOR, "editor", now=now)
        with transaction(session):
            voting.vote(session, content.topics(), editor_id=editor.id, zone=home.zone, now=now)
        folders, media = [content.ARTICLES, content.ANSWERS], tmp_path / "media"
        report = import_paths(session, folders, media=media, language=home.language, now=now)
        assert (report.faults, report.warnings) == ([], [])
    return app


def test_no_public_page_knows_who_reads_it(newsroom: Flask, client: FlaskClient, now: datetime) -> None:
    signed_in = newsroom.test_client()
    sign_in(signed_in, "patron1@example.org", now=now)
    assert signed_in.get("/account").status_code == 200
    statements = noted_statements(newsroom)
    pages = dict(crawl(client))
    for path, page in pages.items():
        assert "Set-Cookie" not in page.headers, path
        assert page.headers.get("Vary", "Accept-Encoding") == "Accept-Encoding", path
        assert elsewhere(page) == [], path
        again = signed_in.get(path, buffered=True)
        assert (again.status, again.data) == (page.status, page.data), path
        assert "Set-Cookie" not in again.headers, path
        assert "Cookie" not in again.headers.get("Vary", ""), path
    tables = set().union(*map(tables_in, statements))
    assert {"articles", "rounds"} <= tables
    # Under an article stand those who voted in its round and chose to be named.
    assert tables & ABOUT_PEOPLE == {"credits"}


def test_the_crawl_comes_to_every_public_route(newsroom: Flask, client: FlaskClient) -> None:
    routes = {rule.endpoint for rule in newsroom.url_map.iter_rules() if "GET" in (rule.methods or ())}
    came_to = {endpoint_of(newsroom.url_map.bind("localhost"), path) for path, _page in crawl(client)}
    assert came_to == routes - NOT_PUBLIC


@pytest.mark.usefixtures("newsroom")
def test_a_page_for_one_person_gives_a_stranger_no_cookie_and_is_kept_nowhere(client: FlaskClient) -> None:
    for path in PERSONAL:
        page = client.get(path)
        assert page.status_code in (200, 303), path
        assert "Set-Cookie" not in page.headers, path
        assert page.headers["Cache-Control"] == "no-store", path


def crawl(client: FlaskClient) -> Iterator[tuple[str, TestResponse]]:
    """Yields each public page that can be reached from the front page, and the appeal under each article."""
    adapter = client.application.url_map.bind("localhost")
    waiting, seen = ["/"], {"/"}
    while waiting:
        path = waiting.pop()
        page = client.get(path, buffered=True)
        assert page.status_code == 200, path
        yield path, page
        for found in (*links(page), *([f"{path}/appeal"] if path.startswith("/articles/") else [])):
            if found not in seen and not found.endswith("/appeal/appeal") and is_public(adapter, found):
                seen.add(found)
                waiting.append(found)


def links(page: TestResponse) -> list[str]:
    if page.mimetype != "text/html":
        return []
    addresses = (unescape(each).partition("#")[0] for each in ADDRESS.findall(page.text))
    return [each for each in addresses if re.match(r"/(?!/)", each)]


def is_public(adapter: MapAdapter, path: str) -> bool:
    return endpoint_of(adapter, path) not in NOT_PUBLIC


def endpoint_of(adapter: MapAdapter, path: str) -> str:
    endpoint: str = adapter.match(path.partition("?")[0])[0]
    return endpoint


def elsewhere(page: TestResponse) -> list[str]:
    """Addresses that a browser would fetch by itself and that do not lie on this site."""
    if page.mimetype != "text/html":
        return []
    fetched = ("".join(each) for each in FETCHED.findall(page.text))
    return [address for address in fetched if not re.match(r"/(?!/)", address)]


def noted_statements(app: Flask) -> list[str]:
    statements: list[str] = []
    engine = app.extensions["database"].engine
    event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    return statements


def tables_in(statement: str) -> set[str]:
    return set(re.findall(r"\b(?:FROM|JOIN|INTO|UPDATE)\s+\"?(\w+)", statement, re.IGNORECASE))
