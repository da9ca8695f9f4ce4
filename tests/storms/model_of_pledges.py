"""The model's pledges: how Stripe charges them month by month, and tries again.

Nothing here reads Stripe's objects or ours: what Stripe documents stands here a second time, in few words.
"""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.storms.model_of_payments import DAY, HOUR, Due, Payment

# Stripe finalises and charges a renewal an hour after its period began, and tries again after so many days.
DRAFT = HOUR
RETRIES = (3 * DAY, 5 * DAY, 7 * DAY)


@dataclass(eq=False)
class Pledge:
    """A promise to give every month. `owed`: the renewal that could not be charged; `why` it counts no more."""

    amount: int
    person: str
    begun_at: int
    is_good: bool
    payments: list[Payment]
    status: str = "active"
    periods: int = 1
    drafted: Payment | None = None
    owed: Payment | None = None
    tries: int = 0
    next_try_at: int = 0
    is_ending: bool = False
    ended_at: int | None = None
    why: str | None = None
    is_second: bool = False

    @property
    def goes_on(self) -> bool:
        return self.ended_at is None

    @property
    def is_healthy(self) -> bool:
        return self.goes_on and self.status == "active" and not self.is_ending

    @property
    def period_end(self) -> int:
        return months_later(self.begun_at, self.periods)

    def end(self, now: int, *, why: str = "ended") -> None:
        """Ends it at once; what it still asks for stays open if Stripe alone ended it."""
        self.status, self.ended_at, self.why = "canceled", now, why
        if why == "dropped":
            self.void()

    def void(self) -> None:
        """Asks for nothing more of what is still open."""
        if self.owed is not None:
            self.owed.state, self.owed = "expired", None

    def end_grace(self, now: int) -> None:
        """Ends what was not paid in time, if Stripe has not done so before; nothing is asked for any more."""
        self.void()
        if self.goes_on:
            self.end(now)

    def dues(self) -> Iterator[Due]:
        """Yields what happens to it by itself, and when."""
        if not self.goes_on:
            return
        if self.drafted is not None:
            yield self.period_end_before + DRAFT, self._charge
        elif self.owed is not None:
            yield self.next_try_at, self._try
        yield self.period_end, self.end if self.is_ending else self._renew

    @property
    def period_end_before(self) -> int:
        return months_later(self.begun_at, self.periods - 1)

    def _renew(self, _now: int) -> None:
        self.periods += 1
        self.drafted = Payment(self.amount)

    def _charge(self, now: int) -> None:
        assert self.drafted is not None
        self.owed, self.drafted, self.tries = self.drafted, None, 0
        self.payments.append(self.owed)
        self._try(now)

    def _try(self, now: int) -> None:
        if self.is_good:
            self.pay_owed(now)
            return
        self.status, self.tries = "past_due", self.tries + 1
        if self.tries > len(RETRIES):
            self.end(now)
        else:
            self.next_try_at = now + RETRIES[self.tries - 1]

    def pay_owed(self, now: int) -> None:
        """Pays the renewal that is owed."""
        assert self.owed is not None
        self.owed.paid_at, self.owed, self.status = now, None, "active"


def months_later(moment: int, months: int) -> int:
    """Returns the same day and time so many months on, or that month's last day."""
    begun = datetime.fromtimestamp(moment, UTC)
    year, month = divmod(begun.year * 12 + begun.month - 1 + months, 12)
    day = min(begun.day, calendar.monthrange(year, month + 1)[1])
    return int(begun.replace(year=year, month=month + 1, day=day).timestamp())
