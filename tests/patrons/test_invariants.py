"""Each invariant of pledges: what breaks one by raw SQL is named by it, and by nothing else."""

import pytest

from membership.db import Database
from membership.patrons.invariants import PLEDGES
from tests.sound_rows import broken_by

_PLEDGE = (
    "INSERT INTO pledges (id, reference, account_id, payer_id, subscription, cadence, amount_minor, currency, "
    "stripe_status, started_at, period_end_at, live) SELECT 9, 'second', account_id, payer_id, 'sub_9', cadence, "
    "amount_minor, currency, stripe_status, started_at, period_end_at, live FROM pledges WHERE id = 1"
)

# What breaks an invariant, and the references that it names then.
PLANTED: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = [
    ("one_live_pledge", (_PLEDGE,), ("pledge", "second")),
    ("a_pledge_counts", ("UPDATE pledges SET live = false, why = 'duplicate'",), ("olena",)),
    (
        "live_has_not_ended",
        ("UPDATE pledges SET ended_at = started_at, stripe_status = 'canceled'",),
        ("pledge",),
    ),
    ("why_not_live", ("UPDATE pledges SET why = 'duplicate'",), ("pledge",)),
    ("ended_with_subscription", ("UPDATE pledges SET stripe_status = 'canceled'",), ("pledge",)),
    ("grace_while_past_due", ("UPDATE pledges SET grace_until = period_end_at",), ("pledge",)),
    (
        "pledge_paid_by_its_payer",
        (
            "INSERT INTO payers (id, reference, created_at) SELECT 9, 'stranger', created_at FROM payers WHERE id = 1",
            "UPDATE payments SET payer_id = 9 WHERE id = 3",
        ),
        ("of-pledge",),
    ),
    ("pledge_paid_in_its_currency", ("UPDATE pledges SET currency = 'USD'",), ("of-pledge",)),
    (
        "period_paid_once",
        (
            "INSERT INTO pledge_payments (payment_id, pledge_id, period_start, period_end) "
            "SELECT 1, pledge_id, period_start, period_end FROM pledge_payments",
        ),
        ("of-pledge", "once"),
    ),
    ("period_has_length", ("UPDATE pledge_payments SET period_end = period_start",), ("of-pledge",)),
]


@pytest.mark.parametrize(("name", "statements", "references"), PLANTED, ids=[each[0] for each in PLANTED])
def test_what_breaks_an_invariant_is_named_and_nothing_else(
    sound: Database, name: str, statements: tuple[str, ...], references: tuple[str, ...]
) -> None:
    assert broken_by(sound, *statements) == [(name, references)]


def test_every_invariant_of_pledges_is_broken_by_some_test() -> None:
    assert {name for name, _statements, _references in PLANTED} == {each.name for each in PLEDGES}
