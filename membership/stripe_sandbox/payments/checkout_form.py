"""What is typed on the hosted Checkout page: read, checked, and turned into a payer."""

from collections.abc import Mapping
from typing import TypeAlias

from membership.stripe_sandbox.payments.bank_accounts import ACCOUNTS, iban_of
from membership.stripe_sandbox.payments.cards import CARDS, digits_of, expiry_of, has_expired
from membership.stripe_sandbox.payments.checkout import looks_like_an_address
from membership.stripe_sandbox.payments.paying import Payer
from membership.stripe_sandbox.payments.payment_method_settings import CARD, DEBIT, WALLET

Typed: TypeAlias = dict[str, str]

FIELDS = ("way", "email", "card_number", "card_expiry", "card_cvc", "card_name", "iban", "account_name")
# The wallet knows its owner's address; whoever is asked for none elsewhere has this one.
WALLET_OWNER = ("wallet@example.org", "Wallet Owner")
WRONG_CVC = {
    3: "Enter the 3 digits on the back of the card.",
    4: "Enter the 4 digits on the front of the card.",
}
WALLET_CARD = "4242424242424242"


def read_form(form: Mapping[str, str], *, email: str | None, ways: list[str]) -> Typed:
    """Returns what was typed, without the space around it. `email` is the session's own, if it has one.

    A way of paying that is not offered counts as the first one that is.
    """
    typed = {name: form.get(name, "").strip() for name in FIELDS}
    if email:
        typed["email"] = email
    if typed["way"] not in ways:
        typed["way"] = ways[0]
    return typed


def errors_of(typed: Typed, *, now: int) -> dict[str, str]:
    """Returns a sentence for each field that is missing or wrong, of the way of paying that was chosen."""
    if typed["way"] == WALLET:
        return {}
    errors = {}
    if not looks_like_an_address(typed["email"]):
        errors["email"] = "Enter an e-mail address, like name@example.org."
    return errors | (_account_errors(typed) if typed["way"] == DEBIT else _card_errors(typed, now=now))


def _card_errors(typed: Typed, *, now: int) -> dict[str, str]:
    errors = {}
    number = digits_of(typed["card_number"])
    if not number:
        errors["card_number"] = "Enter a card number."
    elif number not in CARDS:
        errors["card_number"] = "This is not a card number the sandbox knows. Use one of the test cards below."
    expiry = expiry_of(typed["card_expiry"])
    if expiry is None:
        errors["card_expiry"] = "Enter the expiry as month and year, like 12/34."
    elif has_expired(*expiry, now=now):
        errors["card_expiry"] = "This expiry has passed. Enter a later month and year."
    digits = 4 if number in CARDS and CARDS[number].brand == "amex" else 3
    if not (typed["card_cvc"].isdecimal() and len(typed["card_cvc"]) == digits):
        errors["card_cvc"] = WRONG_CVC[digits]
    return errors


def _account_errors(typed: Typed) -> dict[str, str]:
    errors = {}
    iban = iban_of(typed["iban"])
    if not iban:
        errors["iban"] = "Enter an IBAN."
    elif iban not in ACCOUNTS:
        errors["iban"] = "This is not an IBAN the sandbox knows. Use one of the test accounts below."
    if not typed["account_name"]:
        errors["account_name"] = "Enter the name on the account: the mandate needs it."
    return errors


def payer_of(typed: Typed) -> Payer:
    """Returns who pays, of a form without errors."""
    if typed["way"] == WALLET:
        owner, name = WALLET_OWNER
        return Payer(typed["email"] or owner, name, WALLET_CARD, way="wallet")
    if typed["way"] == DEBIT:
        return Payer(typed["email"], typed["account_name"], iban_of(typed["iban"]), way="sepa_debit")
    expiry = expiry_of(typed["card_expiry"]) or (1, 2000)
    return Payer(typed["email"], typed["card_name"], digits_of(typed["card_number"]), expiry)


def typed_by(payer: Payer) -> Typed:
    """Returns what somebody typed who paid by card, but for the security code, so that nobody types it twice."""
    month, year = payer.expiry
    return dict.fromkeys(FIELDS, "") | {
        "way": CARD,
        "email": payer.email,
        "card_number": payer.number,
        "card_expiry": f"{month:02}/{year % 100:02}",
        "card_name": payer.name,
    }
