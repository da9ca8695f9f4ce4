"""Ids with Stripe's prefixes, then the time, so that new ones lie together in the state, then chance."""

import secrets
import string
from functools import lru_cache

from membership.stripe_sandbox.state.clock import wall_milliseconds

# In the order of the letters' codes, so that later ids sort later.
ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
LETTER_OF_BYTE = bytes(ord(ALPHABET[byte % len(ALPHABET)]) for byte in range(256))
LETTERS_OF_TIME = 7
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
    """Returns a fresh id for an object of this kind (Stripe's `object` name)."""
    return PREFIXES[kind] + _time_text(wall_milliseconds()) + random_text(LENGTHS.get(kind, 23) - LETTERS_OF_TIME)


@lru_cache(maxsize=1)
def _time_text(milliseconds: int) -> str:
    letters = ""
    for _ in range(LETTERS_OF_TIME):
        milliseconds, digit = divmod(milliseconds, len(ALPHABET))
        letters = ALPHABET[digit] + letters
    return letters


def random_text(length: int) -> str:
    """Returns letters and digits that cannot be guessed."""
    return secrets.token_bytes(length).translate(LETTER_OF_BYTE).decode("ascii")
