"""The console: the clock and the webhooks, for people as a page and for programs as JSON."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask, Response, make_response, redirect, render_template, request, send_file

from membership.stripe_sandbox.api import json_response
from membership.stripe_sandbox.calendars import months_later
from membership.stripe_sandbox.deliveries import Deliverer
from membership.stripe_sandbox.errors import ApiError
from membership.stripe_sandbox.events import API_VERSION
from membership.stripe_sandbox.hosted import with_headers
from membership.stripe_sandbox.seeding import reset, seed
from membership.stripe_sandbox.shapes import Json
from membership.stripe_sandbox.time_travel import BackwardsError, advance

STYLE = Path(__file__).with_name("assets") / "sandbox.css"
SHOWN = 50
FURTHEST = 40 * 366 * 86_400


def add_console(app: Flask, deliverer: Deliverer, app_url: str | None) -> None:
    """Adds everything beneath `/_sandbox` to the application."""
    store, clock = deliverer.store, deliverer.clock

    @app.get("/")
    def home() -> Any:
        return redirect("/_sandbox", 303)

    @app.get("/_sandbox")
    def console() -> Response:
        return _console(deliverer, app_url)

    @app.get("/_sandbox/style.css")
    def style() -> Response:
        return send_file(STYLE, mimetype="text/css", max_age=300)

    @app.get("/_sandbox/health")
    def health() -> Response:
        return json_response({"now": clock.now(), "offset": clock.offset(), "status": "ok"})

    @app.post("/_sandbox/advance")
    def advance_clock() -> Response:
        now = clock.now()
        try:
            advance(store, clock, _target(now), now=now)
        except (BackwardsError, ValueError) as error:
            if _wants_json():
                return json_response({"error": str(error)}, 422)
            return _console(deliverer, app_url, error=str(error))
        return _back({"now": clock.now()})

    @app.get("/_sandbox/deliveries")
    def deliveries() -> Response:
        return json_response({"data": _last_deliveries(deliverer, 500)})

    @app.post("/_sandbox/deliveries/flush")
    def flush() -> Response:
        return _back({"waiting": deliverer.flush()})

    @app.post("/_sandbox/deliveries/<int:number>/resend")
    def resend(number: int) -> Response:
        if not deliverer.resend(number):
            return json_response({"error": f"There is no delivery {number}."}, 404)
        return _back(_last_deliveries(deliverer, 1, number)[0])

    @app.post("/_sandbox/seed")
    def plant() -> Response:
        return json_response(seed(store, _json_object(), now=clock.now()))

    @app.post("/_sandbox/reset")
    def empty() -> Response:
        reset(store, everything=bool(_json_object(optional=True).get("all")))
        return _back({"now": clock.now()})


def _target(now: int) -> int:
    given = _json_object() if request.is_json else request.form.to_dict()
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


def _json_object(*, optional: bool = False) -> Json:
    body = request.get_json(silent=True)
    if body is None and optional:
        return {}
    if not isinstance(body, dict):
        raise ApiError(400, "Send one JSON object.")
    return body


def _wants_json() -> bool:
    return request.is_json or "application/json" in request.headers.get("Accept", "")


def _back(body: Json) -> Response:
    """Answers JSON to a program, and sends a browser back to the console."""
    return json_response(body) if _wants_json() else make_response(redirect("/_sandbox", 303))


def _console(deliverer: Deliverer, app_url: str | None, *, error: str | None = None) -> Response:
    now = datetime.fromtimestamp(deliverer.clock.now(), UTC)
    endpoints = deliverer.store.every("webhook_endpoint")
    html = render_template(
        "console.html",
        api_version=API_VERSION,
        app_url=app_url,
        deliveries=_last_deliveries(deliverer, SHOWN),
        endpoints=endpoints,
        error=error,
        next_month=int(months_later(now, 1).timestamp()),
        now=now,
        shift=_shift(deliverer.clock.offset()),
    )
    return with_headers(make_response(html, 422 if error else 200))


def _shift(offset: int) -> str:
    minutes = round(offset / 60)
    if minutes == 0:
        return "the real time"
    days, rest = divmod(minutes, 1440)
    return f"{days} {'day' if days == 1 else 'days'}, {rest // 60} h and {rest % 60} min ahead of the real time"


def _last_deliveries(deliverer: Deliverer, limit: int, number: int | None = None) -> list[Json]:
    where, values = ("WHERE id = ?", (number, limit)) if number else ("", (limit,))
    rows = deliverer.store.rows(f"SELECT * FROM deliveries {where} ORDER BY id DESC LIMIT ?", *values)  # noqa: S608 - a constant
    urls = {endpoint["id"]: endpoint["url"] for endpoint in deliverer.store.every("webhook_endpoint")}
    return [_shown(dict(row), urls) for row in rows]


def _shown(delivery: Json, urls: dict[str, str]) -> Json:
    at = datetime.fromtimestamp(delivery["last_at"] or delivery["first_at"], UTC)
    return delivery | {"url": urls.get(delivery["endpoint"], "gone"), "at": at.isoformat(" ")[:19]}
