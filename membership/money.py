"""Amounts of money: integer minor units and a currency, with Stripe's own table of decimals."""

import re
from dataclasses import dataclass
from decimal import Decimal

from membership.errors import Refusal

# https://docs.stripe.com/currencies#zero-decimal and #three-decimal. Not a locale library's table: for Stripe,
# ISK and UGX have two decimals that must be 00, and three-decimal amounts must end in 0.
ZERO_DECIMAL = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF")
)
THREE_DECIMAL = frozenset(("BHD", "JOD", "KWD", "OMR", "TND"))
WHOLE_UNITS = frozenset(("ISK", "UGX"))

_AMOUNT = re.compile(r"(?P<whole>[0-9]{1,24})(?:[.,](?P<part>[0-9]{1,3}))?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


class BadAmount(Refusal):
    """The text is no amount of this currency."""


@dataclass(frozen=True, order=True)
class Money:
    """An amount in the minor units of a currency (cents; yen for JPY). Signed."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if not _CURRENCY.fullmatch(self.currency):
            raise ValueError(f"{self.currency!r} is no upper-case ISO 4217 code")

    @property
    def major(self) -> Decimal:
        """The amount in whole units, exact."""
        return Decimal(self.minor).scaleb(-decimals(self.currency))

    def plain(self) -> str:
        """Writes the amount as digits with the currency's decimals, without its name: `5`, `3.50`."""
        text = f"{self.major:.{decimals(self.currency)}f}"
        whole, _, part = text.partition(".")
        return whole if not part.strip("0") else text

    def times(self, count: int) -> "Money":
        """Multiplies exactly."""
        return Money(self.minor * count, self.currency)


def decimals(currency: str) -> int:
    """Says how many decimals Stripe counts in this currency."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def parse_amount(text: str, currency: str) -> Money:
    """Reads an amount that a person typed: ASCII digits with at most one `.` or `,`, no grouping.

    Raises `BadAmount` for everything else, and for more decimals than the currency has: nothing is rounded.
    Zero is an amount here; floors and ceilings are the caller's.
    """
    match = _AMOUNT.fullmatch(text.strip())
    if not match:
        raise BadAmount("“%(text)s” is not an amount. Write digits, like 5 or 7.50.", field="amount", text=text[:40])
    part = match["part"] or ""
    places = decimals(currency)
    if len(part) > places:
        raise _too_fine(currency, places)
    minor = int(match["whole"]) * 10**places + int(part.ljust(places, "0") or 0)
    if currency in WHOLE_UNITS and minor % 100:
        raise _too_fine(currency, 0)
    if currency in THREE_DECIMAL and minor % 10:
        raise _too_fine(currency, 2)
    return Money(minor, currency)


def _too_fine(currency: str, places: int) -> BadAmount:
    if places == 0:
        return BadAmount("%(currency)s has no decimals. Write a whole amount.", field="amount", currency=currency)
    return BadAmount("%(currency)s has %(places)s decimals at most.", field="amount", currency=currency, places=places)
