"""What stands here about one person: how each package tells it, and all of it as JSON. Erasing is in `erasing`."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from membership.accounts.models import Account
from membership.money import Money

Value = str | int | bool | datetime | date | Money | tuple[str, ...] | None
Words = Any  # flask_babel's lazy texts are untyped; `str()` says them in the language of the request


@dataclass(frozen=True)
class Section:
    """Rows of one kind about a person. `title` and `labels` are for people, the other names for machines."""

    name: str
    title: Words
    labels: Mapping[str, Words]
    rows: tuple[Mapping[str, Value], ...]


def section(name: str, title: Words, labels: Mapping[str, Words], things: Iterable[object]) -> Section:
    """Makes a section of rows whose columns bear the names of its labels."""
    rows = ({column: getattr(each, column) for column in labels} for each in things)
    return Section(name, title, labels, tuple(rows))


@dataclass(frozen=True)
class Fate:
    """What erasing would do: sentences about what `goes`, and about what `stays`, with the reason."""

    goes: tuple[Words, ...] = ()
    stays: tuple[Words, ...] = ()


@dataclass(frozen=True)
class PersonalData:
    """One package's part: `export` tells it all, `foretell` what erasing would do, `erase(…, now=)` does it.

    `erase` runs in the caller's transaction, which holds the account's row.
    """

    export: Callable[[Session, Account], tuple[Section, ...]]
    foretell: Callable[[Session, Account], Fate]
    erase: Callable[..., None]


def everything_about(session: Session, account: Account, parts: tuple[PersonalData, ...]) -> tuple[Section, ...]:
    """Tells all that stands here about a person, package by package."""
    return tuple(section for part in parts for section in part.export(session, account))


def as_json(sections: tuple[Section, ...], *, now: datetime) -> dict[str, Any]:
    """Returns what `json.dumps` takes: a list of objects for each section, and when it was made."""
    told = {each.name: [{key: _plain(value) for key, value in row.items()} for row in each.rows] for each in sections}
    return {"made_at": now.isoformat(), **told}


def _plain(value: Value) -> Any:
    if isinstance(value, Money):
        return {"amount_minor": value.minor, "currency": value.currency}
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value
