"""What every gateway keeps to: the real one over the sandbox, and the fake one."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from membership.money import Money
from membership.payments.gateway import Gateway, GoneAtStripe, KeySpoiled
from membership.payments.records import CheckoutOrder
from membership.payments.setting_up import set_up
from membership.payments.stripe_gateway.gateway import StripeGateway
from membership.stripe_sandbox.server import running
from tests.fake_gateway import FakeGateway
from tests.money import GOOD
from tests.stripe_sandbox.steps import CARD, Browser

Pay = Callable[[str], None]

ORDER = CheckoutOrder(
    attempt="0b6b6f1e-0000-4000-8000-000000000001",
    site="ab12",
    cadence="once",
    amount=Money(500, "EUR"),
    email="donor@example.org",
    language="en",
    success_url="http://localhost:8000/support/thanks/1",
    cancel_url="http://localhost:8000/support",
    expires_at=(datetime.now(UTC) + timedelta(hours=12)).replace(microsecond=0),
    key="0b6b6f1e-0000-4000-8000-000000000001",
)


@pytest.fixture(params=["sandbox", "fake"])
def gateway(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Gateway, Pay]]:
    if request.param == "fake":
        fake = FakeGateway()
        yield fake, fake.pay
        return
    with running(state=tmp_path / "sandbox.db", clock=tmp_path / "clock", deliver=False) as sandbox:
        real = StripeGateway("sk_test_invented", sandbox.url)
        for product in ("membership_donation", "membership_pledge"):
            real.ensure_product(product, product)

        def pay(checkout_id: str) -> None:
            path = urlsplit(real.checkout(checkout_id).url or "").path
            Browser(sandbox.url).post(path, {"card_number": GOOD, "email": "donor@example.org"} | CARD)

        yield real, pay


def test_one_key_gives_one_session(gateway: tuple[Gateway, Pay]) -> None:
    real, _ = gateway
    first, second = real.create_checkout(ORDER), real.create_checkout(ORDER)
    assert first.id == second.id
    assert (first.status, first.tags.attempt, first.tags.site) == ("open", ORDER.attempt, ORDER.site)


def test_another_order_under_the_same_key_is_refused(gateway: tuple[Gateway, Pay]) -> None:
    real, _ = gateway
    real.create_checkout(ORDER)
    with pytest.raises(KeySpoiled):
        real.create_checkout(replace(ORDER, amount=Money(700, "EUR")))


def test_a_session_is_expired_once_and_a_paid_one_is_left_alone(gateway: tuple[Gateway, Pay]) -> None:
    real, pay = gateway
    open_one = real.create_checkout(ORDER)
    for _ in range(2):
        assert not real.expire_checkout(open_one.id)
    assert real.checkout(open_one.id).status == "expired"
    paid = real.create_checkout(replace(ORDER, key="another"))
    pay(paid.id)
    assert real.expire_checkout(paid.id)
    assert real.checkout(paid.id).status == "complete"


def test_a_paid_session_leads_to_its_intent_with_our_marks(gateway: tuple[Gateway, Pay]) -> None:
    real, pay = gateway
    made = real.create_checkout(ORDER)
    pay(made.id)
    intent = real.intent(real.checkout(made.id).intent or "")
    assert (intent.status, intent.amount, intent.tags.attempt) == ("succeeded", ORDER.amount, ORDER.attempt)
    assert intent.charge
    assert intent.charge.paid


@pytest.mark.parametrize("language", ["de", "uk", "xx"])
def test_a_language_that_stripe_does_not_speak_leaves_the_choice_to_it(
    gateway: tuple[Gateway, Pay], language: str
) -> None:
    real, _ = gateway
    assert real.create_checkout(replace(ORDER, language=language, key=f"in {language}")).url


def test_what_stripe_does_not_know_is_gone(gateway: tuple[Gateway, Pay]) -> None:
    real, _ = gateway
    for ask in (real.checkout, real.intent, real.subscription, real.invoice):
        with pytest.raises(GoneAtStripe):
            ask("xx_unknown")


def test_what_stripe_does_not_know_cannot_be_changed(gateway: tuple[Gateway, Pay]) -> None:
    real, _ = gateway
    seven, then = Money(700, "EUR"), ORDER.expires_at
    for change in (
        lambda: real.change_amount("sub_unknown", seven),
        lambda: real.preview("sub_unknown", seven),
        lambda: real.pause("sub_unknown", "skip", until=then),
        lambda: real.end_pause("sub_unknown", charge_now=False),
        lambda: real.move_charge("sub_unknown", then),
        lambda: real.change_at_period_end("sub_unknown", seven, "year"),
        lambda: real.release_schedule("sub_sched_unknown"),
        lambda: real.change_customer_email("cus_unknown", "new@example.org"),
        lambda: real.card_page("cus_unknown", return_url=ORDER.cancel_url, language="en"),
    ):
        with pytest.raises(GoneAtStripe):
            change()


def test_setting_up_tells_the_secret_once_unless_it_is_rolled(gateway: tuple[Gateway, Pay]) -> None:
    real, _ = gateway
    url, types = "http://127.0.0.1:1/stripe/webhook", ["charge.succeeded"]
    assert set_up(real, url, types, name="Newsroom", roll=False)
    assert set_up(real, url, types, name="Newsroom", roll=False) is None
    assert set_up(real, url, types, name="Newsroom", roll=True)
