"""The file of an article: what it may say, and how it is told what is wrong in which line."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from membership.articles.front_matter import BrokenArticle, Manuscript, Named, Problem, read, writable
from membership.articles.slugs import RESERVED, slug_of
from membership.web.slugs import is_slug

WHOLE = """---
title: "“Тиша”: a night, counted"
slug: a-night
standfirst: What one hears.
authors: [Olha Vereten, Орест Журавель]
section: city-and-river
tags: [radio, Журналістика]
published: 2026-11-08T06:45:00+02:00
picture: mast.jpg
picture_alt: A mast.
related: [one, two]
topic: who-repairs
---

The first paragraph.
"""


def broken(text: str | bytes) -> tuple[Problem, ...]:
    with pytest.raises(BrokenArticle) as caught:
        read(text if isinstance(text, bytes) else text.encode(), file_name="bridge")
    return caught.value.problems


def front(*lines: str) -> str:
    return "\n".join(["---", *lines, "---", "Body."])


def good(*lines: str, file_name: str = "bridge") -> Manuscript:
    return read(front(*lines).encode(), file_name=file_name)


def test_every_field_is_read() -> None:
    article = read(WHOLE.encode(), file_name="night")
    assert article.title == "“Тиша”: a night, counted"
    assert article.slug == "a-night"
    assert article.authors == ("Olha Vereten", "Орест Журавель")
    assert article.section == Named("city-and-river", "City and river")
    assert article.tags == (Named("radio", "radio"), Named("zhurnalistika", "Журналістика"))
    assert article.published_at == datetime(2026, 11, 8, 4, 45, tzinfo=UTC)
    assert (article.picture, article.picture_alt) == ("mast.jpg", "A mast.")
    assert (article.related, article.topic) == (("one", "two"), "who-repairs")
    assert (article.body.strip(), article.body_line) == ("The first paragraph.", 14)


def test_a_title_is_text_even_where_yaml_sees_something_else() -> None:
    assert [good(f"title: {word}").title for word in ("No", "1984", "2026-01-01", "3.10")] == [
        "No",
        "1984",
        "2026-01-01",
        "3.10",
    ]


def test_without_a_slug_the_name_of_the_file_is_spelt() -> None:
    assert good("title: A", file_name="Мій день").slug == "mii-den"


def test_without_a_date_it_is_a_draft() -> None:
    assert good("title: A").published_at is None
    assert good("title: A", "published:").published_at is None


@pytest.mark.parametrize(
    "written", ["2026-11-08T04:45:00Z", "2026-11-08 04:45:00 Z", "2026-11-08 06:45 +02:00", '"2026-11-08T06:45+02:00"']
)
def test_a_moment_may_be_written_in_several_ways(written: str) -> None:
    assert good("title: A", f"published: {written}").published_at == datetime(2026, 11, 8, 4, 45, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        (front("standfirst: x"), 1, "title is missing"),
        (front("standfirst: x", "title: ''"), 3, "title is missing"),
        (front("title: A", "titel: B"), 3, "'titel' is no field"),
        (front("title: A", "title: B"), 3, "title stands twice, first in line 2"),
        (front("title: [A, B]"), 2, "title must be one text"),
        (front("title: A", "slug: Not A Slug"), 3, "slug 'Not A Slug' is no slug"),
        (front("title: A", "slug: тиша"), 3, "is no slug"),
        (front("title: A", "slug: ../x"), 3, "is no slug"),
        (front("title: A", "slug: feed"), 3, "slug 'feed' is the name of a page of ours"),
        (front("title: A", "published: 2026-11-08T06:45:00"), 3, "has no time zone"),
        (front("title: A", "published: 2026-11-08"), 3, "has no time zone"),
        (front("title: A", "published: yesterday"), 3, "is no moment"),
        (front("title: A", "published: 0001-01-01T00:00:00+14:00"), 3, "is no moment"),
        (front("title: A", "picture: a.png"), 3, "picture has no picture_alt"),
        (front("title: A", "authors:", "  - B", "  - [C]"), 3, "authors must be a list of texts"),
        (front("title: A", "section: ¡!"), 3, "cannot be spelt as an address"),
        (front("title: A: B"), 2, "is no YAML"),
        (front("title: A", "tags: [a"), 3, "is no YAML"),
        (front("- A"), 2, "must be lines of the form"),
        (front("title: A", "standfirst: \x07"), 3, "character that may not stand here"),
        ("Only a body.", 1, "there is no front matter"),
        ("", 1, "there is no front matter"),
        ("---\ntitle: A\n\nBody.", 1, "is not closed"),
        (b"---\ntitle: A\n---\n\xff\xfe", 4, "is not UTF-8: byte 0xff"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str | bytes, line: int, what: str) -> None:
    problems = broken(text)
    assert [problem.line for problem in problems] == [line]
    assert what in problems[0].what


def test_all_problems_are_told_at_once() -> None:
    problems = broken(front("titel: B", "slug: NO", "published: soon"))
    assert [problem.line for problem in problems] == [1, 2, 3, 4]


def test_characters_that_nothing_can_carry_are_left_out() -> None:
    assert good(r'title: "A\u0001\ud800B"').title == "AB"
    assert "\x00" not in read(b"---\ntitle: A\n---\nx\x00y", file_name="a").body


@given(st.text(min_size=1, max_size=300))
def test_any_title_can_be_written_and_read(title: str) -> None:
    shown = " ".join(writable(title).split())
    quoted = "".join(f"\\U{ord(letter):08x}" for letter in title)
    assert read_or_refused(front(f'title: "{quoted}"').encode()) == (shown or "title is missing")


@given(st.text())
def test_what_is_made_of_a_name_is_a_slug_or_nothing(name: str) -> None:
    slug = slug_of(name)
    assert slug == "" or (is_slug(slug) and slug not in RESERVED)


@given(st.binary(max_size=300))
def test_whatever_the_bytes_are_they_are_read_or_refused(data: bytes) -> None:
    for text in (data, b"---\n" + data + b"\n---\n"):
        assert read_or_refused(text)


def read_or_refused(data: bytes) -> str:
    try:
        return read(data, file_name="a").title
    except BrokenArticle as refused:
        return refused.problems[0].what
