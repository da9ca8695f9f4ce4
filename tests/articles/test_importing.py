"""Folders of articles: what is good is imported, what is broken names itself, and the rest does not suffer."""

import stat
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.articles.models import Article, ArticleVersion, Author, Section
from membership.articles.versions import Outcome
from membership.db import transaction
from membership.newsroom.models import SiteVersion
from membership.topics.models import Topic
from tests.articles.desk import bring_in, bring_in_well, draw, write


def article(session: Session, slug: str = "bridge") -> Article:
    session.expire_all()
    return session.scalars(select(Article).where(Article.slug == slug)).one()


def versions(session: Session) -> list[str]:
    return [
        row.front_matter["title"] for row in session.scalars(select(ArticleVersion).order_by(ArticleVersion.number))
    ]


def site_version(session: Session) -> int:
    return session.scalars(select(SiteVersion.number)).one()


def test_an_article_is_imported_with_all_that_belongs_to_it(
    session: Session, folder: Path, media: Path, now: datetime
) -> None:
    draw(folder.parent / "pictures" / "mast.png")
    fields = {"section": "City and river", "authors": "[Olha Vereten, Орест]", "tags": "[radio]"}
    write(folder, **fields, picture="mast.png", picture_alt="A mast", body="# One\n\nTwo.")
    bring_in_well(session, folder, media=media, now=now)
    row = article(session)
    assert (row.state, row.title, row.body_html) == ("published", "The bridge", "<h2>One</h2>\n<p>Two.</p>\n")
    assert (row.picture_alt, row.picture_width, row.picture_height) == ("A mast", 40, 30)
    assert session.scalars(select(Section.slug)).all() == ["city-and-river"]
    assert set(session.scalars(select(Author.name))) == {"Olha Vereten", "Орест"}
    assert row.picture_url
    assert (media / row.picture_url.removeprefix("/media/")).is_file()


def test_the_same_content_is_unchanged_and_other_content_a_new_version(
    session: Session, folder: Path, media: Path, now: datetime
) -> None:
    outcomes: list[Outcome] = []
    for title in ("One", "One", "Two", "One"):
        write(folder, title=title)
        before = site_version(session)
        report = bring_in(session, folder, media=media, now=now)
        outcomes += report.outcomes
        session.commit()
        assert (site_version(session) > before) == (Outcome.UNCHANGED not in report.outcomes)
    assert outcomes == [Outcome.NEW, Outcome.UNCHANGED, Outcome.CHANGED, Outcome.CHANGED]
    assert versions(session) == ["One", "Two", "One"]
    assert article(session).title == "One"


def test_another_picture_under_the_same_name_is_a_new_version(
    session: Session, folder: Path, media: Path, now: datetime
) -> None:
    for size in ((40, 30), (50, 30)):
        draw(folder / "mast.png", size=size)
        write(folder, picture="mast.png", picture_alt="A mast")
        bring_in_well(session, folder, media=media, now=now)
    assert len(versions(session)) == 2
    assert article(session).picture_width == 50


def test_a_broken_file_names_itself_and_the_others_are_imported(
    session: Session, folder: Path, media: Path, now: datetime
) -> None:
    write(folder, "good")
    bad = write(folder, "bad", published="tomorrow")
    unknown = write(folder, "unknown", topic="never-proposed")
    latin = folder / "latin.md"
    latin.write_bytes("---\ntitle: Caf\xe9\n---\n".encode("latin-1"))
    report = bring_in(session, folder, media=media, now=now)
    assert [str(fault).removeprefix(f"{folder}/") for fault in report.faults] == [
        "bad.md:3: published 'tomorrow' is no moment: write it like 2026-11-22T08:00:00+02:00",
        "latin.md:2: is not UTF-8: byte 0xe9",
        "unknown.md:4: topic 'never-proposed' does not exist",
    ]
    assert report.broken == len({bad, unknown, latin})
    assert session.scalars(select(Article.slug)).all() == ["good"]


def test_one_slug_in_two_files_is_an_error_of_both(session: Session, folder: Path, media: Path, now: datetime) -> None:
    write(folder, "first", slug="same")
    write(folder / "deeper", "second", slug="same")
    write(folder, "third")
    report = bring_in(session, folder, media=media, now=now)
    assert [(fault.path.name, fault.line) for fault in report.faults] == [("second.md", 4), ("first.md", 4)]
    assert "first.md" in report.faults[0].what
    assert session.scalars(select(Article.slug)).all() == ["third"]


def test_a_file_named_twice_is_imported_once(session: Session, folder: Path, media: Path, now: datetime) -> None:
    path = write(folder)
    assert bring_in(session, folder, path, media=media, now=now).outcomes == {Outcome.NEW: 1}


def test_an_article_may_answer_a_topic(session: Session, folder: Path, media: Path, now: datetime) -> None:
    with transaction(session):
        topic = Topic(slug="repairs", title="Repairs", why="", state="selected", proposed_at=now)
        session.add(topic)
    write(folder, topic="repairs")
    bring_in_well(session, folder, media=media, now=now)
    assert article(session).topic_id == topic.id


