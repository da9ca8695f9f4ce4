"""The state by hand: filled with a past, emptied, kept under a name, and put back."""

from typing import Any

from flask import Flask, Response, request

from membership.stripe_sandbox.console.home import Home
from membership.stripe_sandbox.console.seeding import reset, seed
from membership.stripe_sandbox.console.years import live_year, plan_year
from membership.stripe_sandbox.protocol.answers import back, json_response, sent, sent_json
from membership.stripe_sandbox.protocol.errors import ApiError, invalid
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.snapshots import SnapshotError, every_snapshot, restore, take

PLACE = "/_sandbox#state"


def add_state_pages(app: Flask, home: Home) -> None:
    """Adds the routes to the application."""
    deliverer = home.deliverer
    store, clock = deliverer.store, deliverer.clock

    @app.post("/_sandbox/seed")
    def plant() -> Response:
        given = sent_json()
        if given.keys() == {"year"}:
            return json_response(live_year(store, _year(given["year"]), now=clock.now()))
        return json_response(seed(store, given, now=clock.now()))

    @app.get("/_sandbox/year")
    def tell_year() -> Response:
        return json_response(plan_year(request.args.to_dict()))

    @app.post("/_sandbox/year")
    def live_through_year() -> Response:
        try:
            return back(live_year(store, sent(), now=clock.now()), PLACE)
        except ApiError as error:
            return home.refused(error)

    @app.post("/_sandbox/reset")
    def empty() -> Response:
        given = sent() if request.form else sent_json(optional=True)
        reset(store, everything=bool(given.get("all")))
        deliverer.faults.remove()
        return back({"now": clock.now()}, PLACE)

    @app.get("/_sandbox/snapshots")
    def snapshots() -> Response:
        return json_response({"data": every_snapshot(store)})

    @app.post("/_sandbox/snapshot")
    def keep() -> Response:
        try:
            return back(take(store, clock, str(sent().get("name", ""))), PLACE)
        except SnapshotError as error:
            return home.refused(error)

    @app.post("/_sandbox/restore")
    def put_back() -> Response:
        try:
            return back(restore(store, clock, str(sent().get("name", ""))), PLACE)
        except SnapshotError as error:
            return home.refused(error)


def _year(given: Any) -> Json:
    if not isinstance(given, dict):
        raise invalid("year must be an object with a seed.", "year")
    return given
