"""The count: a pure function, the same for every order of ballots."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from membership.topics.tally import Contender, Counted, chosen, tally, tie_digest

DAY = datetime(2026, 11, 1, tzinfo=UTC)
GRID, RUBBLE, FERRY = "grid", "rubble", "ferry"
CONTENDERS = [Contender(GRID, DAY), Contender(RUBBLE, DAY + timedelta(days=1)), Contender(FERRY, DAY)]
FIRST, SECOND = sorted((GRID, FERRY), key=lambda slug: tie_digest("round", slug))

CASES: tuple[tuple[str, list[Collection[str]], list[tuple[str, int]]], ...] = (
    ("no ballot: time, then digest", [], [(FIRST, 0), (SECOND, 0), (RUBBLE, 0)]),
    ("one ballot", [{RUBBLE}], [(RUBBLE, 1), (FIRST, 0), (SECOND, 0)]),
    ("most votes first", [{RUBBLE, GRID}, {RUBBLE}, {GRID}, {RUBBLE}], [(RUBBLE, 3), (GRID, 2), (FERRY, 0)]),
    ("a tie goes to the earlier proposal", [{RUBBLE}, {GRID}], [(GRID, 1), (RUBBLE, 1), (FERRY, 0)]),
    ("a tie of one moment goes to the digest", [{FERRY}, {GRID}], [(FIRST, 1), (SECOND, 1), (RUBBLE, 0)]),
    ("a topic named twice on a ballot counts once", [[GRID, GRID], {RUBBLE}], [(GRID, 1), (RUBBLE, 1), (FERRY, 0)]),
)


@pytest.mark.parametrize(("ballots", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_ballots_are_counted_and_ranked(ballots: list[Collection[str]], expected: list[tuple[str, int]]) -> None:
    counted = tally("round", CONTENDERS, ballots)
    assert counted == tuple(Counted(slug, votes, rank) for rank, (slug, votes) in enumerate(expected, start=1))


def test_a_choice_outside_of_the_round_is_no_vote_but_a_fault() -> None:
    with pytest.raises(KeyError, match="lighthouse"):
        tally("round", CONTENDERS, [{"lighthouse"}])


def test_the_digest_is_the_one_that_is_published() -> None:
    # printf 'round\ngrid' | sha256sum
    assert tie_digest("round", "grid") == "903ca4fb2db73f1057c406cd5385884b0aa194307998a4b167e6f6bb5304e9b6"


def test_a_topic_without_a_vote_is_never_chosen() -> None:
    assert chosen(tally("round", CONTENDERS, [{RUBBLE}]), winners=2) == (RUBBLE,)
    assert chosen(tally("round", CONTENDERS, []), winners=2) == ()


SLUGS = [f"topic-{number}" for number in range(6)]
ballots_of_any_kind = st.lists(st.frozensets(st.sampled_from(SLUGS)), max_size=30)


@given(ballots_of_any_kind, st.lists(st.integers(0, 3), min_size=6, max_size=6), st.randoms())
def test_the_tally_equals_a_naive_recount_in_any_order(
    ballots: list[frozenset[str]], days: list[int], random: object
) -> None:
    contenders = [Contender(slug, DAY + timedelta(days=n)) for slug, n in zip(SLUGS, days, strict=True)]
    counted = tally("round", contenders, ballots)
    assert {each.slug: each.votes for each in counted} == {
        slug: sum(slug in ballot for ballot in ballots) for slug in SLUGS
    }
    assert sorted(each.rank for each in counted) == list(range(1, 7))
    for ahead, behind in pairwise(counted):
        assert _strength(ahead, days) > _strength(behind, days)
    random.shuffle(ballots)  # type: ignore[attr-defined]  # hypothesis hands a random.Random
    random.shuffle(contenders)  # type: ignore[attr-defined]
    assert tally("round", contenders, ballots) == counted


def _strength(counted: Counted, days: list[int]) -> tuple[int, int, int]:
    return counted.votes, -days[SLUGS.index(counted.slug)], -int(tie_digest("round", counted.slug), 16)
