"""Ordinary acts that meet: whichever comes first, the other waits or is refused, and no database ends one of them."""

from datetime import datetime, timedelta

import pytest

from membership.accounts.models import Account
from membership.clock import SteppedClock
from membership.db import Database
from membership.topics.keeping import sweep_rolls
from membership.wiring import Seams
from tests.topics.desk import Desk
from tests.topics.people import at_once, patron, reread

# What meets by chance meets in one of these.
TIMES = 8


@pytest.fixture
def desk(database: Database, now: datetime) -> Desk:
    return Desk(database, now=now)


def test_a_patron_proposes_while_an_editor_opens_a_round(desk: Desk) -> None:
    for number in range(TIMES):
        made, proposed = at_once([desk.opens(desk.topics()), desk.proposes(number)])
        assert isinstance(made, int)
        assert proposed == f"proposal-{number}"


def test_the_editor_who_opens_a_round_may_propose_in_another_tab(desk: Desk) -> None:
    for number in range(5):  # more would be too many unread
        made, proposed = at_once([desk.opens(desk.topics()), desk.proposes(6 * number)])
        assert isinstance(made, int)
        assert proposed == f"proposal-{6 * number}"


def test_two_editors_open_rounds_over_the_same_topics_and_one_is_told(desk: Desk) -> None:
    for _ in range(TIMES):
        slugs = desk.topics(5)
        answers = at_once([desk.opens(slugs), desk.opens(slugs[::-1], "Spring")])
        assert sorted(isinstance(answer, int) for answer in answers) == [False, True]


def test_two_editors_open_rounds_of_one_name_over_other_topics(desk: Desk) -> None:
    for _ in range(TIMES):
        answers = at_once([desk.opens(desk.topics()), desk.opens(desk.topics())])
        assert all(isinstance(answer, int) for answer in answers)


@pytest.mark.parametrize("place", [0, 2])
def test_a_topic_is_declined_or_comes_into_the_round_that_opens(desk: Desk, place: int) -> None:
    for _ in range(TIMES):
        slugs = desk.topics()
        made, declined = at_once([desk.opens(slugs), desk.declines(slugs[place])])
        assert isinstance(made, int) != (declined == "declined")


def test_editors_answer_proposals_while_a_round_opens_and_patrons_propose(desk: Desk) -> None:
    for number in range(TIMES):
        waiting = desk.topics(2, state="proposed")
        acts = [
            desk.shortlists(waiting[0]),
            desk.declines(waiting[1]),
            desk.proposes(number),
            desk.opens(desk.topics()),
        ]
        answers = at_once(acts)
        assert answers[:3] == ["shortlisted", "declined", f"proposal-{number}"]
        assert isinstance(answers[3], int)


def test_two_editors_answer_the_same_proposal_and_one_is_told(desk: Desk) -> None:
    for _ in range(TIMES):
        (slug,) = desk.topics(1, state="declined")
        assert at_once([desk.shortlists(slug), desk.declines(slug)]) == ["refused", "refused"]
        (slug,) = desk.topics(1, state="proposed")
        answers = at_once([desk.shortlists(slug), desk.shortlists(slug)])
        assert sorted(map(str, answers)) == ["refused", "shortlisted"]


def test_a_round_closes_while_another_opens_over_its_topics_or_others(desk: Desk) -> None:
    for _ in range(TIMES):
        slugs = desk.topics(5)
        round_ = desk.round(slugs)
        acts = [
            desk.closes(round_, at=round_.closes_at),
            desk.opens(slugs[::-1], "Spring"),
            desk.opens(desk.topics(), "Summer"),
            desk.declines(slugs[0]),
        ]
        answers = at_once(acts)
        assert answers[0] is True
        assert isinstance(answers[2], int)


def test_a_payment_brings_onto_the_roll_while_rounds_open_and_close(desk: Desk, database: Database) -> None:
    for number in range(TIMES):
        ending = desk.round(desk.topics())
        desk.round(desk.topics())
        (late,) = _late(database, number, 1, now=desk.now)
        at = desk.now + timedelta(hours=1)
        acts = [
            desk.pays(late, at=at),
            desk.closes(ending, at=ending.closes_at),
            desk.opens(desk.topics()),
            desk.pays(desk.people[0], at=at),
        ]
        answers = at_once(acts)
        assert isinstance(answers[0], int)
        assert answers[1] is True
        assert isinstance(answers[2], int)
        assert reread(database, ending).closed_at == ending.closes_at


def test_payments_and_the_sweep_bring_the_same_people_onto_a_roll_once(
    desk: Desk, database: Database, clock: SteppedClock, seams: Seams
) -> None:
    desk.round(desk.topics())
    for number in range(TIMES):
        late = _late(database, number, 3, now=desk.now)
        pays = [desk.pays(each, at=clock.now()) for each in late]
        answers = at_once([*pays[:2], lambda: sweep_rolls(seams), lambda: sweep_rolls(seams), pays[2]])
        assert sum(answer for answer in answers if isinstance(answer, int)) == 3


def test_votes_come_in_while_an_editor_asks_for_their_topics_again(desk: Desk, clock: SteppedClock) -> None:
    slugs = desk.topics(5)
    round_ = desk.round(slugs)
    for _ in range(TIMES):
        votes = [desk.votes(round_, each, slugs[-1], clock=clock) for each in desk.people[:3]]
        answers = at_once([*votes, desk.opens(slugs, "Spring"), desk.declines(slugs[-1])])
        assert answers[3:] == ["refused", "refused"]


def test_a_roll_is_sealed_while_another_round_opens(desk: Desk) -> None:
    for _ in range(TIMES):
        round_ = desk.round(desk.topics())
        answers = at_once([desk.seals(at=round_.joins_until), desk.opens(desk.topics())])
        assert isinstance(answers[1], int)


def _late(database: Database, number: int, count: int, *, now: datetime) -> list[Account]:
    return [patron(database, f"late-{number}-{each}@example.org", now=now) for each in range(count)]
