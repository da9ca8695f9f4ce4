"""Effects that show later: on the next invoice, on another page, in another list."""

from tests.stripe_sandbox.acting import Effect, Json, Stage
from tests.stripe_sandbox.effects_of_billing import after_a_month, newest_invoice, of_pledge
from tests.stripe_sandbox.effects_of_giving import SESSIONS, customer, donation, line
from tests.stripe_sandbox.steps import DAY, FAILS_LATER

API = "https://docs.stripe.com/api"
UPDATE, SCHEDULE = "POST /v1/subscriptions/{id}", "POST /v1/subscription_schedules/{id}"
LONG_AGO: Json = {"created": {"lt": 1_000_000_000}}


def of_priced_item(stage: Stage) -> tuple[str, Json]:
    object_id, _ = of_pledge(stage)
    for name, interval in (("dear", "month"), ("yearly", "year")):
        given = {"currency": "eur", "unit_amount": 900, "product": "membership_pledge"}
        made = stage.call("POST /v1/prices", "", given | {"recurring": {"interval": interval}})
        stage.notes[name] = made["id"]
    return object_id, {"proration_behavior": "none"}


def of_second_card(stage: Stage) -> tuple[str, Json]:
    """Leaves a pledge with a card that fails at renewals, and a good card with the same customer."""
    subscription = stage.subscription(FAILS_LATER)
    attached = stage.call(
        "POST /v1/payment_methods/{id}/attach", "pm_card_visa", {"customer": subscription["customer"]}
    )
    stage.notes |= {"card": attached["id"], "customer": subscription["customer"]}
    return subscription["id"], {}


def of_open_invoice(stage: Stage) -> tuple[str, Json]:
    object_id, _ = of_second_card(stage)
    after_a_month(stage, {"id": object_id})
    return stage.all(f"/v1/invoices?subscription={object_id}")[0]["id"], {}


def of_schedule(stage: Stage) -> tuple[str, Json]:
    """Leaves a schedule over a pledge, as a change at the end of the period is prepared."""
    of_priced_item(stage)
    made = stage.call("POST /v1/subscription_schedules", "", {"from_subscription": stage.notes["subscription"]})
    phase = made["phases"][0]
    now = {"start_date": phase["start_date"], "end_date": phase["end_date"]}
    stage.notes["now"] = now | {"items": [{"price": phase["items"][0]["price"], "quantity": 1}]}
    return made["id"], {"end_behavior": "release"}


def next_phase(**item: object) -> Json:
    return {"phases": ["$now", {"items": [item], "duration": {"interval": "month", "interval_count": 1}}]}


def next_amount(stage: Stage, _answer: Json) -> int:
    after = newest_invoice(stage, {"id": stage.notes["subscription"]})
    return int(after["amount_due"])


def of_two_customers(stage: Stage) -> tuple[str, Json]:
    """Leaves two pledges of different people, and notes one of them."""
    of_pledge(stage)
    stage.subscription()
    stage.charge()
    return "", {"limit": 100}


def of_listed_price(stage: Stage) -> tuple[str, Json]:
    given = {"currency": "eur", "unit_amount": 900, "product": "membership_pledge", "lookup_key": "large"}
    stage.call("POST /v1/prices", "", given)
    stage.call("POST /v1/prices", "", given | {"lookup_key": "yearly", "recurring": {"interval": "year"}})
    return "", {"limit": 100}


def of_portal(stage: Stage) -> tuple[str, Json]:
    of_pledge(stage)
    return "", {"customer": stage.notes["customer"]}


def portal_page(stage: Stage, session: Json) -> str:
    return stage.browser.get(str(session["url"]).removeprefix(stage.browser.url)).text


def method_of(stage: Stage) -> tuple[str, Json]:
    stage.notes["customer"] = customer(stage)[0]
    return "pm_card_visa", {"customer": stage.notes["customer"]}


