"""Effects of the parameters that choose what a list shows."""

from tests.stripe_sandbox.acting import Effect, Json, Stage
from tests.stripe_sandbox.effects_of_billing import of_pledge
from tests.stripe_sandbox.effects_of_later import LONG_AGO, of_schedule, of_second_card, of_two_customers
from tests.stripe_sandbox.effects_of_money import REFUNDS, of_payout, two_charges, two_disputes

API = "https://docs.stripe.com/api"
PAGED: Json = {"limit": 100}


def count(_stage: Stage, listed: Json) -> int:
    return len(listed["data"])


def of_pledges(stage: Stage) -> tuple[str, Json]:
    """Leaves two pledges; of the noted one, also its price, its invoice and the payment of that."""
    stage.subscription()
    of_pledge(stage)
    subscription = stage.get(f"/v1/subscriptions/{stage.notes['subscription']}")
    invoice = subscription["latest_invoice"]
    payment = stage.get(f"/v1/invoice_payments?invoice={invoice}")["data"][0]
    item = subscription["items"]["data"][0]
    stage.notes |= {"invoice": invoice, "intent": payment["payment"]["payment_intent"], "price": item["price"]["id"]}
    return "", PAGED


def of_later_pledge(stage: Stage) -> tuple[str, Json]:
    """Leaves a pledge of today and one of ten days later."""
    stage.subscription()
    stage.browser.advance(10 * 86_400)
    of_pledges(stage)
    item = stage.get(f"/v1/subscriptions/{stage.notes['subscription']}")["items"]["data"][0]
    stage.notes |= {"begins": item["current_period_start"], "ends": item["current_period_end"]}
    return "", PAGED


def of_prices(stage: Stage) -> tuple[str, Json]:
    """Leaves an active price in EUR and one in USD, one of them recurring and one inactive."""
    given: Json = {"unit_amount": 900, "product": "membership_donation"}
    stage.call("POST /v1/prices", "", given | {"currency": "eur", "active": False})
    stage.call("POST /v1/prices", "", given | {"currency": "usd"})
    recurring = {"currency": "eur", "recurring": {"interval": "year"}, "product": "membership_pledge"}
    stage.call("POST /v1/prices", "", given | recurring)
    return "", PAGED


def of_schedules(stage: Stage) -> tuple[str, Json]:
    first = stage.subscription()
    stage.call("POST /v1/subscription_schedules", "", {"from_subscription": first["id"]})
    of_schedule(stage)
    return "", PAGED


def of_cards(stage: Stage) -> tuple[str, Json]:
    of_second_card(stage)
    return "", {}


LONG_PAST = (
    ("radar/early_fraud_warnings", two_disputes),
    ("invoice_payments", of_pledges),
    ("payouts", of_payout),
    ("refunds", two_charges),
    ("subscription_schedules", of_schedules),
)

OF_MONEY = (
    Effect(
        "GET /v1/balance_transactions", {"payout": "$payout"}, "which are listed",
        "https://docs.stripe.com/payouts/reconciliation", of_payout,
        lambda s, made: [(each["type"], each["net"]) for each in made["data"]], [("payout", -960), ("charge", 960)],
    ),
    Effect(
        "GET /v1/balance_transactions", {"source": "$charge"}, "which are listed", f"{API}/balance_transactions/list",
        two_charges, lambda s, made: [each["amount"] for each in made["data"]], [700],
    ),
    Effect(
        "GET /v1/charges", {"payment_intent": "$intent"}, "which are listed", f"{API}/charges/list",
        two_charges, lambda s, made: [each["id"] == s.notes["charge"] for each in made["data"]], [True],
    ),
    Effect(
        "GET /v1/refunds", {"charge": "$charge"}, "which are listed", f"{API}/refunds/list",
        two_charges, lambda s, made: made["data"], [],
    ),
    Effect(
        "GET /v1/refunds", {"payment_intent": "$intent"}, "which are listed", f"{API}/refunds/list",
        two_charges, lambda s, made: made["data"], [],
    ),
    Effect(
        REFUNDS, {"payment_intent": "$refunded_intent"}, "which charge is refunded wholly",
        "https://docs.stripe.com/refunds#issuing",
        lambda s: (two_charges(s)[0], {}), lambda s, made: s.get(f"/v1/charges/{made['charge']}")["amount"], 500,
        otherwise={"payment_intent": "$intent"},
    ),
    Effect(
        "GET /v1/disputes", {"charge": "$charge"}, "which are listed", f"{API}/disputes/list",
        two_disputes, lambda s, made: [each["charge"] == s.notes["charge"] for each in made["data"]], [True],
    ),
    Effect(
        "GET /v1/disputes", {"payment_intent": "$intent"}, "which are listed", f"{API}/disputes/list",
        two_disputes, lambda s, made: [each["charge"] == s.notes["charge"] for each in made["data"]], [True],
    ),
    Effect(
        "GET /v1/radar/early_fraud_warnings", {"charge": "$charge"}, "which are listed",
        f"{API}/radar/early_fraud_warnings/list",
        two_disputes, lambda s, made: [each["actionable"] for each in made["data"]], [False],
    ),
    Effect(
        "GET /v1/balance_transactions", {"type": "refund"}, "which are listed", f"{API}/balance_transactions/list",
        two_charges, lambda s, made: [each["source"] == s.notes["refund"] for each in made["data"]], [True],
    ),
    Effect(
        "GET /v1/balance_transactions", {"currency": "usd"}, "which are listed", f"{API}/balance_transactions/list",
        two_charges, lambda s, made: [each["amount"] for each in made["data"]], [700],
    ),
    Effect(
        "GET /v1/charges", {"created": {"gt": 2_000_000_000}}, "which are listed", f"{API}/charges/list",
        two_charges, lambda s, made: made["data"], [],
    ),
    Effect(
        "GET /v1/events", {"type": "charge.refunded"}, "which are listed", f"{API}/events/list",
        two_charges, lambda s, made: [each["type"] for each in made["data"]], ["charge.refunded"],
    ),
    Effect(
        "GET /v1/events", {"types": ["refund.created", "charge.refunded"]}, "which are listed", f"{API}/events/list",
        two_charges, lambda s, made: [each["type"] for each in made["data"]], ["charge.refunded", "refund.created"],
    ),
    Effect(
        "GET /v1/payouts", {"status": "failed"}, "which are listed", f"{API}/payouts/list",
        lambda s: ("", {"limit": 100} if s.payout() else {}), lambda s, made: made["data"], [],
    ),
    Effect(
        "GET /v1/payouts", {"arrival_date": {"lt": 1_000_000_000}}, "which are listed", f"{API}/payouts/list",
        lambda s: ("", {"limit": 100} if s.payout() else {}), lambda s, made: made["data"], [],
    ),
    Effect(
        "GET /v1/disputes", {"created": {"lt": 1_000_000_000}}, "which are listed", f"{API}/disputes/list",
        lambda s: ("", {"limit": 100} if s.dispute() else {}), lambda s, made: made["data"], [],
    ),
)  # fmt: skip

