"""The appeal under an article: the newsroom's words, filled, and two ways on."""

import pytest

from membership.appeals.choice import Reading, Words, choose, filled, placeholders

WORDS = Words("The end. What next?", ("You could close this page, or join.",), "Become a patron", "other ways")


def test_an_appeal_leads_to_joining_and_remembers_the_article() -> None:
    appeal = choose(Reading("how-long", "records", ("bridge",)), WORDS)
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
