"""The console: the clock, and whatever else can be done to a sandbox by hand; pages for people, JSON for programs."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask, Response, redirect, send_file

from membership.stripe_sandbox.console.fault_pages import add_fault_pages
from membership.stripe_sandbox.console.home import Home
from membership.stripe_sandbox.console.state_pages import add_state_pages
from membership.stripe_sandbox.protocol.answers import back, json_response, sent
from membership.stripe_sandbox.state.time_travel import BackwardsError, advance
from membership.stripe_sandbox.webhooks.deliveries import Deliverer
from membership.stripe_sandbox.webhooks.delivery_pages import add_delivery_pages

STYLE = Path(__file__).parents[1] / "assets" / "sandbox.css"
FURTHEST = 40 * 366 * 86_400


def add_console(app: Flask, deliverer: Deliverer, app_url: str | None) -> None:
    """Adds everything beneath `/_sandbox` to the application."""
    home = Home(deliverer, app_url)
    _add_clock(app, home)
    add_fault_pages(app, home)
    add_delivery_pages(app, home)
    add_state_pages(app, home)

    @app.get("/")
    def front() -> Any:
        return redirect("/_sandbox", 303)

    @app.get("/_sandbox")
    def console() -> Response:
        return home.page()

    @app.get("/_sandbox/style.css")
    def style() -> Response:
        return send_file(STYLE, mimetype="text/css", max_age=300)


def _add_clock(app: Flask, home: Home) -> None:
    store, clock = home.deliverer.store, home.deliverer.clock

    @app.get("/_sandbox/health")
    def health() -> Response:
        return json_response({"now": clock.now(), "offset": clock.offset(), "status": "ok"})

    @app.post("/_sandbox/advance")
    def advance_clock() -> Response:
        now = clock.now()
        try:
            advance(store, clock, _target(now), now=now)
        except (BackwardsError, ValueError) as error:
            return home.refused(error)
        return back({"now": clock.now()})


def _target(now: int) -> int:
    given = sent()
    if given.get("seconds") not in (None, ""):
        target = now + _whole(given["seconds"], "seconds")
    elif given.get("to") not in (None, ""):
        target = _whole(given["to"], "to")
    elif given.get("at"):
        target = int(_moment(str(given["at"])).timestamp())
    else:
        raise ValueError("Say how far: seconds, or to as Unix time.")
    if target > now + FURTHEST:
        raise ValueError("The clock moves at most 40 years at a time.")
    return target


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError as error:
        raise ValueError(f"{text!r} is no date and time.") from error


def _whole(value: Any, name: str) -> int:
    try:
        return int(str(value))
    except ValueError as error:
        raise ValueError(f"{name} must be a whole number of seconds, not {value!r}.") from error
