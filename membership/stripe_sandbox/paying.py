"""Paying a Checkout session: what Stripe makes when a card is charged on the hosted page, and only then."""

from dataclasses import dataclass

from membership.stripe_sandbox.cards import CARDS, Decline, attach
from membership.stripe_sandbox.checkout import customer_details, keep
from membership.stripe_sandbox.customers import add_customer
from membership.stripe_sandbox.events import emit
from membership.stripe_sandbox.invoices import charge_invoice, draw_up
from membership.stripe_sandbox.payments import confirm, open_intent
from membership.stripe_sandbox.shapes import Json
from membership.stripe_sandbox.store import Store
from membership.stripe_sandbox.subscriptions import begin, set_latest_invoice


@dataclass(frozen=True)
class Payer:
    """What was typed on the hosted page. `number` holds digits alone and is a known test card."""

    email: str
    name: str
    number: str
    expiry: tuple[int, int]


def pay(store: Store, session: Json, payer: Payer, *, now: int) -> Decline | None:
    """Pays an open session and says why the bank refused, or None where it is complete.

    A refusal leaves the session open, with a failed charge. Whoever calls makes sure that the session is open.
    """
    accepted = CARDS[payer.number].at_checkout is None
    method = attach(store, payer.number, payer.expiry, email=payer.email, name=payer.name, now=now)
    if accepted:
        _give_customer(store, session, method, payer, now=now)
    intent = _intent(store, session, payer, now=now)
    decline = confirm(store, intent, method, now=now)
    if decline:
        keep(store, session)
        return decline
    if session["mode"] == "subscription":
        _subscribe(store, session, method, intent, now=now)
    session |= {
        "customer_details": customer_details(payer.email, payer.name),
        "payment_status": "paid",
        "status": "complete",
        "url": None,
    }
    keep(store, session)
    emit(store, "checkout.session.completed", session, now=now)
    return None


def _give_customer(store: Store, session: Json, method: Json, payer: Payer, *, now: int) -> None:
    needed = session["mode"] == "subscription" or session["customer_creation"] == "always"
    if needed and not session["customer"]:
        name = payer.name or None
        customer = add_customer(store, email=payer.email, name=name, metadata={}, now=now)
        session["customer"] = customer["id"]
    if session["customer"]:
        store.put(method | {"customer": session["customer"]})


def _intent(store: Store, session: Json, payer: Payer, *, now: int) -> Json:
    hidden = store.hidden(session["id"])
    if "intent" in hidden:
        return store.must(hidden["intent"]) | {"customer": session["customer"]}
    data = {"customer": session["customer"]}
    if session["mode"] == "payment":
        data |= hidden["payment_data"]
    else:
        data["description"] = "Subscription creation"
    intent = open_intent(store, session["amount_total"], session["currency"], data=data, now=now)
    if session["mode"] == "payment":
        session["payment_intent"] = intent["id"]
    keep(store, session, hidden | {"intent": intent["id"]})
    return intent


def _subscribe(store: Store, session: Json, method: Json, intent: Json, *, now: int) -> None:
    hidden = store.hidden(session["id"])
    customer = store.must(session["customer"])
    subscription = begin(store, customer, method, lines=hidden["line_items"], data=hidden["payment_data"], now=now)
    invoice = draw_up(store, subscription, reason="subscription_create", since=now, now=now)
    subscription = set_latest_invoice(store, subscription, invoice)
    emit(store, "customer.subscription.created", subscription, now=now)
    charge_invoice(store, invoice, method, intent=intent, now=now)
    session |= {"subscription": subscription["id"], "invoice": invoice["id"]}