def test_what_was_hidden_stays_hidden(session: Session, folder: Path, media: Path, now: datetime) -> None:
    write(folder)
    bring_in_well(session, folder, media=media, now=now)
    with transaction(session):
        article(session).state = "hidden"
    write(folder, title="Corrected")
    bring_in_well(session, folder, media=media, now=now + timedelta(hours=1))
    assert (article(session).state, article(session).title) == ("hidden", "Corrected")


def test_two_authors_whose_names_are_spelt_alike_stay_two(
    session: Session, folder: Path, media: Path, now: datetime
) -> None:
    write(folder, authors="[Олена Ковач, Olena Kovach, Olena Kovach]")
    bring_in_well(session, folder, media=media, now=now)
    rows = session.execute(select(Author.name, Author.slug).order_by(Author.id)).all()
    assert len({row.slug for row in rows}) == 2
    assert [row.name for row in rows] == ["Олена Ковач", "Olena Kovach"]


@pytest.mark.parametrize(
    ("picture", "what"),
    [
        ("gone.png", "was not found"),
        ("../../secret.png", "lies outside"),
        ("/etc/passwd", "must be a file name"),
        ("notes.png", "is no PNG, JPEG or WebP"),
        ("moving.gif", "is no PNG, JPEG or WebP"),
        ("half.png", "is broken"),
        ("link.png", "lies outside"),
        ("heavy.png", "is larger than 10 MB"),
        ("wide.png", "has more than 50 million pixels"),
    ],
)
def test_a_picture_that_cannot_be_shown_breaks_its_article_alone(
    session: Session, folder: Path, media: Path, now: datetime, picture: str, what: str
) -> None:
    draw(folder.parent.parent / "secret.png")
    draw(folder / "moving.gif")
    (folder / "notes.png").write_text("no picture")
    whole = draw(folder / "half.png", size=(400, 300)).read_bytes()
    (folder / "half.png").write_bytes(whole[: len(whole) // 2])
    (folder / "link.png").symlink_to(folder.parent.parent / "secret.png")
    (folder / "heavy.png").write_bytes(whole + bytes(10 * 1024 * 1024))
    Image.new("1", (10_000, 5_001)).save(folder / "wide.png")
    write(folder, picture=picture, picture_alt="A picture")
    write(folder, "good")
    report = bring_in(session, folder, media=media, now=now)
    assert [fault.line for fault in report.faults] == [4]
    assert what in report.faults[0].what
    assert repr(picture) in report.faults[0].what
    assert session.scalars(select(Article.slug)).all() == ["good"]


def test_pictures_are_kept_once_and_may_be_read_by_the_server(
    session: Session, folder: Path, media: Path, now: datetime
) -> None:
    draw(folder / "mast.webp")
    for name in ("one", "two"):
        write(folder, name, picture="mast.webp", picture_alt="A mast", body="![Again](mast.webp)")
    bring_in_well(session, folder, media=media, now=now)
    (kept,) = media.iterdir()
    assert kept.suffix == ".webp"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o644


def test_the_command_prints_what_it_did_and_fails_if_a_file_is_broken(app: Flask, folder: Path) -> None:
    write(folder, "good")
    command = ["articles", "import", str(folder)]
    first = app.test_cli_runner().invoke(args=command)
    assert (first.exit_code, first.output) == (0, "Articles: 1 imported, 0 new version, 0 unchanged, 0 broken.\n")
    path = write(folder, "bad", title="")
    second = app.test_cli_runner().invoke(args=command)
    assert second.exit_code == 1
    assert f"{path}:1: title is missing\n" in second.output
    assert "0 imported, 0 new version, 1 unchanged, 1 broken." in second.output


def test_the_demo_newsroom_s_articles_are_good(session: Session, media: Path, now: datetime) -> None:
    demo = Path(__file__).parents[2] / "membership" / "demo" / "articles"
    bring_in_well(session, demo, media=media, now=now)
    assert session.scalar(select(func.count()).select_from(Article)) == len(list(demo.glob("*.md")))


@pytest.mark.parametrize("name", ["x" * 300 + ".png", "ї" * 130 + ".png", "loop.png", "a/" * 3000 + "b.png"])
def test_a_picture_that_cannot_be_looked_for_is_named_and_the_other_files_are_imported(
    session: Session, folder: Path, media: Path, now: datetime, name: str
) -> None:
    (folder / "loop.png").symlink_to(folder / "loop.png")
    write(folder, "a-bad", slug="bad", picture=name, picture_alt="A mast")
    write(folder, "b-body", slug="body", body=f"![A mast]({name})")
    write(folder, "c-good", slug="good")
    report = bring_in(session, folder, media=media, now=now)
    assert sorted(fault.path.name for fault in report.faults) == ["a-bad.md", "b-body.md"]
    in_body = next(fault for fault in report.faults if fault.path.name == "b-body.md")
    assert "cannot be looked for" in in_body.what
    assert article(session, "good").state == "published"
