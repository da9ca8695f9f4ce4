"""The appeal under an article: the newsroom's words, filled, and two ways on."""

import pytest

from membership.appeals.choice import (
    FILTERS,
    MOST_A_MONTH,
    Counts,
    Reading,
    Words,
    default_appeal,
    filled,
    placeholders,
    refused_by,
)

READING = Reading("how-long", "records", ("bridge",))
WORDS = Words("The end. What next?", ("You could close this page, or join.",), "Become a patron", "other ways")


def test_an_appeal_leads_to_joining_and_remembers_the_article() -> None:
    appeal = default_appeal(READING, WORDS)
    assert appeal.heading == WORDS.heading
    assert appeal.paragraphs == WORDS.paragraphs
    assert (appeal.join_label, appeal.join_href) == ("Become a patron", "/support?article=how-long")
    assert (appeal.other_label, appeal.other_href) == ("other ways", "/support/other-ways")


def test_a_paragraph_that_cannot_be_filled_is_not_shown() -> None:
    paragraphs = ("Plain.", "A cup of coffee ({coffee}).", "At least {floor}, like a {coffee} coffee.")
    assert filled(paragraphs, {"coffee": "€3"}) == ("Plain.", "A cup of coffee (€3).")
    assert filled(paragraphs, {}) == ("Plain.",)


@pytest.mark.parametrize("text", ["{", "}", "{}", "{0}", "{coffee!r}", "{coffee:>9}", "{coffee.minor}", "{a b}"])
def test_braces_hold_one_name_and_nothing_else(text: str) -> None:
    with pytest.raises(ValueError, match=r"placeholder|expected|encountered|unmatched"):
        placeholders(text)


@pytest.mark.parametrize(
    ("counts", "refused"),
    [
        (Counts(), None),
        (Counts(read=100, seen=MOST_A_MONTH - 1), None),
        (Counts(seen=MOST_A_MONTH), "seldom"),
        (Counts(not_now=True), "not_now"),
        (Counts(seen=MOST_A_MONTH, not_now=True), "not_now"),
    ],
)
def test_we_ask_unless_a_filter_refuses_and_the_first_one_counts(counts: Counts, refused: str | None) -> None:
    found = refused_by(READING, counts)
    assert (found.id if found else None) == refused


def test_every_filter_has_a_name_of_its_own_and_says_why_it_refuses() -> None:
    assert [each.id for each in FILTERS] == ["not_now", "seldom"]
    assert [each.refusal for each in FILTERS] == ["the reader said not now", "asked 4 times in 30 days"]
