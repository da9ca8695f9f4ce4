"""Standing without a pledge, or beside one: what is granted until a day, all of that day in the newsroom's zone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from membership.patrons.standing import Grant, PledgeFacts, Standing, standing, through
from tests.patrons.standings import (
    DAY,
    INSTANT,
    NOW,
    TOMORROW,
    no_vote,
    pledge,
    unpaid,
    votes,
    votes_until,
)

LATER = NOW + 9 * DAY
COMPLIMENTARY, GIFTED, DONOR = (Grant(kind, TOMORROW) for kind in ("complimentary", "gifted", "donor"))

CASES: dict[str, tuple[PledgeFacts | None, tuple[Grant, ...], Standing]] = {
    "complimentary": (None, (COMPLIMENTARY,), votes_until("complimentary", TOMORROW)),
    "complimentary and over": (None, (Grant("complimentary", NOW),), no_vote("none", "no_pledge")),
    "gifted": (None, (GIFTED,), votes_until("gifted", TOMORROW)),
    "donor": (None, (DONOR,), votes_until("donor", TOMORROW)),
    "donor whose pledge waits": (unpaid(), (DONOR,), votes_until("donor", TOMORROW)),
    "gifted while disputed": (pledge(is_disputed=True), (GIFTED,), votes_until("gifted", TOMORROW)),
    "gifted and over, and disputed": (pledge(is_disputed=True), (Grant("gifted", NOW),), no_vote("disputed")),
    "gifted beside a pledge": (pledge(), (GIFTED,), votes("live")),
    "gifted beyond the end of a pledge": (
        pledge(cancel_at=TOMORROW),
        (Grant("gifted", LATER),),
        votes_until("ending", TOMORROW, longer=LATER),
    ),
    "all of them": (
        None,
        (Grant("donor", LATER), GIFTED, COMPLIMENTARY),
        votes_until("complimentary", TOMORROW, longer=LATER),
    ),
    "two gifts": (None, (GIFTED, Grant("gifted", LATER)), votes_until("gifted", LATER)),
}

# The zone, the day of which all counts, and the moment at which it is over (hours of UTC).
ENDS = (
    ("UTC", date(2026, 11, 22), datetime(2026, 11, 23, tzinfo=UTC)),
    ("Europe/Kyiv", date(2026, 11, 22), datetime(2026, 11, 22, 22, tzinfo=UTC)),
    ("Europe/Kyiv", date(2026, 12, 31), datetime(2026, 12, 31, 22, tzinfo=UTC)),
    ("Europe/Kyiv", date(2026, 10, 25), datetime(2026, 10, 25, 22, tzinfo=UTC)),
    ("Asia/Tokyo", date(2026, 11, 22), datetime(2026, 11, 22, 15, tzinfo=UTC)),
    ("Pacific/Honolulu", date(2026, 11, 22), datetime(2026, 11, 23, 10, tzinfo=UTC)),
    ("Pacific/Kiritimati", date(2028, 2, 28), datetime(2028, 2, 28, 10, tzinfo=UTC)),
    # Summer time begins at midnight, which is not on the clock that day.
    ("America/Santiago", date(2026, 9, 5), datetime(2026, 9, 6, 4, tzinfo=UTC)),
)


@pytest.mark.parametrize("name", CASES)
def test_what_is_granted_gives_standing_where_a_pledge_does_not(name: str) -> None:
    facts, grants, expected = CASES[name]
    assert standing(facts, grants, now=NOW) == expected


@pytest.mark.parametrize(("zone", "day", "end"), ENDS)
def test_what_holds_until_a_day_holds_all_of_it_where_the_newsroom_is(zone: str, day: date, end: datetime) -> None:
    gift = Grant("gifted", through(day, ZoneInfo(zone)))
    assert gift.until == end
    assert standing(None, (gift,), now=end - INSTANT).may_vote
    assert not standing(None, (gift,), now=end).may_vote
    assert (end - timedelta(seconds=1)).astimezone(ZoneInfo(zone)).date() == day


def test_a_donor_may_vote_and_is_no_patron() -> None:
    stands = standing(None, (DONOR,), now=NOW)
    assert (stands.may_vote, stands.is_patron) == (True, False)
