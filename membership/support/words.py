"""What the newsroom offers to those who give: amounts, floors and ceilings, and the ways besides the card."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from membership.money import Money
from membership.newsroom.remembered import Remembered
from membership.newsroom.toml import Reading, Table
from membership.newsroom.words import keep, kept
from membership.payments.models import CADENCES

# Above Stripe's own minimum charge, because small amounts invite card testing (docs/design.md, Small decisions).
FLOORS = {"EUR": "1", "USD": "1", "UAH": "40", "JPY": "150"}
CEILINGS = {"EUR": "10000", "USD": "10000", "UAH": "500000", "JPY": "1500000"}
OFFERED = {
    "EUR": ("5", "10", "25", "50"),
    "USD": ("5", "10", "25", "50"),
    "UAH": ("200", "400", "1000", "2000"),
    "JPY": ("800", "1500", "4000", "8000"),
}


@dataclass(frozen=True)
class Amounts:
    """What is offered in one currency. `offered` and `suggested` are by cadence: once, month, year."""

    offered: Mapping[str, tuple[Money, ...]]
    suggested: Mapping[str, Money]
    floor: Money
    ceiling: Money


@dataclass(frozen=True)
class Bank:
    """An account to which one can transfer; texts may be empty."""

    label: str
    holder: str
    iban: str
    bic: str
    bank: str
    note: str


@dataclass(frozen=True)
class OtherWays:
    """Ways to support besides the card; texts may be empty."""

    banks: tuple[Bank, ...]
    paypal_url: str
    share_text: str
    note: str


def load_amounts(session: Session, table: Table, *, now: datetime) -> None:
    """Keeps `[amounts]`; raises `TomlError` with all that is wrong in it."""
    reading = Reading("amounts")
    for currency in table.get("floor", {}):
        _amounts(table, currency, reading)
    for name in (*CADENCES, "suggested", "floor", "ceiling"):
        if not isinstance(table.get(name), Mapping):
            reading.problem(name, "is missing")
    reading.finish()
    keep(session, "amounts", table, now=now)


def load_other_ways(session: Session, table: Table, *, now: datetime) -> None:
    """Keeps `[other_ways]`; raises `TomlError` with all that is wrong in it."""
    reading = Reading("other_ways")
    _other_ways(table, reading)
    reading.finish()
    keep(session, "other_ways", table, now=now)


def _amounts_from_row(session: Session) -> Mapping[str, Amounts]:
    table = kept(session, "amounts") or _built_in()
    return {currency: _amounts(table, currency, Reading("amounts")) for currency in table["floor"]}


def _other_ways_from_row(session: Session) -> OtherWays:
    return _other_ways(kept(session, "other_ways") or {}, Reading("other_ways"))


current_amounts = Remembered(_amounts_from_row)
current_other_ways = Remembered(_other_ways_from_row)


def _built_in() -> Mapping[str, Any]:
    offered = {currency: list(amounts) for currency, amounts in OFFERED.items()}
    suggested = {currency: amounts[1] for currency, amounts in OFFERED.items()}
    return {
        **dict.fromkeys(CADENCES, offered),
        "suggested": dict.fromkeys(CADENCES, suggested),
        "floor": FLOORS,
        "ceiling": CEILINGS,
    }


def _amounts(table: Table, currency: str, reading: Reading) -> Amounts:
    nothing = Money(0, currency)
    offered = {each: reading.amounts(table.get(each, {}), currency, each) for each in CADENCES}
    suggested = {
        each: reading.money(table.get("suggested", {}).get(each, {}), currency, f"suggested.{each}") or nothing
        for each in CADENCES
    }
    floor = reading.money(table.get("floor", {}), currency, "floor") or nothing
    ceiling = reading.money(table.get("ceiling", {}), currency, "ceiling") or nothing
    for cadence, amounts in offered.items():
        if suggested[cadence] not in amounts:
            reading.problem(f"suggested.{cadence}.{currency}", "must be one of the amounts offered")
        if any(not floor <= amount <= ceiling for amount in amounts):
            reading.problem(f"{cadence}.{currency}", "must lie between floor and ceiling")
    return Amounts(offered, suggested, floor, ceiling)


def _other_ways(table: Table, reading: Reading) -> OtherWays:
    def text(values: Table, name: str) -> str:
        return reading.text(values, name, default="")

    banks = tuple(
        Bank(**{name: text(bank, name) for name in ("label", "holder", "iban", "bic", "bank", "note")})
        for bank in table.get("bank", ())
    )
    paypal_url = text(table, "paypal_url")
    if paypal_url and not paypal_url.startswith("https://www.paypal.com/"):
        reading.problem("paypal_url", "must start with https://www.paypal.com/")
    return OtherWays(banks, paypal_url, text(table, "share_text"), text(table, "note"))
