"""Planted errors: requests that Stripe would refuse, each with its status, code and parameter."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from stripe import StripeClient, StripeError

from tests.stripe_sandbox.acting import Json, Stage, filled
from tests.stripe_sandbox.effects_of_giving import line, recurring
from tests.stripe_sandbox.receiver import Receiver
from tests.stripe_sandbox.steps import DECLINED, Browser, donation

SESSION = {"mode": "payment", "success_url": "http://localhost/"}
SCHEDULE = "payments[payouts][schedule]"


def nothing(stage: Stage) -> None:
    """Needs nothing to stand."""


def charge(stage: Stage) -> None:
    made = stage.charge()
    stage.notes |= {"charge": made["id"], "intent": made["payment_intent"], "other": stage.charge()["id"]}


def refunded(stage: Stage) -> None:
    charge(stage)
    stage.call("POST /v1/refunds", "", {"charge": stage.notes["charge"]})


def declined(stage: Stage) -> None:
    session = donation(stage.client)
    stage.browser.pay(session, DECLINED)
    intent: Any = stage.get(f"/v1/checkout/sessions/{session.id}?expand[]=payment_intent")["payment_intent"]
    stage.notes |= {"charge": intent["latest_charge"], "intent": intent["id"]}


def disputed(stage: Stage) -> None:
    dispute = stage.dispute()
    stage.notes |= {"id": dispute["id"], "charge": dispute["charge"]}


def answered(stage: Stage) -> None:
    disputed(stage)
    stage.call("POST /v1/disputes/{id}", stage.notes["id"], {"evidence": {"customer_name": "Olena"}})


def lost(stage: Stage) -> None:
    disputed(stage)
    stage.call("POST /v1/disputes/{id}/close", stage.notes["id"], {})


def money(stage: Stage) -> None:
    stage.available()


def payout(stage: Stage) -> None:
    stage.notes["id"] = stage.payout()["id"]


def sent_payout(stage: Stage) -> None:
    stage.available()
    stage.notes["id"] = stage.call("POST /v1/payouts", "", {"amount": 100, "currency": "eur"})["id"]
    stage.browser.advance(86_400)


def ended(stage: Stage) -> None:
    stage.notes["id"] = stage.subscription()["id"]
    stage.call("DELETE /v1/subscriptions/{id}", stage.notes["id"], {})


def pledge(stage: Stage) -> None:
    stage.notes["id"] = stage.subscription()["id"]


def customer(stage: Stage) -> None:
    stage.notes["customer"] = stage.call("POST /v1/customers", "", {})["id"]


def archived(stage: Stage) -> None:
    """Leaves a pledge, and an active price of a product that is not sold any more."""
    subscription = stage.subscription()
    price = {"currency": "eur", "unit_amount": 900, "product": "membership_donation"}
    made = stage.call("POST /v1/prices", "", price | {"recurring": {"interval": "month"}})
    stage.call("POST /v1/products/{id}", "membership_donation", {"active": False})
    method = subscription["default_payment_method"]
    stage.call(
        "POST /v1/customers/{id}", subscription["customer"], {"invoice_settings": {"default_payment_method": method}}
    )
    stage.notes |= {"customer": subscription["customer"], "id": subscription["id"], "price": made["id"]}
    stage.notes["item"] = subscription["items"]["data"][0]["id"]


# What stands before, the call, its parameters, and the status, code and parameter of the refusal.
REFUSALS: list[tuple[Callable[[Stage], None], str, Json, int, str | None, str | None]] = [
    (nothing, "POST /v1/refunds", {}, 400, "parameter_missing", "payment_intent"),
    (nothing, "POST /v1/refunds", {"charge": "ch_0"}, 400, "resource_missing", "charge"),
    (nothing, "POST /v1/refunds", {"payment_intent": "pi_0"}, 400, "resource_missing", "payment_intent"),
    (nothing, "POST /v1/refunds", {"colour": "red"}, 400, "parameter_unknown", "colour"),
    (
        nothing, "POST /v1/refunds", {"refund_application_fee": True},
        400, "sandbox_not_modelled", "refund_application_fee",
    ),
    (charge, "POST /v1/refunds", {"charge": "$charge", "amount": "ten"}, 400, "parameter_invalid_integer", "amount"),
    (charge, "POST /v1/refunds", {"charge": "$charge", "amount": 0}, 400, "parameter_invalid_integer", "amount"),
    (charge, "POST /v1/refunds", {"charge": "$charge", "amount": 501}, 400, "amount_too_large", "amount"),
    (charge, "POST /v1/refunds", {"charge": "$charge", "reason": "mood"}, 400, None, "reason"),
    (
        charge, "POST /v1/refunds", {"charge": "$charge", "metadata": {f"k{n}": "v" for n in range(51)}},
        400, None, "metadata",
    ),
    (
        charge, "POST /v1/refunds", {"charge": "$charge", "metadata": {"k" * 41: "v"}},
        400, None, f"metadata[{'k' * 41}]",
    ),
    (charge, "POST /v1/refunds", {"charge": "$other", "payment_intent": "$intent"}, 400, "resource_missing", "charge"),
    (refunded, "POST /v1/refunds", {"charge": "$charge"}, 400, "charge_already_refunded", "charge"),
    (disputed, "POST /v1/refunds", {"charge": "$charge"}, 400, "charge_disputed", "charge"),
    (declined, "POST /v1/refunds", {"charge": "$charge"}, 400, None, "charge"),
    (declined, "POST /v1/refunds", {"payment_intent": "$intent"}, 400, None, "payment_intent"),
    (nothing, "GET /v1/refunds/re_0", {}, 404, "resource_missing", "id"),
    (nothing, "POST /v1/disputes/du_0/close", {}, 404, "resource_missing", "id"),
    (lost, "POST /v1/disputes/{id}/close", {}, 400, None, None),
    (lost, "POST /v1/disputes/{id}", {"evidence": {"customer_name": "O"}}, 400, None, None),
    (answered, "POST /v1/disputes/{id}", {"evidence": {"customer_name": "O"}}, 400, None, None),
    (
        disputed, "POST /v1/disputes/{id}", {"evidence": {"customer_name": "x" * 20_001}},
        400, None, "evidence[customer_name]",
    ),
    (
        disputed, "POST /v1/disputes/{id}", {"evidence": {"receipt": "file_1"}},
        400, "sandbox_not_modelled", "evidence[receipt]",
    ),
    (
        disputed, "POST /v1/disputes/{id}", {"evidence": {"colour": "red"}},
        400, "parameter_unknown", "evidence[colour]",
    ),
    (disputed, "POST /v1/disputes/{id}", {"submit": "perhaps"}, 400, None, "submit"),
    (nothing, "POST /v1/payouts", {"currency": "eur"}, 400, "parameter_missing", "amount"),
    (nothing, "POST /v1/payouts", {"amount": 100}, 400, "parameter_missing", "currency"),
    (money, "POST /v1/payouts", {"amount": -1, "currency": "eur"}, 400, "parameter_invalid_integer", "amount"),
    (money, "POST /v1/payouts", {"amount": 961, "currency": "eur"}, 400, "balance_insufficient", None),
    (money, "POST /v1/payouts", {"amount": 100, "currency": "gbp"}, 400, None, "currency"),
    (
        money, "POST /v1/payouts", {"amount": 100, "currency": "eur", "method": "instant"},
        400, "sandbox_not_modelled", "method",
    ),
    (
        money, "POST /v1/payouts", {"amount": 100, "currency": "eur", "statement_descriptor": "x" * 23},
        400, None, "statement_descriptor",
    ),
    (payout, "POST /v1/payouts/{id}/cancel", {}, 400, None, None),
    (sent_payout, "POST /v1/payouts/{id}/cancel", {}, 400, None, None),
    (sent_payout, "GET /v1/balance_transactions", {"payout": "$id"}, 400, None, "payout"),
    (nothing, "GET /v1/balance_transactions", {"payout": "po_0"}, 400, "resource_missing", "payout"),
    (nothing, "GET /v1/balance_transactions", {"limit": 0}, 400, "parameter_invalid_integer", "limit"),
    (
        charge, "GET /v1/charges", {"starting_after": "$charge", "ending_before": "$charge"},
        400, None, "ending_before",
    ),
    (nothing, "GET /v1/charges", {"created": {"gte": "soon"}}, 400, "parameter_invalid_integer", "created[gte]"),
    (nothing, "GET /v1/charges", {"created": {"after": 1}}, 400, "parameter_unknown", "created[after]"),
    (
        nothing, "POST /v1/balance_settings", {"payments": {"payouts": {"schedule": {"interval": "fortnightly"}}}},
        400, None, f"{SCHEDULE}[interval]",
    ),
    (
        nothing, "POST /v1/balance_settings", {"payments": {"payouts": {"schedule": {"interval": "weekly"}}}},
        400, None, f"{SCHEDULE}[weekly_payout_days]",
    ),
    (
        nothing, "POST /v1/balance_settings",
        {"payments": {"payouts": {"schedule": {"interval": "weekly", "weekly_payout_days": ["sunday"]}}}},
        400, None, f"{SCHEDULE}[weekly_payout_days][0]",
    ),
    (
        nothing, "POST /v1/balance_settings", {"payments": {"debit_negative_balances": True}},
        400, "sandbox_not_modelled", "payments[debit_negative_balances]",
    ),
    (
        nothing, "POST /v1/checkout/sessions", SESSION | line(0),
        400, "parameter_invalid_integer", "line_items[0][quantity]",
    ),
    (
        nothing, "POST /v1/checkout/sessions", SESSION | recurring(),
        400, None, "line_items[0][price_data][recurring]",
    ),
    (
        nothing, "POST /v1/checkout/sessions", SESSION | recurring(interval="fortnight"),
        400, None, "line_items[0][price_data][recurring][interval]",
    ),
    (
        nothing, "POST /v1/checkout/sessions", SESSION | line(product="prod_0"),
        400, "resource_missing", "line_items[0][price_data][product]",
    ),
    (
        nothing, "POST /v1/checkout/sessions", SESSION | line(product_data={"name": "Cup"}),
        400, None, "line_items[0][price_data][product_data]",
    ),
    (
        nothing, "POST /v1/checkout/sessions",
        SESSION | {"line_items": [*line()["line_items"], *line(currency="usd")["line_items"]]},
        400, None, "line_items",
    ),
    (nothing, "POST /v1/checkout/sessions", SESSION | {"line_items": "all"}, 400, None, "line_items"),
    (nothing, "POST /v1/checkout/sessions", {"mode": "payment"} | line(), 400, "parameter_missing", "success_url"),
    (nothing, "POST /v1/checkout/sessions", SESSION | line() | {"mode": "setup"}, 400, "sandbox_not_modelled", "mode"),
    (
        nothing, "POST /v1/checkout/sessions", SESSION | line() | {"client_reference_id": "x" * 201},
        400, None, "client_reference_id",
    ),
    (
        customer, "POST /v1/checkout/sessions",
        SESSION | line() | {"customer": "$customer", "customer_email": "o@example.org"}, 400, None, "customer_email",
    ),
    (
        nothing, "POST /v1/checkout/sessions", SESSION | line(currency="kwd", unit_amount=12_345),
        400, "invalid_charge_amount", "line_items",
    ),
    (
        nothing, "POST /v1/checkout/sessions", SESSION | line(currency="euros"),
        400, None, "line_items[0][price_data][currency]",
    ),
    (pledge, "POST /v1/subscriptions/{id}", {"cancel_at_period_end": "perhaps"}, 400, None, "cancel_at_period_end"),
    (
        pledge, "POST /v1/subscriptions/{id}", {"trial_period_days": 3}, 400, "parameter_unknown", "trial_period_days",
    ),
    (
        pledge, "POST /v1/subscriptions/{id}", {"cancellation_details": {"feedback": "bored"}},
        400, None, "cancellation_details[feedback]",
    ),
    (ended, "POST /v1/subscriptions/{id}", {"cancel_at_period_end": True}, 400, "resource_missing", "id"),
    (ended, "DELETE /v1/subscriptions/{id}", {}, 404, "resource_missing", "id"),
    *(
        (
            nothing, "POST /v1/prices",
            {"currency": "eur", "unit_amount": 500, "product": "membership_pledge",
             "recurring": {"interval": interval, "interval_count": count}},
            400, None, "recurring[interval_count]",
        )
        for interval, count in (("day", 1096), ("week", 157), ("month", 37), ("year", 4), ("month", 0))
    ),
    (
        nothing, "POST /v1/prices", {"currency": "eur", "unit_amount": 100_000_000, "product": "membership_pledge"},
        400, "amount_too_large", "unit_amount",
    ),
    (archived, "POST /v1/checkout/sessions", SESSION | {"line_items": [{"price": "$price", "quantity": 1}]},
     400, None, "line_items[0][price]"),
    (archived, "POST /v1/checkout/sessions", SESSION | line(product="membership_donation"),
     400, None, "line_items[0][price_data][product]"),
    (archived, "POST /v1/subscriptions", {"customer": "$customer", "items": [{"price": "$price"}]},
     400, None, "items[0][price]"),
    (archived, "POST /v1/subscriptions/{id}",
     {"items": [{"id": "$item", "price": "$price"}], "proration_behavior": "none"}, 400, None, "items[0][price]"),
    (archived, "POST /v1/subscriptions/{id}",
     {"items": [{"id": "$item", "price_data": {
         "currency": "eur", "unit_amount": 900, "product": "membership_donation", "recurring": {"interval": "month"},
     }}], "proration_behavior": "none"}, 400, None, "items[0][price_data][product]"),
    (nothing, "GET /v1/events", {"type": "a.b", "types": ["c.d"]}, 400, None, "types"),
    (nothing, "GET /v1/events", {"types": ["a.b"] * 21}, 400, None, "types"),
    (nothing, "GET /v1/tokens/tok_0", {}, 404, None, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("prepare", "call", "params", "status", "code", "param"),
    REFUSALS,
    ids=[f"{prepare.__name__}: {call} {param or code}"[:90] for prepare, call, _, _, code, param in REFUSALS],
)
def test_a_planted_error_is_refused_as_stripe_refuses_it(
    client: StripeClient,
    browser: Browser,
    receiver: Receiver,
    prepare: Callable[[Stage], None],
    call: str,
    params: Json,
    status: int,
    code: str | None,
    param: str | None,
) -> None:
    stage = Stage(client, browser, receiver)
    prepare(stage)
    with pytest.raises(StripeError) as refused:
        stage.call(call, str(stage.notes.get("id", "")), filled(params, stage.notes))
    error = json.loads(str(refused.value.http_body))["error"]
    assert (refused.value.http_status, error["type"]) == (status, "invalid_request_error")
    assert (error.get("code"), error.get("param")) == (code, param)
    assert error["message"]
    assert refused.value.request_id


def test_the_planted_errors_are_many() -> None:
    assert len(REFUSALS) >= 40
