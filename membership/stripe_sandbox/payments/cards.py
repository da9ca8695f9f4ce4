"""Stripe's documented test cards (https://docs.stripe.com/testing) and what happens when each is charged."""

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime

import stripe

from membership.stripe_sandbox.payments.declines import (
    AUTHENTICATE,
    BLOCKED,
    CVC,
    EXPIRED,
    FUNDS,
    GENERIC,
    LOST,
    PROCESSING,
    STOLEN,
    Decline,
)
from membership.stripe_sandbox.protocol.ids import new_id
from membership.stripe_sandbox.protocol.shapes import Json, whole
from membership.stripe_sandbox.state.store import Store

EXPIRY = re.compile(r"(\d{1,2})\s*[/\-.]?\s*(\d{2}|\d{4})")


@dataclass(frozen=True)
class TestCard:
    """What a test number does when it is charged while the payer is there, and at every later charge.

    `token` is Stripe's name of a payment method with this number. `secure` says when the bank wants to hear from the
    payer: `never`, `unless_set_up` (when the payer is there, and later if it was never set up), or `always`.
    `then` is what follows a charge that succeeds: nothing, `dispute` or `warning`.
    """

    __test__ = False  # not a test case, whatever pytest makes of the name

    what: str
    token: str
    at_checkout: Decline | None = None
    later: Decline | None = None
    brand: str = "visa"
    funding: str = "credit"
    secure: str = "never"
    then: str = ""
    attaches: bool = True
    updated_by_bank: bool = False


def _refused(what: str, token: str, decline: Decline) -> TestCard:
    """Returns a card that is declined always; Stripe lets none of these be attached to a customer."""
    return TestCard(what, f"pm_card_{token}", decline, decline, attaches=False)


# The sandbox's own number: Stripe has none that pays at Checkout and fails at each renewal.
FAILS_LATER = "4000009999999991"
CARDS = {
    "4242424242424242": TestCard("succeeds", "pm_card_visa"),
    "4000056655665556": TestCard("succeeds: Visa, debit", "pm_card_visa_debit", funding="debit"),
    "5555555555554444": TestCard(
        "succeeds: Mastercard; its bank sends a new expiry when the old one comes",
        "pm_card_mastercard", brand="mastercard", updated_by_bank=True,
    ),
    "378282246310005": TestCard("succeeds: American Express, 4-digit CVC", "pm_card_amex", brand="amex"),
    "4000000000000002": _refused("is declined", "visa_chargeDeclined", GENERIC),
    "4000000000009995": _refused("has insufficient funds", "visa_chargeDeclinedInsufficientFunds", FUNDS),
    "4000000000009987": _refused("is reported lost", "visa_chargeDeclinedLostCard", LOST),
    "4000000000009979": _refused("is reported stolen", "visa_chargeDeclinedStolenCard", STOLEN),
    "4000000000000069": _refused("has expired", "chargeDeclinedExpiredCard", EXPIRED),
    "4000000000000127": _refused("has a wrong security code", "chargeDeclinedIncorrectCvc", CVC),
    "4000000000000119": _refused("meets an error of the bank", "chargeDeclinedProcessingError", PROCESSING),
    "4100000000000019": _refused("is blocked as too risky", "radarBlock", BLOCKED),
    "4000002500003155": TestCard(
        "asks for 3-D Secure now, and not at renewals", "pm_card_authenticationRequiredOnSetup",
        secure="unless_set_up",
    ),
    "4000002760003184": TestCard(
        "asks for 3-D Secure now and at each renewal", "pm_card_authenticationRequired", secure="always",
    ),
    "4000008400001629": TestCard(
        "asks for 3-D Secure and is declined then", "pm_card_threeDSecureRequiredChargeDeclined",
        GENERIC, GENERIC, secure="always",
    ),
    "4000000000000341": TestCard(
        "is declined; attached by the API it fails when charged", "pm_card_chargeCustomerFail", GENERIC, GENERIC,
    ),
    FAILS_LATER: TestCard("pays now, fails at each renewal (the sandbox's own)", "pm_card_sandboxFailsLater",
                          None, GENERIC),
    "4000000000000259": TestCard("succeeds, then is disputed", "pm_card_createDispute", then="dispute"),
    "4000000000007726": TestCard("succeeds; a refund waits, then succeeds", "pm_card_pendingRefund"),
    "4000000000005126": TestCard("succeeds; a refund fails a day later", "pm_card_refundFail"),
    "4000000000005423": TestCard(
        "succeeds, then a warning of fraud comes", "pm_card_createIssuerFraudRecord", then="warning",
    ),
}  # fmt: skip
TOKENS = {card.token: number for number, card in CARDS.items()}


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
    return not 2000 <= year < 2100 or _end_of(month, year) < now


