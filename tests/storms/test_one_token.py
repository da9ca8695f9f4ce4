"""One form sent by hundreds at the same instant, to two processes: it leads to one page, where it can be paid once."""

import time
from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from tests.storms.asking import Answer
from tests.storms.conftest import Ground
from tests.storms.fleet import Fleet
from tests.storms.giving import Submit, fresh_form, network, submit_at_once
from tests.storms.rows import rows
from tests.storms.settling import settle

# After so long all brakes against too many tries have forgotten what was before.
LATER_SECONDS = 4000
SETTLE_SECONDS = 60
ATTEMPTS = "SELECT reference FROM attempts ORDER BY id"
# Sent again with another amount, a form may have to wait; it must not be told anything else.
HONEST = {303, 429, 503}


@dataclass(frozen=True)
class Crowd:
    """How many send one form at once, and how often that is done."""

    submits: int
    times: int


SMALL, SMALL_CHANGED, FULL = Crowd(submits=60, times=2), Crowd(submits=24, times=1), Crowd(submits=200, times=50)


def test_everybody_who_sends_one_form_is_led_to_one_page(small: Ground, chance: Random) -> None:
    send_one_form(small.fleet, SMALL, chance)


def test_a_form_that_is_changed_meanwhile_can_be_paid_once(small: Ground, chance: Random) -> None:
    send_changed_forms(small.fleet, SMALL_CHANGED, chance)


@pytest.mark.storm_full
def test_two_hundred_send_one_form_fifty_times(full: Ground, chance: Random) -> None:
    send_one_form(full.fleet, FULL, chance)


@pytest.mark.storm_full
def test_two_hundred_change_one_form_fifty_times(full: Ground, chance: Random) -> None:
    send_changed_forms(full.fleet, FULL, chance)


def send_one_form(fleet: Fleet, crowd: Crowd, chance: Random) -> None:
    slowest, known = 0.0, _session_ids(fleet)
    for _ in range(crowd.times):
        form, here = fresh_form(fleet), network(chance)
        answers = submit_at_once([Submit(chance.choice(fleet.ports), here, form) for _ in range(crowd.submits)])
        made = _session_ids(fleet) - known
        known |= made
        slowest = max(slowest, *(answer.seconds for answer in answers))

        assert _statuses(answers) == {303: crowd.submits}
        assert len({answer.location for answer in answers}) == len(made) == 1
        fleet.stripe.advance(LATER_SECONDS)
    print(f"{crowd.times} × {crowd.submits} submits, the slowest {slowest:.2f} s")  # noqa: T201 - by `make storm`


def send_changed_forms(fleet: Fleet, crowd: Crowd, chance: Random) -> None:
    begun, seen, revisions = time.monotonic(), Counter[int](), 0
    for _ in range(crowd.times):
        form, before = fresh_form(fleet), len(rows(fleet.url, ATTEMPTS))
        answers = submit_at_once([_changed(fleet, form, chance) for _ in range(crowd.submits)])
        ours = {reference for (reference,) in rows(fleet.url, ATTEMPTS)[before:]}
        revisions += len(ours)
        seen.update(_statuses(answers))

        assert set(_statuses(answers)) <= HONEST
        assert len(_payable(fleet, ours)) <= 1
        settle(fleet, seconds=SETTLE_SECONDS)
        assert len(_payable(fleet, ours)) == 1
        pages = {answer.location for answer in answers if answer.location.startswith(fleet.stripe.url)}
        assert [fleet.stripe.pay(page) for page in sorted(pages)].count(True) == 1
        fleet.stripe.advance(LATER_SECONDS)
    print(f"{crowd.times} × {crowd.submits} changed submits: {revisions} attempts, {dict(seen)}")  # noqa: T201 - by `make storm`
    print(f"{time.monotonic() - begun:.1f} s")  # noqa: T201 - by `make storm`


def _changed(fleet: Fleet, form: dict[str, str], chance: Random) -> Submit:
    return Submit(chance.choice(fleet.ports), network(chance), form | {"amount": chance.choice(("5", "10", "25"))})


def _statuses(answers: list[Answer]) -> dict[int, int]:
    return dict(Counter(answer.status for answer in answers))


def _session_ids(fleet: Fleet) -> set[str]:
    return {session["id"] for session in fleet.stripe.every("checkout/sessions")}


def _payable(fleet: Fleet, references: set[str]) -> list[dict[str, Any]]:
    sessions = fleet.stripe.every("checkout/sessions", status="open")
    return [session for session in sessions if session["client_reference_id"] in references]
