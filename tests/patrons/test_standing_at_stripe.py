"""What Stripe says of a pledge while nothing is taken, and how its owner stands then."""

from typing import Any

import pytest
from sqlalchemy import select

from membership.topics.models import RollEntry
from tests.behaviours.acts import pledge_of, pledged, signed_in, standing_kind
from tests.money import DAY, World
from tests.topics.people import opened

MONTH = 32 * DAY


def sets(newsroom: World, **changes: Any) -> None:
    """Changes the subscription at Stripe, and lets the newsroom hear of it."""
    newsroom.api.v1.subscriptions.update(pledge_of(newsroom).subscription, changes)  # type: ignore[arg-type]
    newsroom.settle()


def leaves_out(newsroom: World, kind: str, *, until: int | None) -> None:
    pause: dict[str, Any] = {"behavior": "void"} | ({"resumes_at": until} if until else {})
    sets(newsroom, pause_collection=pause, metadata={"membership_pause": kind})


def in_days(newsroom: World, days: int) -> int:
    return int(newsroom.clock.now().timestamp()) + days * 86_400


@pytest.mark.parametrize(
    ("kind", "stands", "vote"),
    [("skip", "skipping", "You have your vote."), ("pause", "paused", "You have no vote at the moment.")],
)
def test_a_charge_that_is_left_out_keeps_the_vote_or_not_and_says_so(
    newsroom: World, kind: str, stands: str, vote: str
) -> None:
    pledged(newsroom)
    leaves_out(newsroom, kind, until=in_days(newsroom, 40))
    assert (pledge_of(newsroom).stripe_status, standing_kind(newsroom)) == ("active", stands)
    assert vote in signed_in(newsroom).get("/account").text
    newsroom.advance(MONTH)
    newsroom.settle()
    assert standing_kind(newsroom) == stands
    newsroom.advance(MONTH)
    newsroom.settle()
    assert standing_kind(newsroom) == "live"


def test_a_pause_that_somebody_sets_at_stripe_without_an_end_lasts_until_it_is_taken_back(newsroom: World) -> None:
    pledged(newsroom)
    leaves_out(newsroom, "", until=None)
    assert standing_kind(newsroom) == "paused"
    newsroom.advance(MONTH)
    newsroom.settle()
    assert standing_kind(newsroom) == "paused"
    sets(newsroom, pause_collection="")
    assert standing_kind(newsroom) == "live"


def test_a_date_that_is_moved_is_a_trial_at_stripe_and_no_reason_to_lose_the_vote(newsroom: World) -> None:
    pledged(newsroom)
    sets(newsroom, trial_end=in_days(newsroom, 45), proration_behavior="none")
    assert (pledge_of(newsroom).stripe_status, standing_kind(newsroom)) == ("trialing", "moved")
    assert "You have your vote." in signed_in(newsroom).get("/account").text
    newsroom.advance(46 * DAY)
    newsroom.settle()
    assert standing_kind(newsroom) == "live"


def test_a_day_to_end_on_counts_though_it_is_not_the_periods_end(newsroom: World) -> None:
    pledged(newsroom)
    sets(newsroom, cancel_at=in_days(newsroom, 10), proration_behavior="none")
    assert standing_kind(newsroom) == "ending"
    newsroom.advance(11 * DAY)
    newsroom.settle()
    assert standing_kind(newsroom) == "lapsed"


def test_who_goes_on_after_a_pause_comes_onto_the_roll_of_the_open_round(newsroom: World) -> None:
    pledged(newsroom)
    leaves_out(newsroom, "pause", until=None)
    pledge = pledge_of(newsroom)
    round_ = opened(newsroom.database, now=newsroom.clock.now())
    theirs = select(RollEntry).where(RollEntry.round_id == round_.id, RollEntry.account_id == pledge.account_id)
    with newsroom.session() as session:
        assert session.scalars(theirs).all() == []
    newsroom.api.v1.subscriptions.update(pledge.subscription, {"pause_collection": ""})
    newsroom.settle()
    with newsroom.session() as session:
        assert [(each.standing, each.reason) for each in session.scalars(theirs)] == [("live", "joined")]
