"""The nightly list of payments that may be one made twice: who is on it, and what it does not tell."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from membership.accounts.people import account_for
from membership.accounts.roles import grant
from membership.db import transaction
from membership.money import Money
from membership.patrons.suspicious import Paid, list_suspicious_pairs, pairs_among
from tests.behaviours.acts import pledged
from tests.money import World

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FIVE, DAY = Money(500, "EUR"), timedelta(days=1)


def paid(reference: str, **changes: Any) -> Paid:
    values: dict[str, Any] = {
        "amount": FIVE,
        "at": NOON,
        "who": ("account 1",),
        "period": None,
        "by_itself": False,
        **changes,
    }
    return Paid(reference, **values)


@pytest.mark.parametrize(
    ("first", "second", "is_listed"),
    [
        ({}, {"at": NOON + DAY}, True),
        ({}, {"at": NOON + DAY + timedelta(seconds=1)}, False),
        ({}, {"amount": Money(501, "EUR")}, False),
        ({}, {"amount": Money(500, "USD")}, False),
        ({}, {"who": ("account 2",)}, False),
        ({"who": ("address a", "card-holder b")}, {"who": ("address c", "card-holder b")}, True),
        ({"who": ()}, {"who": ()}, False),
        ({"period": (1, NOON)}, {"period": (1, NOON + DAY)}, False),
        ({"period": (1, NOON)}, {"period": (1, NOON)}, True),
        ({"period": (1, NOON)}, {"period": (2, NOON)}, True),
        ({"period": (1, NOON)}, {}, True),
        ({"period": (1, NOON), "by_itself": True}, {"period": (2, NOON), "by_itself": True}, False),
        ({"period": (1, NOON), "by_itself": True}, {}, True),
    ],
)
def test_a_pair_is_of_one_giver_and_one_amount_within_a_day(
    first: dict[str, Any], second: dict[str, Any], *, is_listed: bool
) -> None:
    assert pairs_among([paid("b", **second), paid("a", **first)]) == ({("a", "b")} if is_listed else set())


def test_three_alike_are_two_pairs() -> None:
    assert pairs_among(paid(each, at=NOON + n * DAY) for n, each in enumerate("abc")) == {("a", "b"), ("b", "c")}


def test_staff_hear_of_a_pair_once_and_by_references_alone(newsroom: World) -> None:
    now = newsroom.clock.now()
    with newsroom.session() as session, transaction(session):
        finance, _made = account_for(session, "finance@example.org", language="en", now=now)
        grant(session, finance, "finance", by=None, now=now)
    pledged(newsroom, email="patron@example.org")
    for email in ("donor@example.org", "Donor@Example.org", "other@example.org"):
        newsroom.give_and_pay(newsroom.browser(), email=email)
    newsroom.settle()
    for _ in range(2):
        with newsroom.app.app_context():
            list_suspicious_pairs(newsroom.app.extensions["seams"])
        newsroom.work()
    (letter,) = newsroom.letters("payments that may be one made twice")
    body = letter.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert letter["To"] == "finance@example.org"
    assert text.count(" · ") == 1
    assert "donor" not in text.lower()
