"""Security of every route at once: forms from elsewhere, headers of every answer, what is told in logs."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
import structlog
from flask import Flask, Response
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from membership.clock import SteppedClock
from membership.factory import create_app
from membership.mail.transport import ListTransport
from membership.settings import Settings
from membership.web.guard import SAFE_METHODS
from membership.web.headers import security_headers
from membership.web.logs import without_secrets
from membership.web.observed import path_for_log

# Machines call these, and prove themselves: Stripe by its signature, mail programs by the token of a letter.
OPEN_TO_OTHER_ORIGINS = {"payments.webhook", "mail.unsubscribe"}

FROM_ELSEWHERE: tuple[Mapping[str, str], ...] = (
    {},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://elsewhere.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:8001"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost:8000"},
)
FROM_HERE: tuple[Mapping[str, str], ...] = (
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://localhost:8000"},
    {"Origin": "http://localhost"},
)
ANSWERS = (
    ("GET", "/", 200),
    ("GET", "/static/site.css", 200),
    ("GET", "/theme.css", 200),
    ("GET", "/healthz", 200),
    ("GET", "/account", 303),
    ("POST", "/sign-in", 403),
    ("GET", "/nowhere", 404),
    ("GET", "/static/nowhere.css", 404),
    ("GET", "/static/../app.py", 404),
    ("DELETE", "/sign-in", 405),
    ("GET", "/broken", 500),
)


@pytest.fixture
def anybody(app: Flask) -> FlaskClient:
    """A client that sends nothing of what browsers send from our own pages."""

    def broken() -> Response:
        raise RuntimeError("planted, of anna@example.org with sk_test_planted1")

    app.testing = False
    app.add_url_rule("/broken", view_func=broken)
    return app.test_client()


def unsafe_rules(app: Flask) -> Iterator[tuple[Rule, str]]:
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - SAFE_METHODS):
            yield rule, method


def path_of(app: Flask, rule: Rule) -> str:
    values = {name: 1 if "int" in repr(converter).lower() else "x" for name, converter in rule._converters.items()}
    with app.test_request_context():
        return str(app.url_map.bind("localhost").build(rule.endpoint, values))


def test_routes_open_to_other_origins_are_the_declared_ones(app: Flask) -> None:
    found = {name for name, view in app.view_functions.items() if getattr(view, "open_to_other_origins", False)}

    assert found == OPEN_TO_OTHER_ORIGINS


def test_every_unsafe_route_refuses_what_comes_from_elsewhere(app: Flask, anybody: FlaskClient) -> None:
    guarded = [each for each in unsafe_rules(app) if each[0].endpoint not in OPEN_TO_OTHER_ORIGINS]

    assert len(guarded) > 10
    for rule, method in guarded:
        for headers in FROM_ELSEWHERE:
            answer = anybody.open(path_of(app, rule), method=method, headers=dict(headers))
            assert answer.status_code == 403, f"{method} {rule} with {headers}"


@pytest.mark.parametrize("headers", FROM_HERE)
def test_our_own_forms_are_let_in(anybody: FlaskClient, headers: Mapping[str, str]) -> None:
    assert anybody.post("/sign-out", headers=dict(headers)).status_code != 403


def test_an_unsafe_route_that_is_added_is_guarded_by_itself(app: Flask, anybody: FlaskClient) -> None:
    app.add_url_rule("/added", view_func=lambda: "done", methods=["POST"])

    assert anybody.post("/added").status_code == 403


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
def test_every_answer_carries_the_security_headers(
    anybody: FlaskClient, settings: Settings, method: str, path: str, status: int
) -> None:
    answer = anybody.open(path, method=method)

    assert answer.status_code == status
    for name, value in security_headers(settings):
        assert answer.headers.get(name) == value, name
    assert "Cache-Control" in answer.headers


def test_the_policy_allows_nothing_inline_and_nobody_else(settings: Settings) -> None:
    policy = dict(security_headers(replace(settings, stripe_api_base=None)))["Content-Security-Policy"]
    rules = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))

    assert rules.pop("form-action") == (
        "'self' https://checkout.stripe.com https://billing.stripe.com https://invoice.stripe.com"
    )
    assert rules["default-src"] == "'none'"
    assert set(rules.values()) == {"'none'", "'self'"}


def test_outside_of_the_demo_transport_security_is_strict(settings: Settings) -> None:
    headers = dict(security_headers(replace(settings, base_url="https://news.example.org")))

    assert headers["Strict-Transport-Security"].startswith("max-age=31536000")


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/code", "/support/checkout", "/stripe/webhook"])
def test_ten_megabytes_are_too_much(client: FlaskClient, settings: Settings, path: str) -> None:
    answer = client.post(path, data=b"x" * 10_000_000, content_type="application/x-www-form-urlencoded")

    assert answer.status_code == 413
    for name, value in security_headers(settings):
        assert answer.headers.get(name) == value, name


def test_a_foreign_host_is_refused(anybody: FlaskClient) -> None:
    assert anybody.get("/support", headers={"Host": "elsewhere.example"}).status_code == 400


def test_a_fault_tells_the_reader_nothing_of_itself(anybody: FlaskClient) -> None:
    page = anybody.get("/broken").get_data(as_text=True)

    assert "planted" not in page
    assert "Traceback" not in page


def test_logs_hold_no_secret_and_no_address() -> None:
    line = without_secrets(
        None,
        "error",
        {
            "event": "anna.b+x@mail.example.org paid",
            "exception": "KeyError: sk_live_abcd1234 rk_test_abcd1234 whsec_abcd1234",
            "path": path_for_log("/sign-in/a-token-of-anna"),
            "status": 500,
        },
    )

    assert line == {
        "event": "…@… paid",
        "exception": "KeyError: sk_… rk_… whsec_…",
        "path": "/sign-in/…",
        "status": 500,
    }


@pytest.mark.parametrize(
    "path",
    [
        "/sign-in/TOKEN",
        "//sign-in/TOKEN",
        "/sign-in//TOKEN",
        "/./sign-in/./TOKEN",
        "/Sign-In/a/TOKEN",
        "/links/vote/TOKEN",
        "/mail/unsubscribe/TOKEN",
        "/support/thanks/TOKEN",
        "/support//thanks///TOKEN",
    ],
)
def test_no_way_of_writing_a_path_tells_its_secret(path: str) -> None:
    assert "TOKEN" not in path_for_log(path)


def test_other_paths_are_told_as_they_are() -> None:
    for path in ("/", "/sign-in", "/support/thanks", "/articles/bridge"):
        assert path_for_log(path) == path


def test_what_people_type_is_not_in_the_logs(client: FlaskClient) -> None:
    with structlog.testing.capture_logs() as lines:
        client.post("/sign-in", data={"email": "anna@example.org"})
        client.get("/sign-in/a-secret-token")
        client.get("/support?email=anna@example.org")

    told = repr(lines)
    assert lines
    assert "anna" not in told
    assert "a-secret-token" not in told


def test_cookies_are_strict_outside_of_the_demo(settings: Settings, clock: SteppedClock) -> None:
    live = replace(
        settings, mode="live", base_url="https://news.example.org", stripe_api_base=None, mail_url="smtp://x"
    )
    app = create_app(live, clock=clock, mail=ListTransport(), look_every_seconds=0)
    client = app.test_client()
    page = client.get("/support", base_url="https://news.example.org")

    for cookie in page.headers.getlist("Set-Cookie"):
        assert "Secure" in cookie
    assert client.get("/dev/mail", base_url="https://news.example.org").status_code == 404
    app.extensions["database"].close()
