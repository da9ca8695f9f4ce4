"""The words of the appeal and the price of a cup of coffee: two tables of newsroom.toml, kept as rows."""

import re
from datetime import datetime

from babel.numbers import format_currency
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from membership.appeals.choice import Words, filled, placeholders
from membership.money import Money, decimals
from membership.newsroom.remembered import Remembered
from membership.newsroom.toml import Reading, Table
from membership.newsroom.words import current_newsroom, keep, kept
from membership.web.filters import money

PLACEHOLDERS = frozenset(("coffee",))
MOST_PARAGRAPHS = 8

_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


def load_appeal(session: Session, table: Table, *, now: datetime) -> None:
    """Keeps the table `[appeal]`; raises `TomlError` with all that is wrong in it."""
    reading = Reading("appeal")
    words = Words(
        heading=reading.text(table, "heading", longest=200),
        paragraphs=reading.texts(table, "paragraphs"),
        join_label=reading.text(table, "join_label", longest=60),
        other_label=reading.text(table, "other_label", longest=60),
    )
    if not 1 <= len(words.paragraphs) <= MOST_PARAGRAPHS:
        reading.problem("paragraphs", f"must be 1 to {MOST_PARAGRAPHS} texts")
    for paragraph in words.paragraphs:
        _check(paragraph, reading)
    reading.finish()
    keep(session, "appeal", {**words.__dict__, "paragraphs": list(words.paragraphs)}, now=now)


def load_coffee(session: Session, table: Table, *, now: datetime) -> None:
    """Keeps the table `[coffee]`: the price of a cup, as text, under each currency."""
    reading = Reading("coffee")
    for currency in table:
        if not _CURRENCY.fullmatch(currency):
            reading.problem(currency, "must be a currency's code like EUR")
            continue
        price = reading.money(table, currency, "price")
        if price is not None and price.minor == 0:
            reading.problem(currency, "must be more than 0")
    reading.finish()
    keep(session, "coffee", table, now=now)


def _check(paragraph: str, reading: Reading) -> None:
    try:
        unknown = placeholders(paragraph) - PLACEHOLDERS
    except ValueError as error:
        reading.problem("paragraphs", f"“{paragraph[:40]}…”: {error}")
        return
    if unknown:
        known = ", ".join(f"{{{name}}}" for name in sorted(PLACEHOLDERS))
        reading.problem("paragraphs", f"name {{{', '.join(sorted(unknown))}}}; what can be filled is {known}")


def _from_rows(session: Session) -> Words:
    value = kept(session, "appeal")
    words = _built_in() if value is None else Words(**{**value, "paragraphs": tuple(value["paragraphs"])})
    fillings = _fillings(session)
    return Words(words.heading, filled(words.paragraphs, fillings), words.join_label, words.other_label)


current_words = Remembered(_from_rows)


def _built_in() -> Words:
    return Words(
        heading=_("You could close this page now"),
        paragraphs=(
            _("Or you could join us and help produce more articles like this one."),
            _("Our reporting stays open to everyone because readers carry it."),
            _("It takes as little as one cup of coffee a month."),
            _("Become a co-creator: patrons propose topics and vote on what we cover next."),
        ),
        join_label=_("Become a patron"),
        other_label=_("other ways to support"),
    )


def _fillings(session: Session) -> dict[str, str]:
    """Returns what is known for each placeholder: the coffee's price in the newsroom's default currency."""
    prices = kept(session, "coffee") or {}
    currency = current_newsroom().currencies[0]
    if currency not in prices:
        return {}
    return {"coffee": _price(Reading("coffee").money(prices, currency, "price"))}


def _price(price: Money | None) -> str:
    if price is None:
        raise AssertionError("a price is checked before it is kept")
    if price.minor % 10 ** decimals(price.currency):
        return money(price)
    # Nobody says three euros and no cents for a coffee.
    language = current_newsroom().language
    return str(format_currency(price.major, price.currency, "¤#,##0", locale=language, currency_digits=False))
