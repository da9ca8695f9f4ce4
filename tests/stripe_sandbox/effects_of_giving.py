"""Effects of Checkout, customers, products and prices."""

from tests.stripe_sandbox.acting import Effect, Json, Stage

SESSIONS = "POST /v1/checkout/sessions"
API = "https://docs.stripe.com/api"
CREATE = f"{API}/checkout/sessions/create"


def line(quantity: int = 1, **price: object) -> Json:
    """Returns the one line of a donation."""
    priced = {"currency": "eur", "unit_amount": 500, "product": "membership_donation"} | price
    return {"line_items": [{"price_data": priced, "quantity": quantity}]}


def recurring(**interval: object) -> Json:
    """Returns the one line of a pledge."""
    return line(product="membership_pledge", recurring={"interval": "month"} | interval)


def donation(stage: Stage) -> tuple[str, Json]:
    stage.notes["soon"] = stage.browser.get("/_sandbox/health").json["now"] + 31 * 60
    return "", {"mode": "payment", "success_url": "http://localhost/thanks"} | line()


def pledge(stage: Stage) -> tuple[str, Json]:
    return "", {"mode": "subscription", "success_url": "http://localhost/thanks"} | recurring()


def subscription_of(stage: Stage, session: Json) -> Json:
    stage.pay(session)
    paid = stage.get(f"/v1/checkout/sessions/{session['id']}?expand[]=subscription")
    subscription: Json = paid["subscription"]
    return subscription


def status_after_an_hour(stage: Stage, session: Json) -> str:
    stage.browser.advance(3600)
    return str(stage.get(f"/v1/checkout/sessions/{session['id']}")["status"])


def is_longer_than_two_months(stage: Stage, session: Json) -> bool:
    item = subscription_of(stage, session)["items"]["data"][0]
    return bool(item["current_period_end"] - item["current_period_start"] > 80 * 86_400)


def price(stage: Stage) -> tuple[str, Json]:
    given = {"currency": "eur", "unit_amount": 500, "product": "membership_donation"}
    return stage.call("POST /v1/prices", "", given)["id"], {}


def of_price(stage: Stage) -> tuple[str, Json]:
    given = {"currency": "eur", "unit_amount": 900, "product": "membership_donation"}
    stage.notes["price"] = stage.call("POST /v1/prices", "", given)["id"]
    return donation(stage)


def donation_of_customer(stage: Stage) -> tuple[str, Json]:
    stage.notes["customer"] = customer(stage)[0]
    return donation(stage)


def customer(stage: Stage) -> tuple[str, Json]:
    return stage.call("POST /v1/customers", "", {"email": "olena@example.org"})["id"], {}


