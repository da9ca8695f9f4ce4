"""Checkout sessions: made, looked at, expired. What happens on the hosted page is in `paying`."""

import stripe
from stripe.params import checkout as checkout_params

from membership.stripe_sandbox.money.balance import check_amount
from membership.stripe_sandbox.payments.checkout_lines import line_items
from membership.stripe_sandbox.payments.customers import living_customer
from membership.stripe_sandbox.payments.payment_method_settings import offered
from membership.stripe_sandbox.payments.payments import cancel_intent
from membership.stripe_sandbox.protocol.addresses import checked_address
from membership.stripe_sandbox.protocol.calls import Call, metadata
from membership.stripe_sandbox.protocol.errors import ApiError, invalid, missing_parameter, not_modelled
from membership.stripe_sandbox.protocol.ids import new_id
from membership.stripe_sandbox.protocol.inner_lists import page_of
from membership.stripe_sandbox.protocol.lists import page
from membership.stripe_sandbox.protocol.routes import CURSOR, route
from membership.stripe_sandbox.protocol.shapes import Json, whole
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.webhooks.events import emit

SOONEST = 30 * 60
LATEST = 24 * 60 * 60
LONGEST_REFERENCE = 200
FILTERS = ("customer", "payment_intent", "status", "subscription")


def create_session(call: Call) -> Json:
    """Makes an open session with a hosted page."""
    mode = call.get("mode", "payment")
    if mode == "setup":
        raise not_modelled("mode", "This sandbox has no Checkout in setup mode.")
    _check_mode(call, mode)
    _check_urls(call)
    lines = line_items(call, mode)
    amount = sum(line["amount_total"] for line in lines)
    currency = lines[0]["currency"]
    check_amount(amount, currency, "line_items")
    object_id = new_id("checkout.session")
    email = _email(call)
    ways = offered(call.store, currency)
    session = whole(
        stripe.checkout.Session,
        id=object_id,
        adaptive_pricing={"enabled": False},
        amount_subtotal=amount,
        amount_total=amount,
        automatic_tax=whole(stripe.checkout.Session.AutomaticTax, enabled=False),
        cancel_url=call.get("cancel_url"),
        client_reference_id=_reference(call),
        created=call.now,
        currency=currency,
        custom_text=whole(stripe.checkout.Session.CustomText),
        customer=call.get("customer"),
        customer_creation=call.get("customer_creation", "if_required") if mode == "payment" else None,
        customer_details=customer_details(email, None) if email else None,
        customer_email=call.get("customer_email"),
        expires_at=_expiry(call),
        locale=call.get("locale"),
        metadata=metadata(call.params),
        mode=mode,
        payment_method_collection="if_required" if mode == "payment" else "always",
        payment_method_options={"card": {"request_three_d_secure": "automatic"}},
        payment_method_types=ways,
        payment_status="unpaid",
        phone_number_collection={"enabled": False},
        status="open",
        submit_type=call.get("submit_type"),
        success_url=call.params["success_url"],
        total_details=whole(stripe.checkout.Session.TotalDetails, amount_discount=0, amount_shipping=0, amount_tax=0),
        ui_mode="hosted_page",
        url=f"{call.base_url}/c/pay/{object_id}",
    )  # fmt: skip
    hidden = {"line_items": lines, "payment_data": _payment_data(call, mode), "email": email}
    return keep(call.store, session, hidden)


def keep(store: Store, session: Json, hidden: Json | None = None) -> Json:
    """Stores a session; an open one falls due when it expires."""
    due_at = session["expires_at"] if session["status"] == "open" else None
    return store.put(session, due_at=due_at, hidden=hidden)


def customer_details(email: str, name: str | None) -> Json:
    """Returns who pays, in the session's shape."""
    return whole(stripe.checkout.Session.CustomerDetails, email=email, name=name or None, tax_exempt="none")


def _check_mode(call: Call, mode: str) -> None:
    foreign = "subscription_data" if mode == "payment" else "payment_intent_data"
    if foreign in call.params:
        raise invalid(f"You can not pass `{foreign}` in `{mode}` mode.", foreign)
    if mode != "payment" and "customer_creation" in call.params:
        raise invalid("`customer_creation` can only be used in `payment` mode.", "customer_creation")
    data = call.get("payment_intent_data", {})
    if "statement_descriptor" in data:
        message = "statement_descriptor is not for card charges; use statement_descriptor_suffix instead."
        raise invalid(message, "payment_intent_data[statement_descriptor]")


def _check_urls(call: Call) -> None:
    if "success_url" not in call.params:
        raise missing_parameter("success_url")
    for name in ("success_url", "cancel_url"):
        if name in call.params:
            checked_address(call.params[name], name)