OF_REST = (
    *(
        Effect(
            f"GET /v1/{kind}", LONG_AGO, "which are listed", f"{API}/pagination", prepare, count, 0,
        )
        for kind, prepare in LONG_PAST
    ),
    Effect(
        "GET /v1/checkout/sessions", {"customer_details": {"email": "nobody@example.org"}}, "which are listed",
        f"{API}/checkout/sessions/list", of_two_customers, count, 0,
    ),
    Effect(
        "GET /v1/checkout/sessions", {"payment_intent": "$intent"}, "which are listed",
        f"{API}/checkout/sessions/list", two_charges, lambda s, made: [each["amount_total"] for each in made["data"]],
        [700],
    ),
    Effect(
        "GET /v1/radar/early_fraud_warnings", {"payment_intent": "$intent"}, "which are listed",
        f"{API}/radar/early_fraud_warnings/list", two_disputes, count, 1,
    ),
    Effect(
        "GET /v1/invoices", {"status": "open"}, "which are listed", f"{API}/invoices/list", of_pledges, count, 0,
    ),
    Effect(
        "GET /v1/invoice_payments", {"invoice": "$invoice"}, "which are listed", f"{API}/invoice-payment/list",
        of_pledges, count, 1,
    ),
    Effect(
        "GET /v1/invoice_payments", {"payment": {"type": "payment_intent", "payment_intent": "$intent"}},
        "which are listed", f"{API}/invoice-payment/list", of_pledges, count, 1,
    ),
    Effect(
        "GET /v1/invoice_payments", {"status": "open"}, "which are listed", f"{API}/invoice-payment/list",
        of_pledges, count, 0,
    ),
    Effect(
        "GET /v1/payment_methods", {"customer": "$customer"}, "which are listed", f"{API}/payment_methods/list",
        of_cards, lambda s, made: {each["customer"] == s.notes["customer"] for each in made["data"]}, {True},
    ),
    Effect(
        "GET /v1/payment_methods", {"type": "sepa_debit"}, "which are listed", f"{API}/payment_methods/list",
        lambda s: (of_cards(s)[0], {"customer": s.notes["customer"]}), count, 0,
    ),
    Effect(
        "GET /v1/customers/{id}/payment_methods", {"type": "sepa_debit"}, "which are listed",
        f"{API}/payment_methods/customer_list", lambda s: (of_cards(s) and s.notes["customer"], {}), count, 0,
    ),
    Effect(
        "GET /v1/prices", {"active": False}, "which are listed", f"{API}/prices/list", of_prices,
        lambda s, made: [each["currency"] for each in made["data"]], ["eur"],
    ),
    Effect("GET /v1/prices", {"currency": "usd"}, "which are listed", f"{API}/prices/list", of_prices, count, 1),
    Effect(
        "GET /v1/prices", {"product": "membership_pledge"}, "which are listed", f"{API}/prices/list", of_prices,
        count, 1,
    ),
    Effect("GET /v1/prices", {"type": "recurring"}, "which are listed", f"{API}/prices/list", of_prices, count, 1),
    Effect(
        "GET /v1/subscription_items", {"subscription": "$subscription"}, "which are listed",
        f"{API}/subscription_items/list", lambda s: (of_pledge(s) and "", {}),
        lambda s, made: [each["id"] == s.notes["item"] for each in made["data"]], [True],
    ),
    Effect(
        "GET /v1/subscription_schedules", {"customer": "$customer"}, "which are listed",
        f"{API}/subscription_schedules/list", of_schedules, count, 1,
    ),
    Effect(
        "GET /v1/subscriptions", {"price": "$price"}, "which are listed", f"{API}/subscriptions/list", of_pledges,
        count, 1,
    ),
    Effect(
        "GET /v1/subscriptions", {"collection_method": "send_invoice"}, "which are listed",
        f"{API}/subscriptions/list", of_pledges, count, 0,
    ),
    Effect(
        "GET /v1/subscriptions", {"current_period_start": {"lt": "$begins"}}, "which are listed",
        f"{API}/subscriptions/list", of_later_pledge, count, 1,
    ),
    Effect(
        "GET /v1/subscriptions", {"current_period_end": {"lt": "$ends"}}, "which are listed",
        f"{API}/subscriptions/list", of_later_pledge, count, 1,
    ),
)  # fmt: skip

FILTERS = (*OF_MONEY, *OF_REST)
