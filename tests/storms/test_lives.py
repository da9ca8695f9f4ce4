"""Lives of payments, in any order and heard of in any order: whatever happens, the books say what happened.

Hypothesis makes them up, and finds the shortest one in which the newsroom and the model of it part.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test

from tests.databases import create_postgresql, migrated
from tests.money import DECLINED
from tests.storms.living import CARDS, REFUNDS, Living
from tests.storms.model_of_lives import MARGIN
from tests.storms.model_of_pledges import DRAFT
from tests.storms.stage import Stage, staged

SMALL, FULL = 60, 5_000
# Somebody gives, and so much happens in all.
STEPS = 7
Which = st.integers(0, 3)
Cadences = st.sampled_from(("once", "month"))


class Acts(Living):
    """What may happen, by whomever; `which` of several it happens to."""

    @initialize(card=st.sampled_from(sorted(CARDS)), shuffle=st.integers(0, 999))
    def somebody_gives(self, card: str, shuffle: int) -> None:
        self.has_effect("give")
        self.chance = Random(shuffle)
        cadence = "once" if card in REFUNDS else "month"
        self._pay(self._attempt(cadence, f"person{self.people}@example.org"), card, comes_back=False)

    @precondition(lambda self: not self.open_attempts)
    @rule(cadence=Cadences)
    def attempts(self, cadence: str) -> None:
        self.has_effect("attempt")
        self._attempt(cadence, f"person{self.people}@example.org")

    @precondition(lambda self: self.open_attempts)
    @rule(which=Which, card=st.sampled_from(sorted(CARDS)), comes_back=st.booleans())
    def pays(self, which: int, card: str, comes_back: bool) -> None:
        attempt = self.pick(self.open_attempts, which)
        self.has_effect("pay again" if attempt.has_failed else "pay")
        self._pay(attempt, card, comes_back=comes_back)

    @precondition(lambda self: self.open_attempts)
    @rule(which=Which)
    def fails(self, which: int) -> None:
        self.has_effect("fail")
        attempt = self.pick(self.open_attempts, which)
        assert self.stage.pay(self.pages[attempt], DECLINED) is None
        self.model.decline(attempt)

    @precondition(lambda self: self.owing)
    @rule(which=Which)
    def retries(self, which: int) -> None:
        self.has_effect("retry")
        pledge = self.pick(self.owing, which)
        self.stage.pay_invoice(self.subscription(pledge))
        pledge.pay_owed(self.stage.now())

    @precondition(lambda self: self.going_on)
    @rule(which=Which)
    def is_charged_again(self, which: int) -> None:
        self.has_effect("renewal")
        charged_at = self.pick(self.going_on, which).period_end + DRAFT
        self.live_until(charged_at + 2 * MARGIN)

    @precondition(lambda self: self.unpaid_attempts)
    @rule(which=Which)
    def changes_the_form(self, which: int) -> None:
        self.has_effect("change")
        old, amount = self.pick(self.unpaid_attempts, which), self._amount()
        new = self.model.change_form(old, amount, now=self.stage.now())
        self.tokens[new] = self.tokens.pop(old)
        self._send(new)

    @precondition(lambda self: self.healthy)
    @rule(which=Which)
    def changes_the_pledge(self, which: int) -> None:
        self.has_effect("change")
        pledge, amount = self.pick(self.healthy, which), self._amount()
        self.stage.change(self.subscription(pledge), amount)
        pledge.amount = amount

    @precondition(lambda self: self.staying)
    @rule(which=Which, at_stripe=st.booleans())
    def cancels(self, which: int, at_stripe: bool) -> None:
        self.has_effect("cancel")
        pledge = self.pick(self.staying, which)
        if at_stripe and pledge.is_healthy:
            self.stage.stripe.post(f"subscriptions/{self.subscription(pledge)}", cancel_at_period_end="true")
            self.stopped_at_stripe.add(pledge)
        else:
            self.once_known(lambda: self.stage.stop(pledge.person))
        if pledge.status == "past_due":
            pledge.void()
            pledge.end(self.stage.now())
        else:
            pledge.is_ending = True

    @precondition(lambda self: self.ending)
    @rule(which=Which)
    def resumes(self, which: int) -> None:
        self.has_effect("resume")
        pledge = self.pick(self.ending, which)
        if pledge in self.stopped_at_stripe:
            self.stage.stripe.post(f"subscriptions/{self.subscription(pledge)}", cancel_at_period_end="false")
        else:
            self.stage.resume(pledge.person)
        self.stopped_at_stripe.discard(pledge)
        pledge.is_ending = False

    @precondition(lambda self: self.doubled)
    @rule(which=Which, choice=st.sampled_from(("older", "newer", "both")))
    def pledges_again(self, which: int, choice: str) -> None:
        self.has_effect("second pledge")
        older = self.pick(self.doubled, which)
        self.hear()
        self.live_until(self.stage.now() + 60)
        paid = self._pay(self._attempt("month", older.person), "good", comes_back=True)
        self.hear()
        newer = next(each for each in self.model.pledges if paid in each.payments)
        if older.is_healthy:
            self.stage.choose(older.person, choice)
        self.stage.newsroom.work()
        self.model.double(older, newer, choice, now=self.stage.now())
        self.hear()

    @precondition(lambda self: self.paid)
    @rule(which=Which, in_full=st.booleans(), at_stripe=st.booleans())
    def is_refunded(self, which: int, in_full: bool, at_stripe: bool) -> None:
        self.has_effect("refund")
        payment = self.pick(self.paid, which)
        amount = payment.left if in_full and payment.left else payment.amount // 2
        goes = amount <= payment.left and not payment.is_held
        intent = self.intent(payment)
        if at_stripe and goes:
            self.stage.stripe.post("refunds", payment_intent=intent, amount=str(amount))
        elif not self.stage.ask_refund(intent, amount):
            # The newsroom knows better, or not enough yet.
            self.hear()
            assert self.stage.ask_refund(intent, amount) == goes
            if not goes:
                return
        elif not goes:
            self.model.refused.append((payment.amount, amount, "failed"))
        self.stage.newsroom.work()
        assert self.model.refund(payment, amount, now=self.stage.now()) == goes

    @precondition(lambda self: self.disputable)
    @rule(which=Which)
    def is_disputed(self, which: int) -> None:
        self.has_effect("dispute")
        payment = self.pick(self.disputable, which)
        made = self.stage.stripe.console("disputes", {"payment_intent": self.intent(payment)})
        self.model.dispute(payment, now=self.stage.now())
        self.ids[payment.dispute] = made["id"]

    @precondition(lambda self: self.disputed)
    @rule(which=Which)
    def wins(self, which: int) -> None:
        self.has_effect("win")
        dispute = self.pick(self.disputed, which).dispute
        self.stage.stripe.post(f"disputes/{self.ids[dispute]}", **{"evidence[uncategorized_text]": "winning_evidence"})
        dispute.state = "won"

    @precondition(lambda self: self.disputed)
    @rule(which=Which)
    def loses(self, which: int) -> None:
        self.has_effect("lose")
        dispute = self.pick(self.disputed, which).dispute
        self.stage.stripe.post(f"disputes/{self.ids[dispute]}/close")
        dispute.state = "lost"


@pytest.fixture(params=["sqlite", "postgresql"])
def stage(request: pytest.FixtureRequest, sqlite_template: Path, tmp_path: Path) -> Iterator[Stage]:
    if request.param == "sqlite":
        path = tmp_path / "membership.db"
        path.write_bytes(sqlite_template.read_bytes())
        url = f"sqlite:///{path}"
    else:
        url = migrated(create_postgresql(request.getfixturevalue("postgresql_url")))
    with staged(url, tmp_path) as made:
        yield made


def live(stage: Stage, sequences: int, chance: Random) -> None:
    """Lets Hypothesis make up so many sequences of lives."""
    played = Counter[str]()
    run_state_machine_as_test(
        seed(chance.getrandbits(32))(lambda: Acts(stage, played)),  # type: ignore[arg-type]  # whatever makes one will do
        settings=settings(
            max_examples=sequences,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )
    print(dict(played))  # noqa: T201 - by `make storm`
    assert played["sequences"] >= sequences


def test_whatever_happens_to_payments_the_books_say_so(stage: Stage, chance: Random) -> None:
    live(stage, SMALL, chance)


@pytest.mark.storm_full
def test_in_five_thousand_lives_the_books_never_say_otherwise(stage: Stage, chance: Random) -> None:
    live(stage, FULL, chance)