def _reference(call: Call) -> str | None:
    reference: str | None = call.get("client_reference_id")
    if reference is not None and not 0 < len(reference) <= LONGEST_REFERENCE:
        message = f"client_reference_id must have between 1 and {LONGEST_REFERENCE} characters."
        raise invalid(message, "client_reference_id")
    return reference


def _email(call: Call) -> str | None:
    if "customer" in call.params:
        if "customer_email" in call.params:
            message = "You may only specify one of these parameters: customer, customer_email."
            raise invalid(message, "customer_email")
        email: str | None = living_customer(call, "customer")["email"]
        return email
    given: str | None = call.get("customer_email")
    if given is not None and not looks_like_an_address(given):
        raise invalid(f"Invalid email address: {given}", "customer_email", code="email_invalid")
    return given


def looks_like_an_address(email: str) -> bool:
    """Tells whether something could be an e-mail address; Stripe asks no more of it either."""
    local, at, domain = email.rpartition("@")
    return bool(local and at and "." in domain and not domain.startswith(".")) and not any(
        letter.isspace() for letter in email
    )


def _expiry(call: Call) -> int:
    expires_at: int = call.get("expires_at", call.now + LATEST)
    if expires_at < call.now + SOONEST:
        message = "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation."
        raise invalid(message, "expires_at")
    if expires_at > call.now + LATEST:
        message = "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation."
        raise invalid(message, "expires_at")
    return expires_at


def _payment_data(call: Call, mode: str) -> Json:
    name = "payment_intent_data" if mode == "payment" else "subscription_data"
    data: Json = call.get(name, {})
    return data | {"metadata": metadata(data, f"{name}[metadata]")}


def retrieve_session(call: Call) -> Json:
    """Answers one session."""
    return call.found("checkout.session")


def list_sessions(call: Call) -> Json:
    """Answers sessions, all or those of a customer, an e-mail address, a payment, a subscription or a status."""
    where = {name: (str(call.params[name]),) for name in FILTERS if name in call.params}
    if "customer_details" in call.params:
        where["customer_details.email"] = (call.params["customer_details"]["email"],)
    return page(call, "checkout.session", "/v1/checkout/sessions", where)


def list_lines(call: Call) -> Json:
    """Answers what a session sells, in the order of the request."""
    session = call.found("checkout.session")
    lines = call.store.hidden(session["id"])["line_items"]
    return page_of(call, lines, f"/v1/checkout/sessions/{session['id']}/line_items")


def expire_session(call: Call) -> Json:
    """Closes an open session at once."""
    session = call.found("checkout.session")
    if session["status"] != "open":
        raise ApiError(
            400,
            "Only Checkout Sessions with a status in [\"open\"] can be expired. "
            f"This Checkout Session has a status of {session['status']}.",
            param="session",
        )  # fmt: skip
    return expire(call.store, session, now=call.now)


def expire(store: Store, session: Json, *, now: int) -> Json:
    """Marks an open session as expired; nobody can pay it, or the intent of a payment that was tried, any more."""
    intent = store.hidden(session["id"]).get("intent")
    if intent:
        cancel_intent(store, store.must(intent), reason="automatic", now=now)
    session |= {"status": "expired", "url": None}
    keep(store, session)
    emit(store, "checkout.session.expired", session, now=now)
    return session


ROUTES = (
    route(
        "POST", "/v1/checkout/sessions", checkout_params.SessionCreateParams,
        create_session,
        modelled="cancel_url client_reference_id customer customer_creation customer_email expires_at locale "
        "metadata mode submit_type success_url line_items.price line_items.quantity line_items.price_data.currency "
        "line_items.price_data.unit_amount line_items.price_data.product line_items.price_data.product_data.name "
        "line_items.price_data.product_data.description line_items.price_data.product_data.metadata "
        "line_items.price_data.recurring payment_intent_data.description payment_intent_data.metadata "
        "payment_intent_data.receipt_email payment_intent_data.statement_descriptor "
        "payment_intent_data.statement_descriptor_suffix subscription_data.description subscription_data.metadata",
    ),
    route(
        "GET", "/v1/checkout/sessions", checkout_params.SessionListParams,
        list_sessions,
        modelled="created customer customer_details.email payment_intent status subscription" + CURSOR,
    ),
    route(
        "GET", "/v1/checkout/sessions/{id}", checkout_params.SessionRetrieveParams,
        retrieve_session,
    ),
    route(
        "GET", "/v1/checkout/sessions/{id}/line_items",
        checkout_params.SessionLineItemListParams, list_lines, modelled=CURSOR,
    ),
    route(
        "POST", "/v1/checkout/sessions/{id}/expire", checkout_params.SessionExpireParams,
        expire_session,
    ),
)  # fmt: skip
