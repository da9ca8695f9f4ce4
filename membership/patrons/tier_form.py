"""The staff's form of a tier: what was typed, checked into a wish or named as wrong, and given back as it was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from membership.errors import Refusal
from membership.money import Money, parse_amount
from membership.patrons.models import PLEDGE_CADENCES
from membership.patrons.tier_changes import TierWish
from membership.patrons.tiers import TierAmounts, TierMoney
from membership.web.errors import said

NAME_LENGTH, BENEFIT_LENGTH, MOST_BENEFITS = 60, 200, 12
# Far above all that anybody gives, and far below what a column holds.
MOST_MINOR = 10**12
MINIMUM, SUGGESTED = KINDS = ("minimum", "suggested")


@dataclass(frozen=True)
class TierForm:
    """The form's fields as typed. `benefits`: one a line; `amounts` by the names of their fields."""

    name: str
    benefits: str
    amounts: Mapping[str, str]


def amount_field(kind: str, cadence: str, currency: str) -> str:
    """Names the field of an amount: `minimum-month-EUR`."""
    return f"{kind}-{cadence}-{currency}"


def filled(name: str, benefits: Sequence[str], amounts: TierAmounts) -> TierForm:
    """Returns the form as a tier fills it."""
    written: dict[str, str] = {}
    for key, each in amounts.items():
        written[amount_field(MINIMUM, *key)] = each.minimum.plain()
        written[amount_field(SUGGESTED, *key)] = each.suggested.plain() if each.suggested else ""
    return TierForm(name, "\n".join(benefits), written)


def typed(form: Mapping[str, str], currencies: Sequence[str]) -> TierForm:
    """Takes a sent form as it is."""
    names = (amount_field(kind, *key) for key in _offered(currencies) for kind in KINDS)
    return TierForm(
        name=form.get("name", "")[:500],
        benefits=form.get("benefits", "")[:10_000],
        amounts={name: form.get(name, "")[:40] for name in names},
    )


def checked(form: TierForm, currencies: Sequence[str], kept: TierAmounts) -> tuple[TierWish | None, dict[str, str]]:
    """Returns the wish, or `None` and a sentence for each field that is wrong.

    `kept`: what the tier costs already; what of it is in a currency that the form does not show stays.
    """
    errors: dict[str, str] = {}
    name = " ".join(form.name.split())
    if not 0 < len(name) <= NAME_LENGTH:
        errors["name"] = said(Refusal("Write a name of 1 to %(longest)s characters.", longest=NAME_LENGTH))
    benefits = tuple(line for line in (" ".join(each.split()) for each in form.benefits.splitlines()) if line)
    if not 0 < len(benefits) <= MOST_BENEFITS or any(len(each) > BENEFIT_LENGTH for each in benefits):
        sentence = "Write 1 to %(most)s benefits, each on a line of its own of at most %(longest)s characters."
        errors["benefits"] = said(Refusal(sentence, most=MOST_BENEFITS, longest=BENEFIT_LENGTH))
    amounts = {key: each for key, each in kept.items() if key[1] not in currencies}
    for key in _offered(currencies):
        cost = _cost(form, key, errors)
        if cost is not None:
            amounts[key] = cost
    if not amounts and not errors:
        first = amount_field(MINIMUM, *_offered(currencies)[0])
        errors[first] = said(Refusal("Write at least one amount from which on somebody has this tier."))
    return (None if errors else TierWish(name, benefits, amounts)), errors


def _offered(currencies: Sequence[str]) -> list[tuple[str, str]]:
    return [(cadence, currency) for currency in currencies for cadence in PLEDGE_CADENCES]


def _cost(form: TierForm, key: tuple[str, str], errors: dict[str, str]) -> TierMoney | None:
    minimum, suggested = (_amount(form, amount_field(kind, *key), key[1], errors) for kind in KINDS)
    field = amount_field(SUGGESTED, *key)
    if minimum is None:
        if suggested is not None and amount_field(MINIMUM, *key) not in errors:
            errors[field] = said(Refusal("A suggested amount needs a least amount beside it."))
        return None
    if suggested is not None and suggested < minimum:
        errors[field] = said(Refusal("The suggested amount must not be less than the least amount."))
    return TierMoney(minimum, suggested)


def _amount(form: TierForm, field: str, currency: str, errors: dict[str, str]) -> Money | None:
    text = form.amounts.get(field, "").strip()
    if not text:
        return None
    try:
        amount = parse_amount(text, currency)
        if not 0 < amount.minor <= MOST_MINOR:
            raise Refusal("An amount must be above 0, and not beyond all bounds.")
    except Refusal as refusal:
        errors[field] = said(refusal)
        return None
    return amount
