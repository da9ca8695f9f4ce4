"""Standing as a table: each case is a pledge as it may stand, and what follows from it at noon of a day."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from membership.patrons.standing import PledgeFacts, Standing, standing
from tests.patrons.standings import (
    DAY,
    HOUR,
    INSTANT,
    NOW,
    PAID,
    SOON,
    TOMORROW,
    YESTERDAY,
    failing,
    grace,
    lapsed,
    no_vote,
    paused,
    pledge,
    skipping,
    unpaid,
    votes,
    votes_until,
)

TOKYO, MIDNIGHT = ZoneInfo("Asia/Tokyo"), datetime(2026, 11, 23, tzinfo=ZoneInfo("Europe/Kyiv")).astimezone(UTC)
LIVE, PENDING, NEVER_PAID = votes("live"), no_vote("pending", "first_payment"), no_vote("none", "never_paid")
SKIPPING, PAUSED = votes("skipping", TOMORROW), no_vote("paused", until=TOMORROW)
DISPUTED, UNKNOWN, FAILED = no_vote("disputed"), lapsed(reason="unknown"), lapsed(reason="failed")


def ending(until: datetime = TOMORROW) -> Standing:
    return votes_until("ending", until)


CASES: dict[str, tuple[PledgeFacts | None, Standing]] = {
    "nobody": (None, no_vote("none", "no_pledge")),
    # Every status of Stripe, once something was paid.
    "active": (pledge(), LIVE),
    "trialing": (pledge(status="trialing"), votes("moved", PAID.period_end_at)),
    "past due without grace": (pledge(status="past_due"), FAILED),
    "past due in grace": (failing(), grace()),
    "unpaid without grace": (pledge(status="unpaid"), FAILED),
    "unpaid in grace": (failing(status="unpaid"), grace()),
    "unpaid after grace": (failing(status="unpaid", grace_until=YESTERDAY), lapsed(YESTERDAY, "failed")),
    "canceled": (pledge(status="canceled", ended_at=YESTERDAY), lapsed(YESTERDAY)),
    "canceled nobody knows when": (pledge(status="canceled"), lapsed()),
    "incomplete_expired": (pledge(status="incomplete_expired"), lapsed()),
    "incomplete though paid": (pledge(status="incomplete"), UNKNOWN),
    "paused by Stripe itself": (pledge(status="paused"), no_vote("paused")),
    # Words that Stripe may add.
    "unknown status": (pledge(status="hibernating"), UNKNOWN),
    "empty status": (pledge(status=""), UNKNOWN),
    "status in capitals": (pledge(status="ACTIVE"), UNKNOWN),
    "unknown status in grace": (failing(status="hibernating"), UNKNOWN),
    "unknown status while paused": (paused(status="hibernating"), PAUSED),
    "unknown status while skipping": (skipping(status="hibernating"), UNKNOWN),
    "unknown state of the payment": (pledge(last_payment="somewhere"), LIVE),
    # Before any money has come: a debit may be under way.
    "first debit under way": (unpaid(), PENDING),
    "first debit under way and the date moved": (unpaid(status="trialing"), PENDING),
    "first payment incomplete": (unpaid(status="incomplete"), PENDING),
    "first payment under way and skipping": (skipping(last_payment=None), PENDING),
    "first payment under way and to be stopped": (unpaid(cancel_at=TOMORROW), PENDING),
    "first debit failed": (unpaid(status="past_due"), NEVER_PAID),
    "first debit failed in grace": (failing(last_payment=None), NEVER_PAID),
    "never paid and expired": (unpaid(status="incomplete_expired", ended_at=YESTERDAY), NEVER_PAID),
    "never paid and stopped": (unpaid(cancel_at=YESTERDAY), NEVER_PAID),
    "never paid and unknown": (unpaid(status="hibernating"), NEVER_PAID),
    # A renewal by debit is under way: the payment that came last is still the one before.
    "renewal under way": (pledge(period_end_at=NOW + 30 * DAY), LIVE),
    "renewal under way after a failed one": (failing(period_end_at=NOW + 30 * DAY), grace()),
    # The grace, to the instant.
    "grace ends now": (failing(grace_until=NOW), lapsed(NOW, "failed")),
    "grace ends in an instant": (failing(grace_until=SOON), grace(SOON)),
    "grace written in another zone": (failing(grace_until=SOON.astimezone(TOKYO)), grace(SOON)),
    "grace over at midnight in Kyiv": (failing(grace_until=MIDNIGHT), grace(MIDNIGHT)),
    "grace of a renewal that was paid": (failing(status="active"), LIVE),
    "grace and stopped before it ends": (failing(cancel_at=NOW + HOUR), grace(NOW + HOUR)),
    # Stopped: `cancel_at` is what counts, whether or not Stripe says `cancel_at_period_end`.
    "stopped at the period's end": (pledge(cancel_at=PAID.period_end_at), ending(PAID.period_end_at)),
    "stopped on a day of its own": (pledge(cancel_at=TOMORROW), ending()),
    "stopped now": (pledge(cancel_at=NOW), lapsed(NOW)),
    "stopped in an instant": (pledge(cancel_at=SOON), ending(SOON)),
    "stopped and Stripe has not told": (pledge(cancel_at=YESTERDAY), lapsed(YESTERDAY)),
    "stopped after the date was moved": (pledge(status="trialing", moved_until=TOMORROW, cancel_at=TOMORROW), ending()),
    "stopped while past due": (failing(cancel_at=YESTERDAY), lapsed(YESTERDAY)),
    "ended before its day": (pledge(ended_at=YESTERDAY, cancel_at=TOMORROW), lapsed(YESTERDAY)),
    "ended in a moment to come": (pledge(ended_at=TOMORROW), LIVE),
    # A pause does not change the status at Stripe: it is looked at first.
    "skipping": (skipping(), SKIPPING),
    "skipping while past due": (skipping(status="past_due"), votes_until("skipping", TOMORROW)),
    "skipping while unpaid": (skipping(status="unpaid"), FAILED),
    "skipping and over": (skipping(paused_until=NOW), LIVE),
    "skipping and over and the charge failed": (failing(is_paused=True, pause_kind="skip", paused_until=NOW), grace()),
    "skipping without an end": (skipping(paused_until=None), no_vote("paused")),
    "skipping and stopped": (skipping(cancel_at=NOW + 2 * DAY), ending(NOW + 2 * DAY)),
    "skipping though ended": (skipping(ended_at=YESTERDAY), lapsed(YESTERDAY)),
    "paused": (paused(), PAUSED),
    "paused while past due": (paused(status="past_due", grace_until=TOMORROW), PAUSED),
    "paused while trialing": (paused(status="trialing"), PAUSED),
    "paused while unpaid": (paused(status="unpaid"), PAUSED),
    "paused at Stripe by somebody": (paused(pause_kind=None), PAUSED),
    "paused at Stripe without an end": (paused(pause_kind=None, paused_until=None), no_vote("paused")),
    "paused and to be stopped before": (paused(cancel_at=NOW + HOUR), no_vote("paused", until=NOW + HOUR)),
    "paused for an instant": (paused(paused_until=SOON), no_vote("paused", until=SOON)),
    "paused and over": (paused(paused_until=NOW), LIVE),
    "paused and canceled": (paused(status="canceled", ended_at=YESTERDAY), lapsed(YESTERDAY)),
    "resumed early": (paused(is_paused=False), LIVE),
    # The date moved: a trial at Stripe.
    "moved": (pledge(status="trialing", moved_until=TOMORROW), votes("moved", TOMORROW)),
    "moved and the day has come": (pledge(status="trialing", moved_until=NOW), LIVE),
    "moved and charged since": (pledge(moved_until=YESTERDAY), LIVE),
    "moved and the charge failed": (failing(moved_until=YESTERDAY), grace()),
    "a trial whose end has passed": (pledge(status="trialing", period_end_at=YESTERDAY), LIVE),
    # Money that went back.
    "disputed": (pledge(last_payment="disputed", is_disputed=True), DISPUTED),
    "an older payment disputed": (pledge(is_disputed=True), DISPUTED),
    "disputed and won": (pledge(last_payment="paid", is_disputed=False), LIVE),
    "disputed and lost": (pledge(last_payment="lost"), no_vote("disputed", "lost")),
    "disputed while skipping": (skipping(is_disputed=True), DISPUTED),
    "disputed in grace": (failing(is_disputed=True), DISPUTED),
    "disputed and ended": (pledge(is_disputed=True, ended_at=YESTERDAY), lapsed(YESTERDAY)),
    "refunded": (pledge(last_payment="refunded"), no_vote("money_back", "refunded")),
    "partly refunded": (pledge(last_payment="partly_refunded"), LIVE),
    # Pledges that do not count.
    "duplicate": (pledge(why="duplicate"), no_vote("duplicate")),
    "duplicate that failed": (failing(why="duplicate"), no_vote("duplicate")),
    "dropped": (pledge(why="dropped"), lapsed(reason="dropped")),
    "dropped and ended": (pledge(why="dropped", ended_at=YESTERDAY), lapsed(YESTERDAY, "dropped")),
}


@pytest.mark.parametrize("name", CASES)
def test_somebody_stands_as_the_table_says(name: str) -> None:
    facts, expected = CASES[name]
    assert standing(facts, now=NOW) == expected


def test_the_table_holds_every_kind_of_a_pledge_and_every_status_of_stripe() -> None:
    kinds = {expected.kind for _facts, expected in CASES.values()}
    statuses = {facts.status for facts, _expected in CASES.values() if facts}
    assert kinds == {
        *("live", "pending", "grace", "skipping", "paused", "moved", "ending", "lapsed", "money_back", "disputed"),
        *("duplicate", "none"),
    }
    assert statuses > {
        *("incomplete", "incomplete_expired", "trialing", "active", "past_due", "canceled", "unpaid", "paused"),
    }
    assert len(CASES) >= 60


@pytest.mark.parametrize("name", [name for name, (_facts, expected) in CASES.items() if expected.until])
def test_a_kind_lasts_until_its_moment_and_no_longer(name: str) -> None:
    facts, expected = CASES[name]
    assert expected.until is not None
    assert standing(facts, now=expected.until - INSTANT).kind == expected.kind
    after = standing(facts, now=expected.until)
    assert after.kind != expected.kind
    # Only a vote of which no end was told goes on.
    assert not expected.may_vote or after.may_vote == (expected.votes_until is None)
