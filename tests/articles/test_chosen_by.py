"""An article that answers a topic: publishing it moves the topic, and under it stands who chose it."""

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from membership.accounts.credit import ANONYMOUS, choose_credit
from membership.accounts.erasing import erase
from membership.accounts.models import Account
from membership.articles.of_topics import articles_of
from membership.articles.outcomes import publish_due
from membership.clock import SteppedClock
from membership.db import Database
from membership.topics.answering import decline
from membership.topics.models import RollEntry, Topic, TopicMove
from membership.wiring import PERSONAL_DATA, Seams
from tests.articles.desk import bring_in, bring_in_well, write
from tests.topics.aftermath import GRID, chosen, does, topic
from tests.topics.people import writing

ARTICLE = "/articles/grid"


def _named(database: Database, account: Account, name: str, shown: str = "name", *, clock: SteppedClock) -> None:
    with writing(database) as session:
        choose_credit(session, account.id, shown, name, now=clock.at)


def _moves(session: Session) -> list[str]:
    session.rollback()
    moves = select(TopicMove.now).join(Topic).where(Topic.slug == GRID).order_by(TopicMove.id)
    return list(session.scalars(moves))


def _published(folder: Path, media: Path, session: Session, clock: SteppedClock) -> None:
    bring_in_well(session, write(folder, "grid", title="The grid", topic=GRID), media=media, now=clock.at)


def test_importing_an_article_publishes_its_topic_once(
    database: Database, session: Session, folder: Path, media: Path, clock: SteppedClock
) -> None:
    chosen(database, clock)
    for _ in range(2):
        _published(folder, media, session, clock)
    bring_in_well(session, write(folder, "second", title="More", topic=GRID), media=media, now=clock.at)
    assert _moves(session)[-2:] == ["selected", "published"]
    found = topic(session)
    assert (found.outcome_url, found.outcome_title) == (ARTICLE, "The grid")
    assert {each.href for each in articles_of(session, [GRID], now=clock.at)} == {ARTICLE, "/articles/second"}


def test_an_article_that_is_due_later_publishes_its_topic_when_it_is_out(
    app: Flask, database: Database, session: Session, folder: Path, media: Path, clock: SteppedClock
) -> None:
    chosen(database, clock)
    seams: Seams = app.extensions["seams"]
    later = (clock.at + timedelta(hours=2)).isoformat()
    path = write(folder, "grid", title="The grid", topic=GRID, published=later)
    bring_in_well(session, path, media=media, now=clock.at)
    with app.app_context():
        assert publish_due(seams) == 0
        clock.advance(timedelta(hours=2))
        assert (publish_due(seams), publish_due(seams)) == (1, 0)
    assert _moves(session)[-1] == "published"


def test_an_article_whose_topic_cannot_move_is_imported_with_a_warning(
    app: Flask, database: Database, session: Session, folder: Path, media: Path, clock: SteppedClock
) -> None:
    chosen(database, clock)
    does(database, decline, "The archive burned.", now=clock.at)
    path = write(folder, "grid", title="The grid", topic=GRID)
    report = bring_in(session, path, media=media, now=clock.at)
    assert (report.faults, report.broken) == ([], 0)
    (warning,) = report.warnings
    assert str(warning) == f"{path}:4: topic '{GRID}' is declined, so it is not published now"
    assert _moves(session)[-1] == "declined"
    result = app.test_cli_runner().invoke(args=["articles", "import", str(path)])
    assert result.exit_code == 0
    assert "is declined" in result.stderr