CHECKOUT = (
    Effect(
        SESSIONS, line(unit_amount=700), "charge.amount", f"{CREATE}#create_checkout_session-line_items", donation,
        lambda s, made: s.charge_of(made)["amount"], 700,
    ),
    Effect(
        SESSIONS, {"line_items": [{"price": "$price", "quantity": 1}]}, "charge.amount, by a price",
        f"{CREATE}#create_checkout_session-line_items-price", of_price,
        lambda s, made: s.charge_of(made)["amount"], 900,
    ),
    Effect(
        SESSIONS, line(3), "charge.amount, by quantity", f"{CREATE}#create_checkout_session-line_items", donation,
        lambda s, made: s.charge_of(made)["amount"], 1500,
    ),
    Effect(
        SESSIONS, line(currency="usd"), "balance_transaction.currency", "https://docs.stripe.com/currencies", donation,
        lambda s, made: s.line_of(s.charge_of(made))["currency"], "usd",
    ),
    Effect(
        SESSIONS, line(product="membership_pledge"), "the name on the page", CREATE, donation,
        lambda s, made: "Pledge" in s.page(made), True,
    ),
    Effect(
        SESSIONS, {"client_reference_id": "a-7"}, "checkout.session.completed client_reference_id",
        f"{CREATE}#create_checkout_session-client_reference_id", donation,
        lambda s, made: s.pay(made) and s.events("checkout.session.completed")[0]["client_reference_id"], "a-7",
    ),
    Effect(
        SESSIONS, {"customer_email": "taras@example.org"}, "charge.billing_details.email",
        f"{CREATE}#create_checkout_session-customer_email", donation,
        lambda s, made: s.charge_of(made)["billing_details"]["email"], "taras@example.org",
    ),
    Effect(
        SESSIONS, {"customer_creation": "always"}, "customer.created event",
        f"{CREATE}#create_checkout_session-customer_creation", donation,
        lambda s, made: len(s.pay(made) and s.events("customer.created")), 1,
    ),
    Effect(
        SESSIONS, {"customer": "$customer"}, "charge.customer", f"{CREATE}#create_checkout_session-customer",
        donation_of_customer, lambda s, made: s.charge_of(made)["customer"] == s.notes["customer"], True,
    ),
    Effect(
        SESSIONS, {"expires_at": "$soon"}, "when the session expires",
        f"{CREATE}#create_checkout_session-expires_at", donation, status_after_an_hour, "expired",
    ),
    Effect(
        SESSIONS, {"success_url": "http://localhost/paid?of={CHECKOUT_SESSION_ID}"}, "where the page leads",
        "https://docs.stripe.com/payments/checkout/custom-success-page", donation,
        lambda s, made: s.pay(made).replace(made["id"], "ID"), "http://localhost/paid?of=ID",
    ),
    Effect(
        SESSIONS, {"cancel_url": "http://localhost/away"}, "the link on the page",
        f"{CREATE}#create_checkout_session-cancel_url", donation,
        lambda s, made: "http://localhost/away" in s.page(made), True,
    ),
    Effect(
        SESSIONS, {"submit_type": "donate"}, "the button on the page",
        f"{CREATE}#create_checkout_session-submit_type", donation,
        lambda s, made: "Donate €5.00" in s.page(made), True,
    ),
    Effect(
        SESSIONS, {"locale": "fr-CA"}, "the language of the page", f"{CREATE}#create_checkout_session-locale", donation,
        lambda s, made: ('<html lang="fr">' in s.page(made), "Payer €5.00" in s.page(made)), (True, True),
    ),
    Effect(
        SESSIONS, {"metadata": {"attempt": "7"}}, "checkout.session.completed metadata",
        f"{API}/metadata", donation,
        lambda s, made: s.pay(made) and s.events("checkout.session.completed")[0]["metadata"], {"attempt": "7"},
    ),
    Effect(
        SESSIONS, {"payment_intent_data": {"description": "For the paper"}}, "balance_transaction.description",
        f"{CREATE}#create_checkout_session-payment_intent_data-description", donation,
        lambda s, made: s.line_of(s.charge_of(made))["description"], "For the paper",
    ),
    Effect(
        SESSIONS, {"payment_intent_data": {"metadata": {"attempt": "7"}}}, "charge.metadata",
        f"{CREATE}#create_checkout_session-payment_intent_data-metadata", donation,
        lambda s, made: s.charge_of(made)["metadata"], {"attempt": "7"},
    ),
    Effect(
        SESSIONS, {"payment_intent_data": {"receipt_email": "books@example.org"}}, "charge.receipt_email",
        f"{CREATE}#create_checkout_session-payment_intent_data-receipt_email", donation,
        lambda s, made: s.charge_of(made)["receipt_email"], "books@example.org",
    ),
    Effect(
        SESSIONS, {"payment_intent_data": {"statement_descriptor_suffix": "PAPER"}},
        "charge.calculated_statement_descriptor",
        "https://docs.stripe.com/get-started/account/statement-descriptors#dynamic", donation,
        lambda s, made: s.charge_of(made)["calculated_statement_descriptor"].endswith("* PAPER"), True,
    ),
    Effect(
        SESSIONS, {"mode": "subscription"} | recurring(), "customer.subscription.created event",
        f"{CREATE}#create_checkout_session-mode", donation,
        lambda s, made: len(s.pay(made) and s.events("customer.subscription.created")), 1,
    ),
    Effect(
        SESSIONS, {"subscription_data": {"description": "Monthly"}}, "subscription.description",
        f"{CREATE}#create_checkout_session-subscription_data-description", pledge,
        lambda s, made: subscription_of(s, made)["description"], "Monthly",
    ),
    Effect(
        SESSIONS, {"subscription_data": {"metadata": {"attempt": "7"}}}, "invoice.parent metadata",
        "https://docs.stripe.com/billing/invoices/subscription#subscription-metadata", pledge,
        lambda s, made: subscription_of(s, made)
        and s.all("/v1/invoices")[0]["parent"]["subscription_details"]["metadata"],
        {"attempt": "7"},
    ),
    Effect(
        SESSIONS, recurring(interval="year"), "the subscription's period",
        f"{API}/prices/object#price_object-recurring-interval", pledge, is_longer_than_two_months, True,
    ),
    Effect(
        SESSIONS, recurring(interval_count=3), "the subscription's period",
        f"{API}/prices/object#price_object-recurring-interval_count", pledge, is_longer_than_two_months, True,
    ),
    Effect(
        "POST /v1/checkout/sessions/{id}/expire", {}, "checkout.session.expired event and the page",
        f"{API}/checkout/sessions/expire", lambda s: (s.call(SESSIONS, "", donation(s)[1])["id"], {}),
        lambda s, made: (len(s.events("checkout.session.expired")), s.browser.get(f"/c/pay/{made['id']}").status),
        (1, 410),
    ),
    Effect(
        "GET /v1/checkout/sessions", {"status": "complete"}, "which are listed", f"{API}/checkout/sessions/list",
        lambda s: ("", {"limit": 100} if s.call(SESSIONS, "", donation(s)[1]) and s.charge() else {}),
        lambda s, made: {each["status"] for each in made["data"]}, {"complete"},
    ),
)  # fmt: skip

