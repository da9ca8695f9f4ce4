"""The newsroom's own words and choices: loaded from newsroom.toml into rows, read by every page."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale, UnknownLocaleError
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.mailbox import Mailbox, is_address
from membership.newsroom.models import NewsroomSetting
from membership.newsroom.remembered import Remembered
from membership.newsroom.site_version import bump
from membership.newsroom.toml import Reading, Table

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
# Card networks' rule for what stands on a bank statement: https://docs.stripe.com/get-started/account/statement-descriptors
_DESCRIPTOR = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 .,\-]{5,22}", re.ASCII)


@dataclass(frozen=True)
class Newsroom:
    """Who the newsroom is. `currencies` starts with the default one; `accent` is `#rrggbb`."""

    name: str
    tagline: str
    language: str
    time_zone: str
    accent: str
    currencies: tuple[str, ...]
    statement_descriptor: str
    legal_name: str
    legal_text: str
    reply_to_name: str
    reply_to_email: str

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def reply_to(self) -> Mailbox:
        """The person who reads answers."""
        return Mailbox(self.reply_to_name, self.reply_to_email)

    @property
    def on_accent(self) -> str:
        """The text colour, white or near-black, with the better contrast on the accent (WCAG 2.2, 1.4.3)."""
        return "#ffffff" if 1.05 / (_luminance(self.accent) + 0.05) >= 4.5 else "#111111"


UNNAMED = Newsroom(
    name="Newsroom",
    tagline="",
    language="en",
    time_zone="UTC",
    accent="#1d4ed8",
    currencies=("EUR",),
    statement_descriptor="NEWSROOM",
    legal_name="",
    legal_text="",
    reply_to_name="Newsroom",
    reply_to_email="newsroom@localhost",
)


def load(session: Session, table: Table, *, now: datetime) -> None:
    """Keeps the table `[newsroom]`; raises `TomlError` with all that is wrong in it."""
    reading = Reading("newsroom")
    found = _read(table, reading)
    reading.finish()
    keep(session, "newsroom", {**found.__dict__, "currencies": list(found.currencies)}, now=now)


def keep(session: Session, key: str, value: Mapping[str, Any], *, now: datetime) -> None:
    """Keeps one table of settings under its name and says that the site has changed."""
    session.merge(NewsroomSetting(key=key, value=dict(value), changed_at=now))
    bump(session)


def kept(session: Session, key: str) -> Mapping[str, Any] | None:
    """Returns what was kept under `key`, or `None`."""
    value: Mapping[str, Any] | None = session.scalar(select(NewsroomSetting.value).where(NewsroomSetting.key == key))
    return value


def _from_row(session: Session) -> Newsroom:
    value = kept(session, "newsroom")
    if value is None:
        return UNNAMED
    return Newsroom(**{**value, "currencies": tuple(value["currencies"])})


current_newsroom = Remembered(_from_row)


def _read(table: Table, reading: Reading) -> Newsroom:
    found = Newsroom(
        name=reading.text(table, "name", longest=80),
        tagline=reading.text(table, "tagline", longest=160, default=""),
        language=reading.text(table, "language", longest=10),
        time_zone=reading.text(table, "time_zone", longest=60),
        accent=reading.text(table, "accent", longest=7),
        currencies=reading.texts(table, "currencies"),
        statement_descriptor=reading.text(table, "statement_descriptor", longest=22),
        legal_name=reading.text(table, "legal_name", longest=160, default=""),
        legal_text=reading.text(table, "legal_text", longest=2000, default=""),
        reply_to_name=reading.text(table, "reply_to_name", longest=80),
        reply_to_email=reading.text(table, "reply_to_email", longest=254),
    )
    _check(found, reading)
    return found


def _check(found: Newsroom, reading: Reading) -> None:
    checks = (
        ("language", _is_language(found.language), "must be a language code like en"),
        ("time_zone", found.time_zone in available_timezones(), "must be a time zone like Europe/Kyiv"),
        ("accent", _COLOUR.fullmatch(found.accent), "must be a colour like #8a1f11"),
        (
            "currencies",
            found.currencies and all(map(_CURRENCY.fullmatch, found.currencies)),
            "must be codes like EUR",
        ),
        (
            "statement_descriptor",
            _DESCRIPTOR.fullmatch(found.statement_descriptor),
            "must be 5 to 22 plain characters",
        ),
        ("reply_to_name", found.reply_to_name.isprintable(), "must be a name in one line"),
        ("reply_to_email", is_address(found.reply_to_email), "must be an address like readers@example.org"),
    )
    for name, holds, what in checks:
        if not holds:
            reading.problem(name, what)


def _is_language(code: str) -> bool:
    try:
        Locale.parse(code)
    except (UnknownLocaleError, ValueError):
        return False
    return True


def _luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
