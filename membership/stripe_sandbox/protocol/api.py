"""The API over HTTP: keys, versions, idempotency, decoding, one transaction, expansion, and Stripe's error bodies."""

import base64
from dataclasses import dataclass, field
from functools import partial

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException

from membership.stripe_sandbox.console.faults import Faults
from membership.stripe_sandbox.console.spoiling import INSTEAD, instead, spoilt
from membership.stripe_sandbox.money.balance import status_at
from membership.stripe_sandbox.protocol.answers import json_response
from membership.stripe_sandbox.protocol.calls import Call
from membership.stripe_sandbox.protocol.errors import ApiError
from membership.stripe_sandbox.protocol.expand import expand
from membership.stripe_sandbox.protocol.form import decode
from membership.stripe_sandbox.protocol.idempotency import Answer, KeysInWork
from membership.stripe_sandbox.protocol.ids import new_id
from membership.stripe_sandbox.protocol.performing import Asked, perform
from membership.stripe_sandbox.protocol.routes import Route
from membership.stripe_sandbox.protocol.routing import ROUTES
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.clock import Clock
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.state.time_travel import run_due
from membership.stripe_sandbox.webhooks.events import API_VERSION, still_pending

TEST_KEYS = ("sk_test_", "rk_test_")


@dataclass(frozen=True)
class Api:
    """What every call needs: the state, the time, what goes wrong, and the idempotency keys of calls under way."""

    store: Store
    clock: Clock
    faults: Faults
    keys: KeysInWork = field(default_factory=KeysInWork)


def add_api(app: Flask, store: Store, clock: Clock, faults: Faults) -> None:
    """Adds every route of the table to the application."""
    api = Api(store, clock, faults)
    for route in ROUTES:
        name = f"{route.method} {route.path}"
        view = partial(_answer, api, route)
        app.add_url_rule(route.path.replace("{id}", "<object_id>"), name, view, methods=[route.method])


def _answer(api: Api, route: Route, object_id: str = "") -> Response:
    asked = _asked(api)
    if asked.fault and asked.fault.kind in INSTEAD:
        return instead(asked.fault, asked.request_id)
    try:
        _check_key()
        _check_version()
        run_due(api.store, now=api.clock.now())
        handle = partial(_handled, api, route, object_id)
        answer = perform(api.store, api.keys, asked, handle, now=api.clock.now())
        if route.afterwards and answer.status == 200 and not answer.replayed:
            route.afterwards(api.store, api.clock, answer.body)
    except ApiError as refused:
        answer = Answer(refused.status, refused.body(asked.request_id), asked.request_id)
    response = json_response(answer.body, answer.status)
    response.headers["Request-Id"] = asked.request_id
    response.headers["Stripe-Version"] = API_VERSION
    if answer.replayed:
        response.headers["Idempotent-Replayed"] = "true"
        response.headers["Original-Request"] = answer.request_id
    return spoilt(response, asked.fault) if asked.fault else response


def _asked(api: Api) -> Asked:
    method, path = request.method, request.path
    fault = api.faults.for_call(method, path)
    return Asked(method, path, _sent(), request.headers.get("Idempotency-Key"), new_id("request"), fault)


def _sent() -> bytes:
    """Returns the parameters, which Stripe takes from the query and from the body of any method."""
    return b"&".join(filter(None, (request.query_string, request.get_data())))


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


def _handled(api: Api, route: Route, object_id: str) -> Json:
    store = api.store
    params = decode(_text(_sent()), route.declared, route.modelled)
    now = api.clock.now()
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


def refusal(error: ApiError) -> Response:
    """Answers a refusal that arose outside the API's routes."""
    request_id = new_id("request")
    response = json_response(error.body(request_id), error.status)
    response.headers["Request-Id"] = request_id
    return response


def api_error(error: HTTPException) -> Response:
    """Answers what is no route, or a method that a route does not have, as Stripe does."""
    message = f"Unrecognized request URL ({request.method}: {request.path}). The sandbox serves other routes."
    return refusal(ApiError(error.code or 404, message))


def api_failure(error: Exception) -> Response:
    """Answers a defect of the sandbox as Stripe answers its own: an api_error, never a traceback."""
    current_app.logger.exception("the sandbox failed", exc_info=error)
    message = f"The sandbox failed: {type(error).__name__}."
    return refusal(ApiError(500, message, kind="api_error"))
