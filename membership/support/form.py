"""The form of giving: what was typed, checked into a wish or named as wrong, and given back as it was."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from membership.accounts.addresses import clean_email, email_key
from membership.accounts.models import Account
from membership.errors import Refusal
from membership.money import Money, parse_amount
from membership.payments.attempts import Wish
from membership.payments.models import CADENCES
from membership.support.words import Amounts
from membership.web.errors import said
from membership.web.filters import money
from membership.web.slugs import is_slug

OTHER = "other"

Value = TypeVar("Value")


@dataclass(frozen=True)
class Typed:
    """The form's fields as they were typed, or as they are first shown."""

    token: str
    cadence: str
    currency: str
    amount: str
    other_amount: str
    email: str
    article: str


def first_shown(query: Mapping[str, str], offers: Mapping[str, Amounts], token: str) -> Typed:
    """Makes the form that a link leads to; what the link does not say, or says wrongly, falls to the default."""
    cadence = query.get("cadence", "")
    cadence = cadence if cadence in CADENCES else "month"
    currency = query.get("currency", "")
    currency = currency if currency in offers else next(iter(offers))
    amount, other = _chosen(query.get("amount", ""), offers[currency], cadence)
    article = query.get("article", "")
    return Typed(token, cadence, currency, amount, other, "", article if is_slug(article) else "")


def typed(form: Mapping[str, str]) -> Typed:
    """Reads the fields of a form that was sent, unchecked."""
    return Typed(*(form.get(name, "")[:300] for name in Typed.__dataclass_fields__))


def checked(
    form: Typed, offers: Mapping[str, Amounts], account: Account | None, *, language: str, network_key: str | None
) -> tuple[Wish | None, dict[str, str]]:
    """Returns the wish, or `None` and a sentence for each field that is wrong."""
    errors: dict[str, str] = {}
    amount = _collect(errors, lambda: _amount(form, offers))
    email = _collect(errors, lambda: _email(form, account))
    if errors or amount is None:
        return None, errors
    wish = Wish(
        cadence=form.cadence,
        amount=amount,
        email=email or None,
        email_key=email_key(email) if email else None,
        account_id=account.id if account else None,
        article_slug=form.article if is_slug(form.article) else None,
        language=language,
        network_key=network_key,
    )
    return wish, errors


def in_bounds(amount: Money, bounds: Amounts) -> Money:
    """Returns the amount; raises a `Refusal` that names the bound if it lies outside of what we take."""
    if amount < bounds.floor:
        raise Refusal("The smallest amount we can take is %(floor)s.", field="amount", floor=money(bounds.floor))
    if amount > bounds.ceiling:
        raise Refusal(
            "By card we take %(ceiling)s at most. For more, please write to us.",
            field="amount",
            ceiling=money(bounds.ceiling),
        )
    return amount


def _collect(errors: dict[str, str], read: Callable[[], Value]) -> Value | None:
    try:
        return read()
    except Refusal as refusal:
        errors[refusal.field or ""] = said(refusal)
        return None


def _amount(form: Typed, offers: Mapping[str, Amounts]) -> Money:
    if form.cadence not in CADENCES:
        raise Refusal("Choose whether you give once, monthly or yearly.", field="cadence")
    if form.currency not in offers:
        raise Refusal("We do not take the currency “%(text)s”.", field="currency", text=form.currency[:20])
    if not form.amount:
        raise Refusal("Choose an amount.", field="amount")
    is_other = form.amount == OTHER
    try:
        return in_bounds(
            parse_amount(form.other_amount if is_other else form.amount, form.currency), offers[form.currency]
        )
    except Refusal as refusal:
        refusal.field = "other_amount" if is_other else "amount"
        raise


def _email(form: Typed, account: Account | None) -> str:
    if account is not None:
        return account.email
    if not form.email.strip() and form.cadence == "once":
        return ""
    return clean_email(form.email)


def _chosen(text: str, offered: Amounts, cadence: str) -> tuple[str, str]:
    if text in [amount.plain() for amount in offered.offered[cadence]]:
        return text, ""
    return (OTHER, text[:20]) if text else (offered.suggested[cadence].plain(), "")
