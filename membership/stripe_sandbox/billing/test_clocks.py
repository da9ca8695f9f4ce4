"""Test clocks by the API, within Stripe's own limits; each is a hand on the sandbox's one clock.

At Stripe a test clock has customers of its own and stands still for them alone
(https://docs.stripe.com/billing/testing/test-clocks). The sandbox has one time for everything, which goes on by itself:
a test clock shows the moment it was set to, and advancing it advances the whole sandbox, forwards only. It can be set
to the past by at most a day, which then only shows; deleting it deletes no customer.
"""

import stripe
from stripe.params import test_helpers as clock_params

from membership.stripe_sandbox.billing.calendars import period_after
from membership.stripe_sandbox.billing.subscription_items import rhythm_of
from membership.stripe_sandbox.protocol.calls import Call
from membership.stripe_sandbox.protocol.errors import ApiError, invalid, not_modelled
from membership.stripe_sandbox.protocol.ids import new_id
from membership.stripe_sandbox.protocol.lists import listing
from membership.stripe_sandbox.protocol.routes import CURSOR, retrieving, route
from membership.stripe_sandbox.protocol.shapes import Json, whole
from membership.stripe_sandbox.state.clock import Clock
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.state.time_travel import advance
from membership.stripe_sandbox.webhooks.events import emit

KIND = "test_helpers.test_clock"
DAY = 86_400
LONGEST_LEAP = 2 * 365 * DAY
DELETED_AFTER = 30 * DAY


def create_clock(call: Call) -> Json:
    """Makes a test clock; one of the future takes the sandbox there as soon as it has answered."""
    frozen_time = call.params["frozen_time"]
    if frozen_time < call.now - DAY:
        message = f"The sandbox's one clock does not go back: it is {call.now}, and you asked for {frozen_time}."
        raise not_modelled("frozen_time", message)
    _check_leap(call, call.now, frozen_time)
    clock = whole(
        stripe.test_helpers.TestClock,
        id=new_id(KIND),
        created=call.now,
        deletes_after=call.now + DELETED_AFTER,
        frozen_time=frozen_time,
        name=call.get("name"),
        status="ready",
        status_details={},
    )
    call.store.put(clock)
    emit(call.store, "test_helpers.test_clock.created", clock, now=call.now)
    return clock


def travel_to(store: Store, clock: Clock, made: Json) -> None:
    """Takes the sandbox to the moment of a test clock that was just made, if that is still to come."""
    if made["frozen_time"] > clock.now():
        advance(store, clock, made["frozen_time"], now=clock.now())


def advance_clock(call: Call) -> Json:
    """Begins to advance a test clock: answers that it is advancing, and is ready once everything due is done."""
    test_clock = call.found(KIND)
    target = call.params["frozen_time"]
    if target <= test_clock["frozen_time"]:
        message = "The `frozen_time` must be after the test clock's current frozen time."
        raise invalid(message, "frozen_time")
    if target < call.now:
        message = f"The sandbox's one clock has gone on by itself: it is {call.now}, after the time you asked for."
        raise not_modelled("frozen_time", message)
    _check_leap(call, test_clock["frozen_time"], target)
    advancing = test_clock | {
        "frozen_time": target,
        "status": "advancing",
        "status_details": {"advancing": {"target_frozen_time": target}},
    }
    call.store.put(advancing)
    emit(call.store, "test_helpers.test_clock.advancing", advancing, now=call.now)
    return advancing


def _check_leap(call: Call, begins: int, target: int) -> None:
    """Raises ApiError beyond two intervals of the shortest subscription, or two years where there is none."""
    limit = begins + LONGEST_LEAP
    for subscription in call.store.every("subscription"):
        if not subscription["ended_at"]:
            interval, count = rhythm_of(subscription["items"]["data"][0]["price"])
            limit = min(limit, period_after(begins, begins, interval, 2 * count))
    if target > limit:
        message = (
            "You cannot advance a test clock by more than two intervals of the shortest subscription at a time, or two "
            f"years without one. The latest time is {limit}."
        )
        raise ApiError(400, message, param="frozen_time")


def travel(store: Store, clock: Clock, advancing: Json) -> None:
    """Advances the sandbox to where a test clock wants to be, and makes the test clock ready."""
    advance(store, clock, max(advancing["frozen_time"], clock.now()), now=clock.now())
    with store.transaction():
        test_clock = store.get(advancing["id"], KIND)
        if test_clock:
            ready = test_clock | {"status": "ready", "status_details": {}}
            store.put(ready)
            emit(store, "test_helpers.test_clock.ready", ready, now=clock.now())


def delete_clock(call: Call) -> Json:
    """Deletes a test clock; the time it led to stays."""
    test_clock = call.found(KIND)
    call.store.delete(test_clock["id"])
    emit(call.store, "test_helpers.test_clock.deleted", test_clock, now=call.now)
    return {"id": test_clock["id"], "object": KIND, "deleted": True}


ROUTES = (
    route(
        "POST", "/v1/test_helpers/test_clocks", clock_params.TestClockCreateParams, create_clock,
        modelled="frozen_time name", afterwards=travel_to,
    ),
    route(
        "GET", "/v1/test_helpers/test_clocks", clock_params.TestClockListParams,
        listing(KIND, "/v1/test_helpers/test_clocks"), modelled=CURSOR,
    ),
    route("GET", "/v1/test_helpers/test_clocks/{id}", clock_params.TestClockRetrieveParams, retrieving(KIND)),
    route(
        "POST", "/v1/test_helpers/test_clocks/{id}/advance", clock_params.TestClockAdvanceParams, advance_clock,
        modelled="frozen_time", afterwards=travel,
    ),
    route("DELETE", "/v1/test_helpers/test_clocks/{id}", clock_params.TestClockDeleteParams, delete_clock),
)  # fmt: skip
