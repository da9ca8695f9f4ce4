"""Paying a Checkout session: what Stripe makes when somebody pays on the hosted page, and only then."""

from dataclasses import asdict, dataclass
from typing import Literal

from membership.stripe_sandbox.billing.invoices import charge_invoice, draw_up
from membership.stripe_sandbox.billing.subscriptions import begin, set_latest_invoice
from membership.stripe_sandbox.payments.bank_accounts import add_account
from membership.stripe_sandbox.payments.cards import attach, refusal_of, set_up
from membership.stripe_sandbox.payments.checkout import customer_details, keep
from membership.stripe_sandbox.payments.customers import add_customer
from membership.stripe_sandbox.payments.declines import Decline
from membership.stripe_sandbox.payments.payment_methods import attach_to
from membership.stripe_sandbox.payments.payments import confirm, open_intent, refuse_authentication
from membership.stripe_sandbox.payments.payments import keep as keep_intent
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.webhooks.events import emit

WALLET = "apple_pay"


@dataclass(frozen=True)
class Payer:
    """What was typed on the hosted page. `number` is a known test card's digits, or a known test account's IBAN."""

    email: str
    name: str
    number: str
    expiry: tuple[int, int] = (12, 2090)
    way: Literal["card", "sepa_debit", "wallet"] = "card"


def pay(store: Store, session: Json, payer: Payer, *, now: int) -> Decline | None:
    """Pays an open session and says why the bank refused, or None where it is complete.

    A refusal leaves the session open, with a failed charge; a bank that wants to hear from the payer leaves the intent
    waiting for `answer`. Whoever calls makes sure that the session is open.
    """
    method = _method(store, payer, now=now)
    return _try(store, session, payer, method, authenticated=False, now=now)


def waiting_payer(store: Store, session: Json) -> Payer | None:
    """Returns who is being asked by 3-D Secure, or None where nobody is."""
    hidden = store.hidden(session["id"])
    if "asked" not in hidden or store.must(hidden["intent"])["status"] != "requires_action":
        return None
    asked: Json = hidden["asked"]["payer"]
    return Payer(**(asked | {"expiry": tuple(asked["expiry"])}))


def answer(store: Store, session: Json, *, passed: bool, now: int) -> Decline | None:
    """Goes on with a payment whose payer has passed 3-D Secure, or fails it. Somebody must be waiting."""
    hidden = store.hidden(session["id"])
    payer, intent = waiting_payer(store, session), store.must(hidden["intent"])
    if payer is None:
        raise LookupError(session["id"])
    if not passed:
        return refuse_authentication(store, intent, now=now)
    method = store.must(hidden["asked"]["method"])
    return _try(store, session, payer, method, authenticated=True, now=now)


def _method(store: Store, payer: Payer, *, now: int) -> Json:
    if payer.way == "sepa_debit":
        return add_account(store, payer.number, email=payer.email, name=payer.name, now=now)
    wallet = WALLET if payer.way == "wallet" else None
    return attach(store, payer.number, payer.expiry, email=payer.email, name=payer.name, wallet=wallet, now=now)


def _try(store: Store, session: Json, payer: Payer, method: Json, *, authenticated: bool, now: int) -> Decline | None:
    if _will_do(store, method, authenticated=authenticated, now=now):
        _give_customer(store, session, method, payer, now=now)
    intent = _intent(store, session, method, now=now)
    decline = confirm(store, intent, method, authenticated=authenticated, now=now)
    if decline:
        asked = {"payer": asdict(payer), "method": method["id"]}
        keep(store, session, store.hidden(session["id"]) | {"asked": asked})
        return decline
    if session["mode"] == "subscription":
        _subscribe(store, session, method, intent, now=now)
    session |= {
        "customer_details": customer_details(payer.email, payer.name),
        "payment_status": "paid" if intent["status"] == "succeeded" else "unpaid",
        "status": "complete",
        "url": None,
    }
    keep(store, session)
    emit(store, "checkout.session.completed", session, now=now)
    return None


def _will_do(store: Store, method: Json, *, authenticated: bool, now: int) -> bool:
    if method["type"] != "card":
        return True
    hidden = store.hidden(method["id"])
    return refusal_of(method["card"], hidden, later=False, authenticated=authenticated, now=now) is None


def _give_customer(store: Store, session: Json, method: Json, payer: Payer, *, now: int) -> None:
    needed = session["mode"] == "subscription" or session["customer_creation"] == "always"
    if needed and not session["customer"]:
        name = payer.name or None
        customer = add_customer(store, email=payer.email, name=name, metadata={}, now=now)
        session["customer"] = customer["id"]
    if session["customer"] and session["mode"] == "subscription":
        attach_to(store, method, session["customer"], now=now)
        if method["type"] == "card":
            set_up(store, method)


def _intent(store: Store, session: Json, method: Json, *, now: int) -> Json:
    hidden = store.hidden(session["id"])
    ways = session["payment_method_types"]
    if "intent" in hidden:
        return store.must(hidden["intent"]) | {"customer": session["customer"]}
    data = {"customer": session["customer"], "payment_method_types": ways}
    if session["mode"] == "payment":
        data |= hidden["payment_data"]
    else:
        data |= {"description": "Subscription creation", "setup_future_usage": "off_session"}
    intent = open_intent(store, session["amount_total"], session["currency"], data=data, now=now)
    keep_intent(store, intent, hidden={"session": session["id"]})
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
