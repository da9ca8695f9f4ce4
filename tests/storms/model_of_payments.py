"""The model's attempts and payments, and what goes back of them: plain values, told what happens by themselves.

Times are Unix seconds; amounts minor units of one currency.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

HOUR, DAY = 3_600, 86_400
REFUND_TAKES = DAY

# When something happens by itself, and what it does then.
Due = tuple[int, Callable[[int], None]]


@dataclass(eq=False)
class Back:
    """Money that goes back, sent `at`. `due_at`: when the bank decides otherwise, or at last."""

    amount: int
    state: str
    at: int
    due_at: int | None


@dataclass(eq=False)
class Dispute:
    """A bank's question about a payment."""

    amount: int
    state: str
    due_at: int


@dataclass(eq=False)
class Payment:
    """Money that came (`paid_at`), or was only tried. `refunds`: good, waits or fails, as its card has it."""

    amount: int
    state: str = "started"
    paid_at: int | None = None
    refunds: str = "good"
    back: list[Back] = field(default_factory=list)
    dispute: Dispute | None = None

    @property
    def is_held(self) -> bool:
        return self.dispute is not None and self.dispute.state != "won"

    @property
    def left(self) -> int:
        return self.amount - sum(each.amount for each in self.back if each.state != "failed")

    @property
    def how(self) -> str:
        if self.paid_at is None:
            return self.state
        if self.dispute is not None and self.is_held:
            return "lost" if self.dispute.state == "lost" else "disputed"
        return "paid" if self.left == self.amount else "partly_refunded" if self.left else "refunded"

    @property
    def is_kept(self) -> bool:
        return self.how in ("paid", "partly_refunded")

    @property
    def held(self) -> int:
        """What of it is in the newsroom's balance, but for fees."""
        if self.paid_at is None:
            return 0
        return self.left - (self.dispute.amount if self.dispute is not None and self.is_held else 0)

    def dues(self) -> Iterator[Due]:
        """Yields what banks decide by themselves, and when."""
        for back in self.back:
            if back.due_at is not None:
                yield back.due_at, partial(_decide, self, back)
        if self.dispute is not None and self.dispute.state == "needs_response":
            yield self.dispute.due_at, partial(_lose, self.dispute)


@dataclass(eq=False)
class Attempt:
    """A form that was sent. `tried`: the payment that a declined card has left; only a donation leaves one of ours."""

    amount: int
    cadence: str
    person: str
    expires_at: int
    state: str = "open"
    tried: Payment | None = None
    has_failed: bool = False

    def expire(self, _now: int) -> None:
        """Closes its page, and with it the payment that was only tried."""
        self.state = "expired"
        if self.tried is not None:
            self.tried.state = "expired"


def _decide(payment: Payment, back: Back, _now: int) -> None:
    back.due_at = None
    fails = back.state == "succeeded" or payment.is_held
    back.state = "failed" if fails else "succeeded"


def _lose(dispute: Dispute, _now: int) -> None:
    dispute.state = "lost"
