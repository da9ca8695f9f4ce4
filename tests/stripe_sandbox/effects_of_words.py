"""Effects of what people and objects are called and tagged: names, descriptions, metadata, evidence, settings kept."""

from membership.stripe_sandbox.money.disputes import TEXTS
from membership.stripe_sandbox.webhooks.events import API_VERSION
from tests.stripe_sandbox.acting import Effect, Json, Stage
from tests.stripe_sandbox.effects_of_billing import delivered, of_endpoint, of_pledge, of_receiver
from tests.stripe_sandbox.effects_of_giving import SESSIONS, customer, donation
from tests.stripe_sandbox.effects_of_later import method_of
from tests.stripe_sandbox.effects_of_money import of_charge, of_dispute

API = "https://docs.stripe.com/api"
TAGGED: Json = {"metadata": {"desk": "7"}}
CALLED: Json = {"description": "A reader", "phone": "+380 44 000 00 00"} | TAGGED
EVIDENCE: Json = {name: f"About {name}" for name in TEXTS}
BILLING: Json = {"email": "taras@example.org", "name": "Taras", "phone": "+380 44 000 00 00"}


def told(kind: str, given: Json, *, of: str = "") -> Json:
    """Returns how to see that the newest event of a type carries what was given."""

    def see(stage: Stage, _made: Json) -> Json:
        events = stage.events(kind)
        seen = (events[0][of] if of else events[0]) if events else {}
        return {name: seen.get(name) for name in given}

    return {"see": see, "expected": given}


def kept(path: str, given: Json) -> Json:
    """Returns how to see that the object, looked up again, has what was given."""

    def see(stage: Stage, made: Json) -> Json:
        found = stage.get(f"{path}/{made['id']}")
        return {name: found.get(name) for name in given}

    return {"see": see, "expected": given}


def nothing(_stage: Stage) -> tuple[str, Json]:
    return "", {}


def of_attached(stage: Stage) -> tuple[str, Json]:
    method, given = method_of(stage)
    return stage.call("POST /v1/payment_methods/{id}/attach", method, given)["id"], {}


def of_failed_debit(stage: Stage) -> tuple[str, Json]:
    stage.browser.post_json("/_sandbox/settings", {"payment_methods": ["card", "sepa_debit"]})
    session = stage.call(SESSIONS, "", donation(stage)[1])
    stage.pay(session, way="sepa_debit", iban="DE62370400440532013001", account_name="Olena")
    return stage.get(f"/v1/checkout/sessions/{session['id']}")["payment_intent"], {}


def of_silent_endpoint(stage: Stage) -> tuple[str, Json]:
    """Leaves an endpoint where nobody answers, and notes the address of one where somebody does."""
    stage.notes["receiver"] = stage.receiver.url
    given = {"url": "http://127.0.0.1:9/hook", "enabled_events": ["charge.succeeded"]}
    return stage.call("POST /v1/webhook_endpoints", "", given)["id"], {}


PEOPLE = (
    Effect(
        "POST /v1/customers", CALLED, "customer.created event", f"{API}/customers/create", nothing,
        **told("customer.created", CALLED),
    ),
    Effect(
        "POST /v1/customers/{id}", {"description": "A reader", "email": "o@example.org", "phone": "0"},
        "customer.updated event", f"{API}/customers/update", customer,
        **told("customer.updated", {"description": "A reader", "email": "o@example.org", "phone": "0"}),
    ),
    Effect(
        "POST /v1/payment_methods/{id}", {"billing_details": BILLING}, "payment_method.updated event",
        f"{API}/payment_methods/update#update_payment_method-billing_details", of_attached,
        **told("payment_method.updated", BILLING, of="billing_details"),
    ),
    Effect(
        "POST /v1/payment_methods/{id}", {"card": {"exp_month": 7, "exp_year": 2091}}, "payment_method.updated event",
        f"{API}/payment_methods/update#update_payment_method-card", of_attached,
        **told("payment_method.updated", {"exp_month": 7, "exp_year": 2091}, of="card"),
    ),
    Effect(
        "POST /v1/payment_methods/{id}", TAGGED, "payment_method.updated event", f"{API}/metadata", of_attached,
        **told("payment_method.updated", TAGGED),
    ),
)  # fmt: skip

