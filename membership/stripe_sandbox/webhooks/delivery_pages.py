"""Webhooks by hand: the log of deliveries, each with its tries; every event, to be sent anywhere; secrets rolled."""

import json
from typing import Any

from flask import Flask, Response, make_response, render_template, request

from membership.stripe_sandbox.console.home import Home, notice
from membership.stripe_sandbox.payments.hosted import with_headers
from membership.stripe_sandbox.protocol.answers import back, json_response, sent, wants_page
from membership.stripe_sandbox.protocol.errors import ApiError
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.webhooks.delivery_log import STATES, last_deliveries, last_events, moment, tries_of
from membership.stripe_sandbox.webhooks.events import queue
from membership.stripe_sandbox.webhooks.signing import LONGEST_OVERLAP, roll
from membership.stripe_sandbox.webhooks.webhook_settings import change_settings, retry_pauses

ON_PAGE = 50
MOST = 500


def add_delivery_pages(app: Flask, home: Home) -> None:
    """Adds the routes to the application."""
    _add_deliveries(app, home)
    _add_events(app, home)
    _add_settings(app, home)


def _add_deliveries(app: Flask, home: Home) -> None:
    deliverer, store = home.deliverer, home.deliverer.store

    @app.get("/_sandbox/deliveries")
    def deliveries() -> Response:
        asked = _asked("state", "type")
        limit = ON_PAGE if wants_page() else MOST
        before = request.args.get("before", type=int)
        found = last_deliveries(store, limit=limit, before=before, state=asked["state"], event_type=asked["type"])
        if not wants_page():
            return json_response({"data": found})
        return _page("deliveries.html", asked=asked, deliveries=found, more=len(found) == limit, states=STATES)

    @app.get("/_sandbox/deliveries/<int:number>")
    def delivery(number: int) -> Response:
        found = last_deliveries(store, limit=1, number=number)
        if not found:
            return _missing(f"There is no delivery {number}.")
        shown = found[0] | {"body": store.get(found[0]["event"]), "history": tries_of(store, number)}
        if not wants_page():
            return json_response(shown)
        return _page("delivery.html", delivery=shown, text=_text(shown["body"]))

    @app.post("/_sandbox/deliveries/flush")
    def flush() -> Response:
        return back({"waiting": deliverer.flush()})

    @app.post("/_sandbox/deliveries/<int:number>/resend")
    def resend(number: int) -> Response:
        if not deliverer.resend(number):
            return _missing(f"There is no delivery {number}.")
        return back(last_deliveries(store, limit=1, number=number)[0])


def _add_events(app: Flask, home: Home) -> None:
    deliverer, store = home.deliverer, home.deliverer.store

    @app.get("/_sandbox/events")
    def events() -> Response:
        asked = _asked("type")
        limit = ON_PAGE if wants_page() else MOST
        found = last_events(store, limit=limit, before=request.args.get("before"), event_type=asked["type"])
        if not wants_page():
            return json_response({"data": found, "has_more": len(found) == limit})
        shown = [each | {"at": moment(each["created"])} for each in found]
        return _page("events.html", asked=asked, events=shown, more=len(found) == limit)

    @app.get("/_sandbox/events/<event_id>")
    def event(event_id: str) -> Response:
        found = store.get(event_id, "event")
        if found is None:
            return _missing(f"There is no event {event_id}.")
        if not wants_page():
            return json_response(found)
        at = moment(found["created"])
        return _page("event.html", event=found, at=at, text=_text(found), endpoints=store.endpoints())

    @app.post("/_sandbox/events/<event_id>/resend")
    def send_event(event_id: str) -> Response:
        found = store.get(event_id, "event")
        if found is None:
            return _missing(f"There is no event {event_id}.")
        endpoint = _endpoint(store, str(sent().get("endpoint", "")))
        number = queue(store, found, endpoint, now=deliverer.clock.now(), state="sending")
        deliverer.resend(number)
        return back(last_deliveries(store, limit=1, number=number)[0], f"/_sandbox/deliveries/{number}")


def _add_settings(app: Flask, home: Home) -> None:
    store, clock = home.deliverer.store, home.deliverer.clock

    @app.get("/_sandbox/webhook_settings")
    def settings() -> Response:
        return json_response({"retry_pauses": list(retry_pauses(store))})

    @app.post("/_sandbox/webhook_settings")
    def set_up() -> Response:
        try:
            changed = change_settings(store, sent())
        except ApiError as error:
            return home.refused(error)
        return back(changed, "/_sandbox#endpoints")

    @app.post("/_sandbox/endpoints/<endpoint_id>/roll")
    def roll_secret(endpoint_id: str) -> Response:
        try:
            overlap = _overlap(sent().get("overlap", LONGEST_OVERLAP))
        except ValueError as error:
            return home.refused(error)
        with store.transaction():
            endpoint = _endpoint(store, endpoint_id)
            secret = roll(store, endpoint, overlap=overlap, now=clock.now())
        if wants_page():
            return _page("secret.html", endpoint=endpoint, secret=secret, hours=overlap // 3600)
        return json_response({"id": endpoint_id, "secret": secret, "overlap": overlap})


def _overlap(value: Any) -> int:
    text = str(value)
    if not text.isdecimal() or int(text) > LONGEST_OVERLAP:
        raise ValueError(f"overlap must be 0 to {LONGEST_OVERLAP} seconds, not {value!r}.")
    return int(text)


def _endpoint(store: Store, endpoint_id: str) -> Json:
    found = store.get(endpoint_id, "webhook_endpoint")
    if found is None:
        raise ApiError(404, f"There is no webhook endpoint {endpoint_id!r}.", code="resource_missing", param="endpoint")
    return found


def _asked(*names: str) -> dict[str, str]:
    return {name: request.args.get(name, "").strip() for name in names}


def _missing(sentence: str) -> Response:
    if wants_page():
        return notice(sentence, 404)
    return json_response({"error": sentence}, 404)


def _text(body: Json | None) -> str:
    return json.dumps(body, indent=2, ensure_ascii=False)


def _page(template: str, **shown: Any) -> Response:
    return with_headers(make_response(render_template(template, **shown)))
