"""The API over HTTP: keys, versions, idempotency, decoding, one transaction, expansion, and Stripe's error bodies."""

import base64
import json
from functools import partial

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException

from membership.stripe_sandbox import idempotency
from membership.stripe_sandbox.balance import status_at
from membership.stripe_sandbox.calls import Call
from membership.stripe_sandbox.clock import Clock
from membership.stripe_sandbox.errors import ApiError
from membership.stripe_sandbox.events import API_VERSION, still_pending
from membership.stripe_sandbox.expand import expand
from membership.stripe_sandbox.form import decode
from membership.stripe_sandbox.ids import new_id
from membership.stripe_sandbox.routes import Route
from membership.stripe_sandbox.routing import ROUTES
from membership.stripe_sandbox.shapes import Json
from membership.stripe_sandbox.store import Store
from membership.stripe_sandbox.time_travel import run_due

TEST_KEYS = ("sk_test_", "rk_test_")


def add_api(app: Flask, store: Store, clock: Clock) -> None:
    """Adds every route of the table to the application."""
    for route in ROUTES:
        name = f"{route.method} {route.path}"
        view = partial(_answer, store, clock, route)
        app.add_url_rule(route.path.replace("{id}", "<object_id>"), name, view, methods=[route.method])


def _answer(store: Store, clock: Clock, route: Route, object_id: str = "") -> Response:
    request_id = new_id("request")
    replayed = False
    try:
        _check_key()
        _check_version()
        run_due(store, now=clock.now())
        status, body, replayed = _carried_out(store, clock, route, object_id)
    except ApiError as fault:
        status, body = fault.status, fault.body(request_id)
    response = json_response(body, status)
    response.headers["Request-Id"] = request_id
    response.headers["Stripe-Version"] = API_VERSION
    if replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _check_key() -> None:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    key = value.strip()
    if scheme.lower() == "basic":
        key = _decoded(key).partition(":")[0]
    elif scheme.lower() != "bearer":
        raise ApiError(401, "You did not provide an API key. Send it as a Bearer token or by Basic auth.")
    if key.startswith(("sk_live_", "rk_live_")):
        raise ApiError(401, "This is a live key. The sandbox refuses it: use it with Stripe alone.")
    if not key.startswith(TEST_KEYS):
        raise ApiError(401, f"Invalid API Key provided: {key[:8]}***. It must start with sk_test_ or rk_test_.")


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        return ""


def _check_version() -> None:
    version = request.headers.get("Stripe-Version", API_VERSION)
    if version != API_VERSION:
        message = f"Invalid Stripe API version: {version}. This sandbox speaks {API_VERSION} alone."
        raise ApiError(400, message, param="Stripe-Version")


def _carried_out(store: Store, clock: Clock, route: Route, object_id: str) -> tuple[int, Json, bool]:
    if route.method == "GET":
        return 200, _handled(store, clock, route, object_id), False
    key = request.headers.get("Idempotency-Key")
    fingerprint = idempotency.fingerprint(request.method, request.path, request.get_data())
    with store.transaction():
        first = idempotency.first_answer(store, key, fingerprint) if key else None
        if first:
            return *first, True
        body = _handled(store, clock, route, object_id)
        if key:
            idempotency.keep_answer(store, key, fingerprint, status=200, body=body)
    return 200, body, False


def _handled(store: Store, clock: Clock, route: Route, object_id: str) -> Json:
    text = request.query_string if route.method in ("GET", "DELETE") else request.get_data()
    params = decode(_text(text), route.declared, route.modelled)
    now = clock.now()
    call = Call(store, params, object_id, base_url=request.host_url.rstrip("/"), now=now)
    answer = expand(store, route.handler(call), params.get("expand", []))
    return shown(store, answer, now=now)


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ApiError(400, "Invalid request: the body is not UTF-8.") from error


def shown(store: Store, value: Json, *, now: int) -> Json:
    """Returns an answer with what only the moment of asking decides: a transaction's status, an event's deliveries."""
    kind = value.get("object")
    if kind == "balance_transaction":
        value["status"] = status_at(value, now)
    elif kind == "event":
        return value | {"pending_webhooks": still_pending(store, value)}
    for below in value.values():
        if isinstance(below, dict):
            shown(store, below, now=now)
        elif isinstance(below, list):
            below[:] = [shown(store, each, now=now) if isinstance(each, dict) else each for each in below]
    return value


def json_response(body: Json, status: int = 200) -> Response:
    """Returns a JSON answer."""
    return Response(json.dumps(body, indent=2) + "\n", status, content_type="application/json")


def refusal(error: ApiError) -> Response:
    """Answers a refusal that arose outside the API's routes."""
    return json_response(error.body(new_id("request")), error.status)


def api_error(error: HTTPException) -> Response:
    """Answers what is no route, or a method that a route does not have, as Stripe does."""
    message = f"Unrecognized request URL ({request.method}: {request.path}). The sandbox serves other routes."
    fault = ApiError(error.code or 404, message)
    return json_response(fault.body(new_id("request")), fault.status)


def api_failure(error: Exception) -> Response:
    """Answers a defect of the sandbox as Stripe answers its own: an api_error, never a traceback."""
    current_app.logger.exception("the sandbox failed", exc_info=error)
    message = f"The sandbox failed: {type(error).__name__}."
    return json_response(ApiError(500, message, kind="api_error").body(new_id("request")), 500)