MONEY_WORDS = (
    Effect(
        "POST /v1/charges/{id}", TAGGED, "charge.updated event", f"{API}/charges/update",
        lambda s: (of_charge(s)[1]["charge"], {}),
        lambda s, made: s.events("charge.updated")[0]["metadata"].get("desk"), "7",
    ),
    Effect(
        "POST /v1/payment_intents/{id}", {"description": "For the desk"}, "payment_intent.description",
        f"{API}/payment_intents/update", lambda s: (s.charge()["payment_intent"], {}),
        **kept("/v1/payment_intents", {"description": "For the desk"}),
    ),
    Effect(
        "POST /v1/payment_intents/{id}/cancel", {"cancellation_reason": "abandoned"}, "payment_intent.canceled event",
        f"{API}/payment_intents/cancel#cancel_payment_intent-cancellation_reason", of_failed_debit,
        **told("payment_intent.canceled", {"cancellation_reason": "abandoned"}),
    ),
    Effect(
        "POST /v1/disputes/{id}", {"evidence": EVIDENCE}, "charge.dispute.updated event",
        f"{API}/disputes/update#update_dispute-evidence", of_dispute,
        **told("charge.dispute.updated", EVIDENCE, of="evidence"),
    ),
)  # fmt: skip

ENDPOINTS = (
    Effect(
        "POST /v1/webhook_endpoints", {"description": "For the desk", "api_version": API_VERSION} | TAGGED,
        "the endpoint", f"{API}/webhook_endpoints/create", of_receiver,
        **kept("/v1/webhook_endpoints", {"description": "For the desk", "api_version": API_VERSION} | TAGGED),
    ),
    Effect(
        "POST /v1/webhook_endpoints", {"url": "$receiver"}, "what is delivered",
        f"{API}/webhook_endpoints/create#create_webhook_endpoint-url",
        lambda s: (of_silent_endpoint(s) and "", {"enabled_events": ["charge.updated"]}),
        delivered, {"charge.updated"},
    ),
    Effect(
        "POST /v1/webhook_endpoints/{id}", {"description": "For the desk"} | TAGGED, "the endpoint",
        f"{API}/webhook_endpoints/update", of_endpoint,
        **kept("/v1/webhook_endpoints", {"description": "For the desk"} | TAGGED),
    ),
    Effect(
        "POST /v1/webhook_endpoints/{id}", {"url": "$receiver"}, "what is delivered",
        f"{API}/webhook_endpoints/update#update_webhook_endpoint-url", of_silent_endpoint,
        delivered, {"charge.succeeded"},
    ),
)  # fmt: skip

CLOCK_AND_LEAVING = (
    Effect(
        "POST /v1/test_helpers/test_clocks", {"name": "A year"}, "test_helpers.test_clock.created event",
        f"{API}/test_clocks/create#create_test_clock-name",
        lambda s: ("", {"frozen_time": s.browser.get("/_sandbox/health").json["now"]}),
        **told("test_helpers.test_clock.created", {"name": "A year"}),
    ),
    Effect(
        "DELETE /v1/subscriptions/{id}", {"cancellation_details": {"comment": "Moving"}},
        "customer.subscription.deleted event", f"{API}/subscriptions/cancel", of_pledge,
        **told("customer.subscription.deleted", {"comment": "Moving"}, of="cancellation_details"),
    ),
)  # fmt: skip

WORDS = (*PEOPLE, *MONEY_WORDS, *ENDPOINTS, *CLOCK_AND_LEAVING)
