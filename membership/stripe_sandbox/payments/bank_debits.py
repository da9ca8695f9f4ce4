"""What follows when a bank answers about a debit, days after Checkout: for the session and for the invoice.

https://docs.stripe.com/payments/sepa-debit/accept-a-payment#fulfill-orders
"""

from membership.stripe_sandbox.billing.collecting import settle_intent
from membership.stripe_sandbox.payments.checkout import keep
from membership.stripe_sandbox.payments.payments import settle_debit
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.webhooks.events import emit


def settle(store: Store, intent: Json, *, now: int) -> None:
    """Ends a debit that was processing, as its bank decides.

    A subscription begun by a debit is active while the bank thinks, and past due if it refuses; only the invoice
    tells that money came (https://docs.stripe.com/billing/subscriptions/sepa-debit).
    """
    session_id = store.hidden(intent["id"]).get("session")
    decline = settle_debit(store, intent, now=now)
    settle_intent(store, intent, decline, now=now)
    if session_id:
        _tell(store, store.must(session_id), paid=decline is None, now=now)


def _tell(store: Store, session: Json, *, paid: bool, now: int) -> None:
    if session["payment_status"] == "paid":
        return
    if paid:
        session["payment_status"] = "paid"
        keep(store, session)
    emit(store, f"checkout.session.async_payment_{'succeeded' if paid else 'failed'}", session, now=now)
