"""Ids with Stripe's prefixes."""

import secrets
import string

ALPHABET = string.ascii_letters + string.digits
PREFIXES = {
    "balance_transaction": "txn_3",
    "billing_portal.configuration": "bpc_1",
    "billing_portal.session": "bps_1",
    "charge": "ch_3",
    "checkout.session": "cs_test_a1",
    "customer": "cus_",
    "dispute": "du_1",
    "event": "evt_1",
    "invoice": "in_1",
    "invoice_payment": "inpay_1",
    "item": "li_1",
    "line_item": "il_1",
    "mandate": "mandate_1",
    "payment_intent": "pi_3",
    "payment_method": "pm_1",
    "payout": "po_1",
    "price": "price_1",
    "product": "prod_",
    "radar.early_fraud_warning": "issfr_1",
    "refund": "re_3",
    "request": "req_",
    "subscription": "sub_1",
    "subscription_item": "si_",
    "subscription_schedule": "sub_sched_1",
    "test_helpers.test_clock": "clock_1",
    "webhook_endpoint": "we_1",
}
LENGTHS = {"checkout.session": 56, "customer": 14, "product": 14, "subscription_item": 14, "request": 14}


def new_id(kind: str) -> str:
    """Returns a fresh random id for an object of this kind (Stripe's `object` name)."""
    return PREFIXES[kind] + random_text(LENGTHS.get(kind, 23))


def random_text(length: int) -> str:
    """Returns letters and digits that cannot be guessed."""
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in secrets.token_bytes(length))