LATER = (
    Effect(
        UPDATE, {"items": [{"id": "$item", "quantity": 3}]}, "the next invoice's amount",
        f"{API}/subscriptions/update#update_subscription-items", of_priced_item, next_amount, 1500,
    ),
    Effect(
        UPDATE, {"items": [{"id": "$item", "price": "$dear"}]}, "the next invoice's amount",
        "https://docs.stripe.com/billing/subscriptions/change-price", of_priced_item, next_amount, 900,
    ),
    Effect(
        UPDATE, {"default_payment_method": "$card"}, "whether the next invoice is paid",
        f"{API}/subscriptions/update#update_subscription-default_payment_method", of_second_card,
        lambda s, made: newest_invoice(s, made)["status"], "paid",
    ),
    Effect(
        UPDATE, {"cancel_at_period_end": True, "cancellation_details": {"feedback": "unused"}},
        "customer.subscription.deleted event", f"{API}/subscriptions/update", of_pledge,
        lambda s, made: after_a_month(s, made)
        and [each["cancellation_details"]["feedback"] for each in s.events("customer.subscription.deleted")],
        ["unused"], otherwise={"cancel_at_period_end": True},
    ),
    Effect(
        SCHEDULE, next_phase(price="$dear", quantity=1), "the next invoice's amount",
        "https://docs.stripe.com/billing/subscriptions/subscription-schedules", of_schedule, next_amount, 900,
        otherwise=next_phase(price="$dear", quantity=2),
    ),
    Effect(
        SCHEDULE, next_phase(price="$dear", quantity=2), "the next invoice's amount, by quantity",
        "https://docs.stripe.com/billing/subscriptions/subscription-schedules", of_schedule, next_amount, 1800,
        otherwise=next_phase(price="$dear", quantity=1),
    ),
    Effect(
        "POST /v1/subscription_schedules", {"from_subscription": "$subscription"}, "subscription.schedule",
        f"{API}/subscription_schedules/create", lambda s: ("", of_pledge(s)[1]),
        lambda s, made: s.get(f"/v1/subscriptions/{s.notes['subscription']}")["schedule"] == made["id"], True,
    ),
    Effect(
        "POST /v1/subscription_schedules/{id}/release", {}, "subscription.schedule and the event",
        f"{API}/subscription_schedules/release", lambda s: (of_schedule(s)[0], {}),
        lambda s, made: (
            s.get(f"/v1/subscriptions/{s.notes['subscription']}")["schedule"],
            len(s.events("subscription_schedule.released")),
        ),
        (None, 1),
    ),
    Effect(
        "POST /v1/invoices/{id}/pay", {"payment_method": "$card"}, "invoice.paid event and subscription.status",
        f"{API}/invoices/pay", of_open_invoice,
        lambda s, made: (made["status"], s.all("/v1/subscriptions")[0]["status"]), ("paid", "active"),
    ),
    Effect(
        "POST /v1/invoices/{id}/pay", {"paid_out_of_band": True}, "no charge for a paid invoice",
        f"{API}/invoices/pay#pay_invoice-paid_out_of_band", of_open_invoice,
        lambda s, made: (made["status"], made["amount_paid"], len(s.events("charge.succeeded"))), ("paid", 500, 0),
        otherwise={"payment_method": "$card"},
    ),
    Effect(
        "POST /v1/invoices/{id}/void", {}, "invoice.voided event", f"{API}/invoices/void", of_open_invoice,
        lambda s, made: (made["status"], len(s.events("invoice.voided"))), ("void", 1),
    ),
    Effect(
        "POST /v1/invoices/{id}/mark_uncollectible", {}, "invoice.marked_uncollectible event",
        f"{API}/invoices/mark_uncollectible", of_open_invoice,
        lambda s, made: (made["status"], len(s.events("invoice.marked_uncollectible"))), ("uncollectible", 1),
    ),
    Effect(
        "POST /v1/customers/{id}", {"invoice_settings": {"default_payment_method": "$card"}},
        "customer.invoice_settings", f"{API}/customers/update#update_customer-invoice_settings-default_payment_method",
        lambda s: (of_second_card(s) and s.notes["customer"], {}),
        lambda s, made: made["invoice_settings"]["default_payment_method"] == s.notes["card"], True,
    ),
    Effect(
        "POST /v1/payment_methods/{id}/attach", {"customer": "$customer"}, "payment_method.attached event and the list",
        f"{API}/payment_methods/attach", lambda s: (method_of(s)[0], {}),
        lambda s, made: (
            len(s.events("payment_method.attached")),
            [each["id"] for each in s.all(f"/v1/customers/{s.notes['customer']}/payment_methods")] == [made["id"]],
        ),
        (1, True),
    ),
    Effect(
        "POST /v1/payment_methods/{id}/detach", {}, "payment_method.detached event and the list",
        f"{API}/payment_methods/detach", lambda s: (of_second_card(s) and s.notes["card"], {}),
        lambda s, made: (made["customer"], len(s.events("payment_method.detached"))), (None, 1),
    ),
    Effect(
        SESSIONS, line(product="membership_donation") | {"mode": "payment"}, "the name on the page, by product_data",
        f"{API}/checkout/sessions/create", donation, lambda s, made: "Donation" in s.page(made), True,
        otherwise={"line_items": [{"quantity": 1, "price_data": {
            "currency": "eur", "unit_amount": 500, "product_data": {"name": "Mug"},
        }}]},
    ),
    Effect(
        "POST /v1/billing_portal/sessions", {"return_url": "http://localhost/account"}, "the link on the page",
        f"{API}/customer_portal/sessions/create", of_portal,
        lambda s, made: "http://localhost/account" in portal_page(s, made), True,
    ),
    Effect(
        "POST /v1/prices", {"recurring": {"interval": "year"}}, "price.type", f"{API}/prices/create",
        lambda s: ("", {"currency": "eur", "unit_amount": 900, "product": "membership_pledge"}),
        lambda s, made: s.get(f"/v1/prices/{made['id']}")["type"], "recurring",
    ),
    Effect(
        "GET /v1/prices", {"lookup_keys": ["large"]}, "which are listed", f"{API}/prices/list", of_listed_price,
        lambda s, made: [each["lookup_key"] for each in made["data"]], ["large"],
    ),
    Effect(
        "GET /v1/prices", {"recurring": {"interval": "year"}}, "which are listed", f"{API}/prices/list",
        of_listed_price, lambda s, made: [each["lookup_key"] for each in made["data"]], ["yearly"],
    ),
    Effect(
        "POST /v1/charges/{id}", {"description": "For the desk"}, "charge.updated event", f"{API}/charges/update",
        lambda s: (s.charge()["id"], {}), lambda s, made: s.events("charge.updated")[0]["description"], "For the desk",
    ),
    Effect(
        "POST /v1/payment_intents/{id}", {"metadata": {"a": "1"}}, "payment_intent.metadata", f"{API}/metadata",
        lambda s: (s.charge()["payment_intent"], {}),
        lambda s, made: s.get(f"/v1/payment_intents/{made['id']}")["metadata"].get("a"), "1",
    ),
    Effect(
        "GET /v1/charges", {"customer": "$customer"}, "which are listed", f"{API}/charges/list", of_two_customers,
        lambda s, made: len(made["data"]), 1,
    ),
    Effect(
        "GET /v1/subscriptions", {"customer": "$customer"}, "which are listed", f"{API}/subscriptions/list",
        of_two_customers, lambda s, made: len(made["data"]), 1,
    ),
    Effect(
        "GET /v1/payment_intents", {"customer": "$customer"}, "which are listed", f"{API}/payment_intents/list",
        of_two_customers, lambda s, made: len(made["data"]), 1,
    ),
    Effect(
        "GET /v1/checkout/sessions", {"subscription": "$subscription"}, "which are listed",
        f"{API}/checkout/sessions/list", of_two_customers, lambda s, made: len(made["data"]), 1,
    ),
    Effect(
        "GET /v1/checkout/sessions", {"customer": "$customer"}, "which are listed",
        f"{API}/checkout/sessions/list", of_two_customers, lambda s, made: len(made["data"]), 1,
    ),
    *(
        Effect(
            f"GET /v1/{kind}", LONG_AGO, "which are listed", f"{API}/pagination", of_two_customers,
            lambda s, made: made["data"], [],
        )
        for kind in (
            "balance_transactions", "checkout/sessions", "customers", "events", "invoices", "payment_intents", "prices",
            "products", "subscriptions",
        )
    ),
    Effect(
        "POST /v1/test_helpers/test_clocks/{id}/advance", {"frozen_time": "$later"}, "the clock and its event",
        f"{API}/test_clocks/advance", lambda s: (clock(s), {}),
        lambda s, made: s.get(f"/v1/test_helpers/test_clocks/{made['id']}")["frozen_time"] - s.notes["later"], 0,
        otherwise={"frozen_time": "$sooner"},
    ),
)  # fmt: skip


def clock(stage: Stage) -> str:
    now = stage.browser.get("/_sandbox/health").json["now"]
    stage.notes |= {"later": now + 2 * DAY, "sooner": now + DAY}
    return str(stage.call("POST /v1/test_helpers/test_clocks", "", {"frozen_time": now})["id"])
