"""Ids with Stripe's prefixes."""

import secrets
import string

ALPHABET = string.ascii_letters + string.digits
PREFIXES = {
    "balance_transaction": "txn_3",
    "charge": "ch_3",
    "checkout.session": "cs_test_a1",
    "customer": "cus_",
    "event": "evt_1",
    "invoice": "in_1",
    "invoice_payment": "inpay_1",
    "item": "li_1",
    "line_item": "il_1",
    "payment_intent": "pi_3",
    "payment_method": "pm_1",
    "price": "price_1",
    "product": "prod_",
    "refund": "re_3",
    "request": "req_",
    "subscription": "sub_1",
    "subscription_item": "si_",
    "webhook_endpoint": "we_1",
}
LENGTHS = {"checkout.session": 56, "customer": 14, "product": 14, "subscription_item": 14, "request": 14}


def new_id(kind: str) -> str:
    """Returns a fresh random id for an object of this kind (Stripe's `object` name)."""
    return PREFIXES[kind] + random_text(LENGTHS.get(kind, 23))


def random_text(length: int) -> str:
    """Returns letters and digits that cannot be guessed."""
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in secrets.token_bytes(length))
