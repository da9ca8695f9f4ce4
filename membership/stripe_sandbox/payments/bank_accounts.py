"""Stripe's test bank accounts for SEPA debits, and the mandate that allows a debit.

https://docs.stripe.com/payments/sepa-debit/accept-a-payment#test-integration
"""

import re
from dataclasses import dataclass

import stripe
from stripe import params

from membership.stripe_sandbox.payments.cards import billing_details
from membership.stripe_sandbox.payments.declines import DEBIT_FAILED, DEBIT_UNFUNDED, Decline
from membership.stripe_sandbox.protocol.ids import new_id, random_text
from membership.stripe_sandbox.protocol.routes import retrieving, route
from membership.stripe_sandbox.protocol.shapes import Json, whole
from membership.stripe_sandbox.state.store import Store

DAY = 86_400
# Stripe's delayed test accounts take three minutes; here they take what a real debit takes on average.
DAYS_UNDER_WAY = 5 * DAY


@dataclass(frozen=True)
class TestAccount:
    """What becomes of a debit and after how many seconds. `then` is `dispute` where a good debit is disputed."""

    __test__ = False  # not a test case, whatever pytest makes of the name

    what: str
    failure: Decline | None = None
    takes: int = 0
    then: str = ""


ACCOUNTS = {
    "DE89370400440532013000": TestAccount("succeeds at once"),
    "DE08370400440532013003": TestAccount("succeeds after five days", takes=DAYS_UNDER_WAY),
    "DE62370400440532013001": TestAccount("fails at once", DEBIT_FAILED),
    "DE78370400440532013004": TestAccount("fails after five days", DEBIT_FAILED, takes=DAYS_UNDER_WAY),
    "DE65370400440002222227": TestAccount("has insufficient funds", DEBIT_UNFUNDED),
    "DE35370400440532013002": TestAccount("succeeds, then is disputed", then="dispute"),
}


def iban_of(text: str) -> str:
    """Returns an IBAN as typed without spaces and in capitals."""
    return re.sub(r"\s", "", text).upper()


def add_account(store: Store, iban: str, *, email: str, name: str, now: int) -> Json:
    """Makes the payment method of a test account."""
    account = whole(
        stripe.PaymentMethod.SepaDebit,
        bank_code=iban[4:12],
        branch_code="",
        country=iban[:2],
        fingerprint=f"sandbox{iban[-8:]}",
        last4=iban[-4:],
    )
    method: Json = {
        "id": new_id("payment_method"),
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": billing_details(email, name),
        "created": now,
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        "sepa_debit": account,
        "type": "sepa_debit",
    }
    return store.put(method, hidden={"iban": iban})


def account_of(store: Store, method: Json) -> TestAccount:
    """Returns what the test account behind a payment method does."""
    return ACCOUNTS[store.hidden(method["id"])["iban"]]


def mandate_for(store: Store, method: Json, *, now: int) -> Json:
    """Returns the mandate of a bank account; the first debit makes it."""
    hidden = store.hidden(method["id"])
    if "mandate" in hidden:
        return store.must(hidden["mandate"])
    reference = random_text(16).upper()
    debit = {"reference": reference, "url": f"https://hooks.stripe.com/adapter/sepa_debit/file/{reference}"}
    online = whole(stripe.Mandate.CustomerAcceptance.Online)
    mandate: Json = {
        "id": new_id("mandate"),
        "object": "mandate",
        "customer_acceptance": {"accepted_at": now, "online": online, "type": "online"},
        "livemode": False,
        "multi_use": {},
        "payment_method": method["id"],
        "payment_method_details": {"sepa_debit": debit, "type": "sepa_debit"},
        "status": "active",
        "type": "multi_use",
    }
    store.put(mandate)
    store.put(method, hidden=hidden | {"mandate": mandate["id"]})
    return mandate


ROUTES = (route("GET", "/v1/mandates/{id}", params.MandateRetrieveParams, retrieving("mandate")),)