def _end_of(month: int, year: int) -> int:
    last_day = calendar.monthrange(year, month)[1]
    return int(datetime(year, month, last_day, 23, 59, 59, tzinfo=UTC).timestamp())


def attach(
    store: Store,
    number: str,
    expiry: tuple[int, int],
    *,
    email: str,
    name: str,
    wallet: str | None = None,
    now: int,
) -> Json:
    """Makes the payment method of a card; only the sandbox remembers its number. `wallet` is Stripe's name of one."""
    test_card = CARDS[number]
    card = whole(
        stripe.PaymentMethod.Card,
        brand=test_card.brand,
        checks={"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        country="US",
        display_brand="american_express" if test_card.brand == "amex" else test_card.brand,
        exp_month=expiry[0],
        exp_year=expiry[1],
        fingerprint=f"sandbox{number[-8:]}",
        funding=test_card.funding,
        last4=number[-4:],
        networks={"available": [test_card.brand], "preferred": None},
        regulated_status="unregulated",
        three_d_secure_usage={"supported": True},
        wallet=_wallet(wallet, number) if wallet else None,
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
    return keep(store, method, hidden={"number": number})


def _wallet(kind: str, number: str) -> Json:
    wallet = whole(stripe.PaymentMethod.Card.Wallet, type=kind, dynamic_last4=number[-4:])
    return wallet | {kind: {}}


def keep(store: Store, method: Json, *, hidden: Json | None = None) -> Json:
    """Stores a payment method; a card that its bank keeps current falls due when it expires."""
    number = (hidden or store.hidden(method["id"])).get("number")
    updates = number is not None and CARDS[number].updated_by_bank
    due_at = _end_of(method["card"]["exp_month"], method["card"]["exp_year"]) + 1 if updates else None
    return store.put(method, due_at=due_at, hidden=hidden)


def billing_details(email: str | None, name: str | None) -> Json:
    """Returns who pays, in the shape that payment methods and charges share."""
    names = ("city", "country", "line1", "line2", "postal_code", "state")
    address = dict.fromkeys(names)
    return {"address": address, "email": email or None, "name": name or None, "phone": None, "tax_id": None}


def refusal_of(card: Json, hidden: Json, *, later: bool, authenticated: bool, now: int) -> Decline | None:
    """Returns why a card cannot be charged, or None where it can. `later` is a charge without the payer present.

    `hidden` is what the sandbox knows of its payment method. A later charge beyond the card's expiry is refused as
    expired: the sandbox's own rule, as Stripe's test cards never expire by themselves.
    """
    test_card = CARDS[hidden["number"]]
    if not authenticated and _asks(test_card, set_up=hidden.get("set_up", False), later=later):
        return AUTHENTICATE
    if not later:
        return test_card.at_checkout
    if test_card.later is None and has_expired(card["exp_month"], card["exp_year"], now=now):
        return EXPIRED
    return test_card.later


def _asks(card: TestCard, *, set_up: bool, later: bool) -> bool:
    return card.secure == "always" or (card.secure == "unless_set_up" and not (later and set_up))


def set_up(store: Store, method: Json) -> None:
    """Remembers that the payer has agreed to later charges."""
    keep(store, method, hidden=store.hidden(method["id"]) | {"set_up": True})
