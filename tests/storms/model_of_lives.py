"""What becomes of people's money, in plain Python: a small model that knows no database and no Stripe.

Time is Unix seconds and always passed in. Amounts are minor units of one currency; each attempt has its own, so that
what came of it can be recognised everywhere.
"""

import copy
from collections import Counter
from collections.abc import Iterator

from tests.storms.model_of_payments import DAY, REFUND_TAKES, Attempt, Back, Dispute, Due, Payment
from tests.storms.model_of_pledges import Pledge

CHECKOUT_LIFE = 31 * 60
GRACE = 14 * DAY
# A refund that is first heard of so late is no news to whom it was sent.
NEWS_FOR = 30 * DAY
# So near to a moment at which something happens by itself, this machine's own seconds would decide.
MARGIN = 10 * 60

View = dict[str, object]


class Lives:
    """All attempts, payments and pledges. Each verb is what Stripe and the newsroom together must make of an act."""

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []
        self.donations: list[Payment] = []
        self.pledges: list[Pledge] = []
        # Refunds that were asked for here and that Stripe would not make.
        self.refused: list[tuple[int, int, str]] = []

    @property
    def payments(self) -> list[Payment]:
        return [*self.donations, *(payment for pledge in self.pledges for payment in pledge.payments)]

    def attempt(self, amount: int, cadence: str, person: str, *, now: int) -> Attempt:
        """Somebody sends a form."""
        made = Attempt(amount, cadence, person, now + CHECKOUT_LIFE)
        self.attempts.append(made)
        return made

    def change_form(self, attempt: Attempt, amount: int, *, now: int) -> Attempt:
        """Somebody sends the same form with another amount: what it led to before cannot be paid any more."""
        attempt.expire(now)
        return self.attempt(amount, attempt.cadence, attempt.person, now=now)

    def decline(self, attempt: Attempt) -> None:
        """A bank refuses the card; the page stays open."""
        attempt.has_failed = True
        if attempt.cadence == "once" and attempt.tried is None:
            attempt.tried = Payment(attempt.amount)
            self.donations.append(attempt.tried)

    def pay(self, attempt: Attempt, *, is_good: bool = True, refunds: str = "good", now: int) -> Payment:
        """Somebody pays; a card that is not good fails at each renewal."""
        paid = attempt.tried or Payment(attempt.amount)
        paid.paid_at, paid.refunds, attempt.state = now, refunds, "paid"
        if attempt.cadence == "month":
            self.pledges.append(Pledge(attempt.amount, attempt.person, now, is_good, [paid]))
        elif attempt.tried is None:
            self.donations.append(paid)
        return paid

    def refund(self, payment: Payment, amount: int, *, now: int) -> bool:
        """Gives money back, unless a bank holds it or less is left; says whether it went."""
        if payment.is_held or amount > payment.left:
            return False
        waits = payment.refunds == "waits"
        due_at = None if payment.refunds == "good" else now + REFUND_TAKES
        payment.back.append(Back(amount, "pending" if waits else "succeeded", now, due_at))
        return True

    def dispute(self, payment: Payment, *, now: int) -> None:
        """A bank takes back what is left of a payment."""
        payment.dispute = Dispute(payment.left, "needs_response", now - now % DAY + 15 * DAY - 1)

    def double(self, older: Pledge, newer: Pledge, choice: str, *, now: int) -> None:
        """What becomes of two pledges of one person: the owner chooses, unless the older one fails or ends."""
        newer.is_second = True
        if not older.is_healthy or choice == "newer":
            older.end(now, why="dropped")
            return
        newer.end(now, why="dropped")
        if choice == "both":
            older.amount += newer.amount
        else:
            self.refund(newer.payments[0], newer.payments[0].left, now=now)

    def pass_time(self, until: int) -> int:
        """Lets everything happen that falls due; returns how much did."""
        done = 0
        while (first := self._first()) is not None and first[0] <= until:
            at, act = first
            act(at)
            done += 1
        return done

    def end_graces(self, now: int) -> bool:
        """Ends what was not paid within the grace, and voids what it asked for; says whether there was any."""
        over = [each for each in self.pledges if each.owed is not None and now >= each.period_end_before + GRACE]
        for pledge in over:
            pledge.end_grace(now)
        return bool(over)

    def next_due(self) -> int | None:
        """Says when something happens by itself."""
        first = self._first()
        return None if first is None else first[0]

    def clear_of(self, target: int) -> int:
        """Returns the first moment from `target` on at which seconds decide nothing and no renewal is half made."""
        while not self._is_calm(target):
            target += MARGIN
        return target

    def _is_calm(self, target: int) -> bool:
        ahead = copy.deepcopy(self)
        ahead.pass_time(target - MARGIN)
        if any(pledge.goes_on and pledge.drafted is not None for pledge in ahead.pledges):
            return False
        due = ahead.next_due()
        return (due is None or due > target + MARGIN) and MARGIN < target % DAY < DAY - MARGIN

    def _first(self) -> Due | None:
        return min(self._dues(), key=lambda due: due[0], default=None)

    def _dues(self) -> Iterator[Due]:
        for attempt in self.attempts:
            if attempt.state == "open":
                yield attempt.expires_at, attempt.expire
        for payment in self.payments:
            yield from payment.dues()
        for pledge in self.pledges:
            yield from pledge.dues()

    def view(self, *, now: int) -> View:
        """Returns what must be found in the database."""
        payments = self.payments
        return {
            "attempts": Counter((each.amount, each.cadence, each.state) for each in self.attempts),
            "payments": Counter((each.amount, each.how) for each in payments),
            "refunds": Counter((each.amount, back.amount, back.state) for each in payments for back in each.back),
            "refused": Counter(self.refused),
            "disputes": Counter(
                (each.amount, each.dispute.amount, each.dispute.state) for each in payments if each.dispute
            ),
            "pledges": Counter(
                (each.amount, each.status, each.goes_on, each.why, each.is_ending and each.goes_on)
                for each in self.pledges
            ),
            "patrons": {each.person: self._is_patron(each.person, now=now) for each in self.pledges},
            "gross": sum(each.held for each in payments),
            "receipts": sum(each.paid_at is not None for each in payments),
        }

    def letters(self, *, now: int) -> dict[str, range]:
        """Says by words of their subjects how many letters went out; for some it counts when we first heard."""
        back = [back for payment in self.payments for back in payment.back]
        sent = [each for each in back if each.state != "failed" and now - each.at < NEWS_FOR]
        receipts = sum(each.paid_at is not None for each in self.payments)
        welcomed = sum(each.goes_on and not each.is_second for each in self.pledges)
        return {
            "Receipt": range(receipts, receipts + 1),
            "Welcome": range(welcomed, len(self.pledges) + 1),
            "is on its way back": range(len(sent), len(back) + 1),
        }

    def _is_patron(self, person: str, *, now: int) -> bool:
        live = next((each for each in self.pledges if each.person == person and each.goes_on), None)
        if live is None:
            return False
        paid = [each for each in live.payments if each.paid_at is not None]
        if any(each.how == "disputed" for each in paid) or not paid[-1].is_kept:
            return False
        return live.status == "active" or now < live.period_end_before + GRACE
