"""What was found: differences, gathered under the payment or pledge that they belong to."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from membership.money import Money
from membership.payments.mirror import Thing
from membership.payments.records import BalanceTransaction, Tags


@dataclass(frozen=True)
class Difference:
    """Something that stands otherwise here than at Stripe.

    It is counted under `kind` and `key`: a payment by its intent, a pledge by its subscription; what belongs to
    neither under itself (attempt, payout, line). `thing` is what must be looked at to mend it; `None`: a line that
    is only to be inserted, or one that nothing can mend.
    """

    kind: str
    key: str
    what: str
    thing: Thing | None


@dataclass(frozen=True)
class Window:
    """What is compared: what came into being at or after `since` (`None`: all there is), as it stood at `now`."""

    since: datetime | None
    now: datetime

    @property
    def is_full(self) -> bool:
        return self.since is None


@dataclass
class Survey:
    """Gathers what the parts find. `site` is our mark; `seen` our rows that Stripe's lists showed, by table."""

    site: str
    window: Window
    differences: dict[tuple[str, str], list[Difference]] = field(default_factory=dict)
    foreign: Counter[str] = field(default_factory=Counter)
    seen: dict[str, set[int]] = field(default_factory=dict)
    # Charges that bear no mark and are not known here, by intent: an invoice of ours may still claim them.
    unclaimed: dict[str, str] = field(default_factory=dict)
    # Intents of payments that are not known here, by the charge, refund or dispute that moved their money.
    sources: dict[str, str] = field(default_factory=dict)
    lines: list[BalanceTransaction] = field(default_factory=list)

    def add(self, kind: str, key: str, what: str, thing: Thing | None) -> None:
        """Notes a difference."""
        self.differences.setdefault((kind, key), []).append(Difference(kind, key, what, thing))

    def compare(self, kind: str, key: str, thing: Thing, pairs: Iterable[tuple[str, object, object]]) -> None:
        """Notes each of (name, here, at Stripe) that is not the same."""
        for name, here, there in pairs:
            if here != there:
                self.add(kind, key, f"{name} {said(here)}, at Stripe {said(there)}", thing)

    def knows(self, table: str, row_id: int) -> None:
        """Notes that Stripe's list showed a row of ours."""
        self.seen.setdefault(table, set()).add(row_id)

    def is_ours(self, tags: Tags) -> bool:
        """Says whether an object bears this site's mark."""
        return tags.site == self.site

    def claim(self, intent: str) -> None:
        """Says that a charge without a mark is ours after all: an invoice of ours was paid by it."""
        charge = self.unclaimed.pop(intent, None)
        if charge is not None:
            self.sources[charge] = intent

    def give_up_unclaimed(self) -> None:
        """Counts what nothing of ours has claimed as somebody else's."""
        self.foreign["payment"] += len(self.unclaimed)
        self.unclaimed.clear()

    def count(self, kind: str) -> int:
        """Says how many of a kind differ."""
        return sum(each == kind for each, _key in self.differences)

    def things(self) -> Iterator[Thing]:
        """Yields each thing once that must be looked at, in the order in which it was found."""
        found = (each.thing for group in self.differences.values() for each in group)
        yield from dict.fromkeys(thing for thing in found if thing is not None)


def said(value: object) -> str:
    """Writes a value as an operator reads it."""
    if value is None:
        return "none"
    if isinstance(value, Money):
        return f"{value.plain()} {value.currency}"
    return value.isoformat(" ", "seconds") if isinstance(value, datetime) else str(value)
