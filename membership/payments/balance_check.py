"""The proof: per currency, the sum of our movements is the balance that Stripe states."""

from dataclasses import dataclass

from membership.db import Database
from membership.payments.gateway import Gateway
from membership.payments.ledger import collect_movements, sums

TRIES = 3


@dataclass(frozen=True)
class BalanceCheck:
    """`verdict`: equal, differs or not settled yet. `lines`: currency, ours, Stripe's, in minor units."""

    verdict: str
    lines: tuple[tuple[str, int, int], ...]


def check_balance(database: Database, gateway: Gateway) -> BalanceCheck:
    """Compares the ledger with Stripe: balance, list, balance, until the balance stood still meanwhile."""
    found = BalanceCheck("not settled yet", ())
    for _ in range(TRIES):
        before = gateway.balance()
        collect_movements(database, gateway)
        after = gateway.balance()
        with database.session() as session:
            lines = _lines(sums(session), after)
        equal = all(ours == theirs for _currency, ours, theirs in lines)
        if equal:
            return BalanceCheck("equal", lines)
        found = BalanceCheck("differs" if before == after else "not settled yet", lines)
    return found


def _lines(ours: dict[str, int], theirs: dict[str, int]) -> tuple[tuple[str, int, int], ...]:
    currencies = sorted({*ours, *theirs})
    return tuple((currency, ours.get(currency, 0), theirs.get(currency, 0)) for currency in currencies)
