"""Stripe's documented test cards (https://docs.stripe.com/testing) and what happens when each is charged."""

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime

import stripe

from membership.stripe_sandbox.ids import new_id
from membership.stripe_sandbox.shapes import Json, whole
from membership.stripe_sandbox.store import Store

EXPIRY = re.compile(r"(\d{1,2})\s*[/\-.]?\s*(\d{2}|\d{4})")


@dataclass(frozen=True)
class Decline:
    """Why a bank refuses: Stripe's error code, the bank's decline code and the sentence for the payer."""

    code: str
    decline_code: str
    message: str


@dataclass(frozen=True)
class TestCard:
    """What a test number does when it is charged at Checkout, and at every later charge."""

    __test__ = False  # not a test case, whatever pytest makes of the name

    at_checkout: Decline | None = None
    later: Decline | None = None
    brand: str = "visa"


GENERIC = Decline("card_declined", "generic_decline", "Your card was declined.")
FUNDS = Decline("card_declined", "insufficient_funds", "Your card has insufficient funds.")
EXPIRED = Decline("expired_card", "expired_card", "Your card has expired.")
CVC = Decline("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect.")

CARDS = {
    "4242424242424242": TestCard(),
    "4000000000000002": TestCard(GENERIC, GENERIC),
    "4000000000009995": TestCard(FUNDS, FUNDS),
    "4000000000000069": TestCard(EXPIRED, EXPIRED),
    "4000000000000127": TestCard(CVC, CVC),
    # At Stripe this card attaches and then fails; here the first payment passes and every renewal fails.
    "4000000000000341": TestCard(None, GENERIC),
}


def digits_of(text: str) -> str:
    """Returns a card number as typed without spaces and hyphens."""
    return re.sub(r"[\s\-]", "", text)


def expiry_of(text: str) -> tuple[int, int] | None:
    """Returns month and four-digit year of an expiry as typed (`12/34`, `12 / 2034`), or None if it is none."""
    match = EXPIRY.fullmatch(text.strip())
    if not match or not 1 <= int(match[1]) <= 12:
        return None
    year = int(match[2])
    return int(match[1]), year + 2000 if year < 100 else year


def has_expired(month: int, year: int, *, now: int) -> bool:
    """Tells whether a card has passed the last day of its month."""
    if not 2000 <= year < 2100:
        return True
    last_day = calendar.monthrange(year, month)[1]
    return datetime(year, month, last_day, 23, 59, 59, tzinfo=UTC).timestamp() < now


def attach(store: Store, number: str, expiry: tuple[int, int], *, email: str, name: str, now: int) -> Json:
    """Makes the payment method of a card; only the sandbox remembers its number."""
    card = whole(
        stripe.PaymentMethod.Card,
        brand=CARDS[number].brand,
        checks={"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        country="US",
        display_brand=CARDS[number].brand,
        exp_month=expiry[0],
        exp_year=expiry[1],
        fingerprint=f"sandbox{number[-8:]}",
        funding="credit",
        last4=number[-4:],
        regulated_status="unregulated",
    )
    method: Json = {
        "id": new_id("payment_method"),
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": billing_details(email, name),
        "card": card,
        "created": now,
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        "type": "card",
    }
    return store.put(method, hidden={"number": number})


def billing_details(email: str | None, name: str | None) -> Json:
    """Returns who pays, in the shape that payment methods and charges share."""
    names = ("city", "country", "line1", "line2", "postal_code", "state")
    address = dict.fromkeys(names)
    return {"address": address, "email": email or None, "name": name or None, "phone": None, "tax_id": None}