PEOPLE_AND_PRODUCTS = (
    Effect(
        "POST /v1/customers", {"email": "taras@example.org"}, "customer.created event", f"{API}/customers/create",
        lambda s: ("", {}), lambda s, made: s.events("customer.created")[0]["email"], "taras@example.org",
    ),
    Effect(
        "POST /v1/customers", {"name": "Taras"}, "customer.name", f"{API}/customers/create",
        lambda s: ("", {}), lambda s, made: s.get(f"/v1/customers/{made['id']}")["name"], "Taras",
    ),
    Effect(
        "POST /v1/customers/{id}", {"name": "Olena"}, "customer.updated event", f"{API}/customers/update", customer,
        lambda s, made: [each["name"] for each in s.events("customer.updated")], ["Olena"],
    ),
    Effect(
        "POST /v1/customers/{id}", {"metadata": {"account": "7"}}, "customer.metadata", f"{API}/metadata", customer,
        lambda s, made: s.get(f"/v1/customers/{made['id']}")["metadata"], {"account": "7"},
    ),
    Effect(
        "DELETE /v1/customers/{id}", {}, "customer.deleted event, the customer and the list", f"{API}/customers/delete",
        customer,
        lambda s, made: (
            len(s.events("customer.deleted")), s.get(f"/v1/customers/{made['id']}")["deleted"], s.all("/v1/customers"),
        ),
        (1, True, []),
    ),
    Effect(
        "GET /v1/customers", {"email": "taras@example.org"}, "who is listed", f"{API}/customers/list",
        lambda s: ("", {"limit": 100} if customer(s) else {}), lambda s, made: made["data"], [],
    ),
    Effect(
        "POST /v1/products", {"description": "A cup a month"}, "product.created event", f"{API}/products/create",
        lambda s: ("", {"name": "Cup"}), lambda s, made: s.events("product.created")[0]["description"], "A cup a month",
    ),
    Effect(
        "POST /v1/products", {"active": False}, "the list of active products", f"{API}/products/list",
        lambda s: ("", {"name": "Cup"}),
        lambda s, made: made["id"] in {each["id"] for each in s.all("/v1/products?active=false")}, True,
    ),
    Effect(
        "POST /v1/products/{id}", {"name": "Beitrag"}, "the name on the page", f"{API}/products/update",
        lambda s: ("membership_donation", {}),
        lambda s, made: "Beitrag" in s.page(s.call(SESSIONS, "", donation(s)[1])), True,
        otherwise={"name": "Donation"},
    ),
    Effect(
        "GET /v1/products", {"ids": ["membership_pledge"]}, "which are listed", f"{API}/products/list",
        lambda s: ("", {}), lambda s, made: [each["name"] for each in made["data"]], ["Pledge"],
    ),
    Effect(
        "POST /v1/prices", {"unit_amount": 900}, "charge.amount", f"{API}/prices/create",
        lambda s: ("", {"currency": "eur", "product": "membership_donation"}),
        lambda s, price: s.charge_of(
            s.call(SESSIONS, "", donation(s)[1] | {"line_items": [{"price": price["id"], "quantity": 1}]})
        )["amount"],
        900, otherwise={"unit_amount": 800},
    ),
    Effect(
        "POST /v1/prices/{id}", {"active": False}, "the list of active prices", f"{API}/prices/update",
        price,
        lambda s, price: price["id"] in {each["id"] for each in s.all("/v1/prices?active=true")}, False,
    ),
)  # fmt: skip

GIVING = (*CHECKOUT, *PEOPLE_AND_PRODUCTS)
