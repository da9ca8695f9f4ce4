"""Which titles people would call alike, and which they would not."""

import pytest

from membership.topics.similar import MOST_SHOWN, Titled, most_like

ALIKE = (
    ("Who repairs the grid at night?", "Who repairs the grid?"),
    ("Repairing the grid: who?", "Who repairs the grid?"),
    ("Grid repairs", "Who repairs the grid?"),
    ("Where did all the rubble go", "Where does the rubble go?"),
    ("Hospital generators", "Who pays for the generators of our hospitals?"),
    ("ремонт мережі взимку", "Хто ремонтує мережу взимку?"),
    ("Wer repariert das Stromnetz im Winter", "Wer repariert das Stromnetz?"),
    ("מי מתקן את רשת החשמל", "מי מתקן את רשת החשמל בחורף?"),
)
OTHERS = (
    ("Who repairs the grid at night?", "Who answers at 112 at night?"),
    ("Where do the teachers go?", "Where does the rubble go?"),
    ("The last teachers of the city", "The last ferrymen of the Vilshara"),
    ("Who pays for the roads?", "Who pays for the generators of our hospitals?"),
    ("How are our schools heated, and by whom?", "How are our shelters inspected, and by whom?"),
    ("Who counts the trees?", "Who repairs the grid?"),
    ("Where", "Where does the rubble go?"),
    ("🙂🙂🙂🙂", "Where does the rubble go?"),
    ("Where does the rubble go?", "🙂"),
    ("", "Where does the rubble go?"),
)


@pytest.mark.parametrize(("title", "other"), ALIKE)
def test_alike(title: str, other: str) -> None:
    assert [each.title for each in most_like(title, [Titled("a", other, "shortlisted")])] == [other]


@pytest.mark.parametrize(("title", "other"), OTHERS)
def test_not_alike(title: str, other: str) -> None:
    assert most_like(title, [Titled("a", other, "shortlisted")]) == ()


def test_the_most_like_come_first_and_five_are_enough() -> None:
    titles = ["Who repairs the grids?", *["Who repaired the grid?"] * 9, "Who repairs the grid?"]
    found = most_like("Who repairs the grid", [Titled(str(n), title, "selected") for n, title in enumerate(titles)])
    assert found[0].title == "Who repairs the grid?"
    assert len(found) == MOST_SHOWN
