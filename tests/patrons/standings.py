"""Words for the tables of standing: pledges as they may stand, and what follows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from membership.patrons.standing import PledgeFacts, Standing

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOUR, DAY, INSTANT = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)
SOON, TOMORROW, YESTERDAY = NOW + INSTANT, NOW + DAY, NOW - DAY
PAID = PledgeFacts("active", "paid", period_end_at=NOW + 20 * DAY)


def pledge(**changes: object) -> PledgeFacts:
    """A paid pledge that goes on, but for these changes."""
    return replace(PAID, **changes)  # type: ignore[arg-type]  # each case says what it changes


def skipping(**changes: object) -> PledgeFacts:
    """A pledge whose owner skips a charge until tomorrow."""
    return pledge(**{"is_paused": True, "pause_kind": "skip", "paused_until": TOMORROW} | changes)


def paused(**changes: object) -> PledgeFacts:
    """A pledge that is paused until tomorrow."""
    return skipping(**{"pause_kind": "pause"} | changes)


def failing(**changes: object) -> PledgeFacts:
    """A pledge whose renewal failed, in grace until tomorrow."""
    return pledge(**{"status": "past_due", "grace_until": TOMORROW} | changes)


def unpaid(**changes: object) -> PledgeFacts:
    """A pledge for which no money has come yet."""
    return pledge(**{"last_payment": None} | changes)


def votes(kind: str, until: datetime | None = None, *, reason: str | None = None) -> Standing:
    """Somebody who may vote, with no end of it in sight. `until`: when the kind changes."""
    return Standing(kind, reason or kind, is_patron=kind != "donor", until=until)


def votes_until(kind: str, until: datetime, *, reason: str | None = None, longer: datetime | None = None) -> Standing:
    """Somebody whose vote ends with the kind, or `longer` after it."""
    return replace(votes(kind, until, reason=reason), votes_until=longer or until)


def no_vote(
    kind: str, reason: str | None = None, *, until: datetime | None = None, since: datetime | None = None
) -> Standing:
    """Somebody who may not vote."""
    return Standing(kind, reason or kind, until=until, since=since)


def grace(until: datetime = TOMORROW) -> Standing:
    """Somebody whose card failed, and who keeps the vote for a while."""
    return votes_until("grace", until, reason="failing")


def lapsed(since: datetime | None = None, reason: str = "ended") -> Standing:
    """Somebody who was a patron."""
    return no_vote("lapsed", reason, since=since)
