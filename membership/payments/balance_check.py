"""The proof: per currency, the sum of our movements is the balance that Stripe states."""

from dataclasses import dataclass
from datetime import datetime

from membership.db import Database
from membership.payments.gateway import Gateway
from membership.payments.ledger import MOST_BACK, collect_movements, read_back_to, sums

TRIES = 3


@dataclass(frozen=True)
class BalanceCheck:
    """`verdict`: equal, differs, not settled yet or incomplete. `lines`: currency, ours, Stripe's, in minor units.

    `incomplete_before`: what is older is still to be read; the next look goes on there.
    """

    verdict: str
    lines: tuple[tuple[str, int, int], ...]
    incomplete_before: datetime | None = None


def check_balance(database: Database, gateway: Gateway, *, most_back: int = MOST_BACK) -> BalanceCheck:
    """Compares the ledger with Stripe: balance, list, balance, until the balance stood still meanwhile."""
    found = BalanceCheck("not settled yet", ())
    for _ in range(TRIES):
        before = gateway.balance()
        collect_movements(database, gateway, most_back=most_back)
        after = gateway.balance()
        with database.session() as session:
            lines, back_to = _lines(sums(session), after), read_back_to(session)
        if back_to is not None:
            return BalanceCheck("incomplete", lines, back_to)
        if all(ours == theirs for _currency, ours, theirs in lines):
            return BalanceCheck("equal", lines)
        found = BalanceCheck("differs" if before == after else "not settled yet", lines)
    return found


def _lines(ours: dict[str, int], theirs: dict[str, int]) -> tuple[tuple[str, int, int], ...]:
    currencies = sorted({*ours, *theirs})
    return tuple((currency, ours.get(currency, 0), theirs.get(currency, 0)) for currency in currencies)