def test_under_the_article_stands_who_chose_it_and_who_wishes_to_be_named(
    client: FlaskClient, database: Database, session: Session, folder: Path, media: Path, clock: SteppedClock
) -> None:
    _round, voters = chosen(database, clock)
    _published(folder, media, session, clock)
    _named(database, voters[0], "Ольга Ковальчук", clock=clock)
    _named(database, voters[1], "Åsa <b>Berg</b>", clock=clock)
    _named(database, voters[2], "Bela Kis", "initials", clock=clock)
    _named(database, voters[3], "Mallory", clock=clock)
    with writing(database) as writer:
        barred = update(RollEntry).where(RollEntry.account_id == voters[3].id)
        writer.execute(barred.values(barred_at=clock.at, barred_why="refunded"))
    page = client.get(ARTICLE)
    # Nobody in between shows a name for longer than the minute.
    for path in (ARTICLE, f"{ARTICLE}/voters"):
        assert client.get(path).headers["Cache-Control"] == "public, max-age=0, s-maxage=60"
    assert "by 6 of the 6 patrons who voted" in page.text
    named = "<bdi>Åsa &lt;b&gt;Berg&lt;/b&gt;</bdi>, <bdi>B. K.</bdi>, <bdi>Ольга Ковальчук</bdi>"
    assert f"Voted in this round: {named} and others." in page.text
    assert "Mallory" not in page.text


def test_a_name_is_gone_with_the_next_page_once_it_is_revoked_or_erased(
    client: FlaskClient, database: Database, session: Session, folder: Path, media: Path, clock: SteppedClock
) -> None:
    _round, voters = chosen(database, clock)
    _published(folder, media, session, clock)
    _named(database, voters[0], "Anna", clock=clock)
    _named(database, voters[1], "Bela", clock=clock)
    assert "Anna" in client.get(ARTICLE).text
    _named(database, voters[0], "", ANONYMOUS, clock=clock)
    page = client.get(ARTICLE).text
    assert "Anna" not in page
    assert "Bela" in page
    with writing(database) as writer:
        erase(writer, voters[1].id, PERSONAL_DATA, now=clock.at)
    page = client.get(ARTICLE).text
    assert "Bela" not in page
    assert "by 6 of the 6 patrons who voted" in page


def test_under_five_ballots_neither_number_nor_name_is_told(
    client: FlaskClient, database: Database, session: Session, folder: Path, media: Path, clock: SteppedClock
) -> None:
    _round, voters = chosen(database, clock, voters=4)
    _published(folder, media, session, clock)
    _named(database, voters[0], "Anna", clock=clock)
    page = client.get(ARTICLE).text
    assert 'Chosen in <a href="/rounds/winter-energy/results">Winter energy</a>.' in page
    assert "Anna" not in page
    assert "Nobody is named" in client.get(f"{ARTICLE}/voters").text


def test_many_names_have_pages_of_their_own(
    client: FlaskClient,
    database: Database,
    session: Session,
    folder: Path,
    media: Path,
    clock: SteppedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _round, voters = chosen(database, clock, voters=14)
    _published(folder, media, session, clock)
    for number, voter in enumerate(voters):
        _named(database, voter, f"Name {'abcdefghijklmn'[number]}", clock=clock)
    monkeypatch.setattr("membership.articles.routes.NAMES_AT_ONCE", 13)
    page = client.get(ARTICLE).text
    assert "All 14 who wish to be named" in page
    assert ("Name m" in page, "Name n" in page) == (True, False)
    assert f'href="{ARTICLE}/voters"' in page
    assert client.get(f"{ARTICLE}/voters").text.count("<bdi>") == 13
    assert "Name n" in client.get(f"{ARTICLE}/voters?page=2").text
    assert client.get(f"{ARTICLE}/voters?page=3").status_code == 404
    assert client.get("/articles/none/voters").status_code == 404


def test_only_an_article_with_a_topic_asks_more_of_the_database(
    client: FlaskClient, database: Database, session: Session, folder: Path, media: Path, clock: SteppedClock
) -> None:
    chosen(database, clock)
    _published(folder, media, session, clock)
    bring_in_well(session, write(folder, "other", title="Other"), media=media, now=clock.at)
    _first, first = (_statements(client, path) for path in ("/articles/other", ARTICLE))
    # Asked in another way, no page is kept; what was chosen is remembered, for which a test looks at the version.
    without, with_topic = (_statements(client, f"{path}?again=1") for path in ("/articles/other", ARTICLE))
    assert without + 1 == with_topic < first
    assert "Chosen in" not in client.get("/articles/other").text


def _statements(client: FlaskClient, path: str) -> int:
    engine = client.application.extensions["database"].engine
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        assert client.get(path).status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(asked)
