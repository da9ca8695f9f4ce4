"""The walk: from an article to a receipt to a ballot to its result, as people take it through their browsers."""

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.journeys.conftest import Visit
from tests.journeys.counting import finance_sees_today, finds_no_staff_page, the_books_are_right
from tests.journeys.crowd import vote
from tests.journeys.demo import Demo
from tests.journeys.giving import becomes_a_patron, gives_once, has_one_receipt, signs_in, stops_and_goes_on
from tests.journeys.manuscripts import write
from tests.journeys.reading import finds_the_demo, looks_at_other_ways, reads_an_article, the_articles_are_imported
from tests.journeys.voting import (
    answers_and_opens_a_round,
    proposes,
    sees_how_to_join,
    the_round_closes_by_itself,
    votes,
)
from tests.journeys.walk import ROUND_PATH, SLUG, Walk, Way

# Patrons of the demo to whom nothing happens in their year.
VOTERS = (
    "agnes.kovacs@example.org",
    "benoit.garcon@example.org",
    "friedrich.gross@example.org",
    "solomiia.honchar@example.org",
)
WAYS = (
    pytest.param(Way(390, True, True, "EUR", "12,50", "€12.50", "€12.50", 1250), id="390"),
    pytest.param(Way(1280, False, True, "UAH", "123.45", "UAH 123.45", "₴123.45", 12345), id="1280"),
    pytest.param(Way(390, False, False, "JPY", "1234", "¥1,234", "¥1,234", 1234), id="no-scripts"),
)


@pytest.mark.parametrize("way", WAYS)
def test_a_reader_walks_from_an_article_to_a_receipt_to_a_ballot_to_its_result(
    way: Way, live: Demo, visit: Visit, chance: random.Random, tmp_path: Path
) -> None:
    shelf = write(tmp_path / "articles", chance, now=datetime.now(UTC))
    walk = Walk(way, live, shelf, lambda: visit(width=way.width, dark=way.dark, scripts=way.scripts))
    reader = walk.come()
    finds_the_demo(walk, reader)
    the_articles_are_imported(walk)
    reads_an_article(walk, reader)
    looks_at_other_ways(walk, reader)
    gives_once(walk, reader)
    has_one_receipt(walk, reader)
    becomes_a_patron(walk, reader)
    patron = signs_in(walk, reader)
    stops_and_goes_on(walk, patron)
    proposes(patron)
    editor = answers_and_opens_a_round(walk)
    receipt = votes(walk, patron)
    sees_how_to_join(walk)
    vote(live, VOTERS, ROUND_PATH, SLUG)
    finds_no_staff_page(patron)
    the_round_closes_by_itself(walk, editor, receipt)
    finance_sees_today(walk)
    the_books_are_right(walk)
