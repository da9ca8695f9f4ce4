"""Living on a stage and in a model at once: what the acts of a life need, and the comparison at its end."""

import sys
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any
from urllib.parse import urlsplit

from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from membership.errors import NotFound
from tests.money import FAILS_LATER, GOOD
from tests.storms.model_of_lives import MARGIN, Lives
from tests.storms.model_of_payments import DAY, Attempt, Payment
from tests.storms.model_of_pledges import Pledge
from tests.storms.stage import Stage
from tests.storms.written import troubles, view

# Of what happens so much must have an effect.
LEAST = 5
CARDS = {"good": GOOD, "fails": FAILS_LATER, "refund waits": "4000000000007726", "refund fails": "4000000000005126"}
REFUNDS = {"refund waits": "waits", "refund fails": "fails"}
# Forms live for a day; nobody here comes near it.
FORM_LIFE = DAY // 2
UNPAID = ("started", "expired")


class Living(RuleBasedStateMachine):
    """Knows a stage and a model, and what has been `played` on both: here what is heard, in a subclass what is done."""

    def __init__(self, stage: Stage, played: Counter[str]) -> None:
        super().__init__()
        self.stage, self.played, self.model, self.chance = stage, played, Lives(), Random(0)
        self.effects = self.people = self.amounts = 0
        self.is_reconciled = False
        self.tokens: dict[Attempt, tuple[str, int]] = {}
        self.pages: dict[Attempt, str] = {}
        self.stopped_at_stripe: set[Pledge] = set()
        self.ids: dict[object, str] = {}
        stage.begin()
        self.live_until(stage.now())

    @rule(share=st.sampled_from((0.2, 0.5, 0.9)))
    def hears_late(self, share: float) -> None:
        if waiting := list(self.stage.listen()):
            self.has_effect("late event")
            self.stage.tell(self.chance.sample(waiting, max(1, int(len(waiting) * share))))

    @precondition(lambda self: self.stage.told)
    @rule()
    def hears_again(self) -> None:
        self.has_effect("duplicate")
        self.stage.tell(self.chance.sample(self.stage.told, min(5, len(self.stage.told))))

    @precondition(lambda self: not self.is_reconciled and self.effects > 2)
    @rule()
    def reconciles(self) -> None:
        self.has_effect("reconcile")
        self.is_reconciled = True
        self.stage.reconcile()
        self.compare(unpaid_are_known=False)

    @precondition(lambda self: self.model.next_due() is not None)
    @rule(how_long=st.sampled_from((0, 1, 20)))
    def time_passes(self, how_long: int) -> None:
        target = self.stage.now() + how_long * DAY if how_long else self.model.next_due() or 0
        if self.live_until(target + 2 * MARGIN):
            self.has_effect("time")

    def teardown(self) -> None:
        """Hears of everything, and compares; what had too little effect does not count."""
        if sys.exc_info()[0] is not None:
            return
        self.hear()
        self.compare()
        assume(self.effects >= LEAST)
        self.played["sequences"] += 1

    def compare(self, *, unpaid_are_known: bool = True) -> None:
        """Finds the newsroom's rows as the model has them, no trouble in them, and the letters that went out."""
        found, now = troubles(self.stage.newsroom), self.stage.now()
        here, lived = view(self.stage.newsroom), self.model.view(now=now)
        if not unpaid_are_known:
            _forgive(here["payments"], lived["payments"])
        assert here == lived, _apart(here, lived)
        assert found == []
        for words, number in self.model.letters(now=now).items():
            assert len(self.stage.newsroom.letters(words)) in number, words

    # What the acts need.

    def has_effect(self, act: str) -> None:
        self.effects += 1
        self.played[act] += 1

    def hear(self) -> None:
        self.stage.tell_all(self.chance)

    def once_known(self, act: Callable[[], None]) -> None:
        """Does what needs a pledge that the newsroom knows of; if it does not yet, it first hears."""
        try:
            act()
        except NotFound:
            self.hear()
            act()

    def live_until(self, target: int) -> int:
        target = self.model.clear_of(target)
        self.stage.advance(max(0, target - self.stage.now()))
        happened = self.model.pass_time(self.stage.now())
        if self.model.end_graces(self.stage.now()):
            # The newsroom ends it as soon as it has heard that it failed.
            self.hear()
        return happened

    def pick(self, among: list[Any], which: int) -> Any:
        return among[which % len(among)]

    def _amount(self) -> int:
        self.amounts += 1
        return 500 + 100 * self.amounts

    def _attempt(self, cadence: str, person: str) -> Attempt:
        self.people += 1
        made = self.model.attempt(self._amount(), cadence, person, now=self.stage.now())
        self.tokens[made] = self.stage.form(), self.stage.now()
        self._send(made)
        return made

    def _send(self, attempt: Attempt) -> None:
        fields = {"amount": attempt.amount, "cadence": attempt.cadence, "person": attempt.person}
        self.pages[attempt] = self.stage.send(self.tokens[attempt][0], **fields)  # type: ignore[arg-type]  # as named

    def _pay(self, attempt: Attempt, card: str, *, comes_back: bool) -> Payment:
        thanks = self.stage.pay(self.pages[attempt], CARDS[card])
        assert thanks is not None
        refunds = REFUNDS.get(card, "good")
        paid = self.model.pay(attempt, is_good=card != "fails", refunds=refunds, now=self.stage.now())
        session = self.stage.stripe.get(f"checkout/sessions/{urlsplit(self.pages[attempt]).path.split('/')[-1]}")
        if attempt.cadence == "once":
            self.ids[paid] = session["payment_intent"]
        else:
            self.ids[self.model.pledges[-1]] = session["subscription"]
        if comes_back:
            self.stage.come_back(thanks)
        return paid

    def subscription(self, pledge: Pledge) -> str:
        return self.ids[pledge]

    def intent(self, payment: Payment) -> str:
        if payment not in self.ids:
            pledge = next(each for each in self.model.pledges if payment in each.payments)
            found = self.stage.stripe.get(f"invoices?limit=100&subscription={self.subscription(pledge)}")["data"][::-1]
            invoice = found[pledge.payments.index(payment)]["id"]
            (paid,) = self.stage.stripe.get(f"invoice_payments?invoice={invoice}")["data"]
            self.ids[payment] = paid["payment"]["payment_intent"]
        return self.ids[payment]

    @property
    def open_attempts(self) -> list[Attempt]:
        return [each for each in self.model.attempts if each.state == "open"]

    @property
    def unpaid_attempts(self) -> list[Attempt]:
        """Those whose form can still be sent again."""
        since = self.stage.now() - FORM_LIFE
        return [each for each, (_token, at) in self.tokens.items() if each.state != "paid" and at > since]

    @property
    def staying(self) -> list[Pledge]:
        return [each for each in self.going_on if not each.is_ending]

    @property
    def going_on(self) -> list[Pledge]:
        return [each for each in self.model.pledges if each.goes_on]

    @property
    def healthy(self) -> list[Pledge]:
        return [each for each in self.model.pledges if each.is_healthy]

    @property
    def ending(self) -> list[Pledge]:
        return [each for each in self.going_on if each.is_ending]

    @property
    def owing(self) -> list[Pledge]:
        return [each for each in self.going_on if each.owed is not None]

    @property
    def doubled(self) -> list[Pledge]:
        """Pledges beside which a second one may begin; of a healthy one that took nothing nobody is asked."""
        return [each for each in self.going_on if not each.is_healthy or any(paid.is_kept for paid in each.payments)]

    @property
    def paid(self) -> list[Payment]:
        return [each for each in self.model.payments if each.paid_at is not None]

    @property
    def disputable(self) -> list[Payment]:
        return [each for each in self.paid if each.left and each.dispute is None]

    @property
    def disputed(self) -> list[Payment]:
        return [each for each in self.paid if each.dispute is not None and each.dispute.state == "needs_response"]


def _forgive(here: Any, lived: Any) -> None:
    """Leaves out the payments that were only tried: of these, and of how they stand, events alone tell."""
    known, tried = _take_unpaid(here), _take_unpaid(lived)
    assert known <= tried, (known, tried)


def _take_unpaid(payments: Any) -> Counter[int]:
    """Takes what was only tried out of payments by amount and state; returns it by amount."""
    taken = Counter[int]()
    for amount, state in [key for key in payments if key[1] in UNPAID]:
        taken[amount] += payments.pop((amount, state))
    return taken


def _apart(here: dict[str, Any], lived: dict[str, Any]) -> str:
    return "\n".join(f"{name}: {here[name]}\n  lived: {lived[name]}" for name in lived if here[name] != lived[name])
