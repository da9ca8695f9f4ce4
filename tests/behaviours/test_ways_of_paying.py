"""What the bank says at once, after 3-D Secure, or days later: nothing is granted before the money has come."""

from urllib.parse import urlsplit

import pytest

from tests.behaviours.acts import (
    attempt_states,
    checked,
    checkouts,
    console,
    hand_over,
    latest,
    payment_states,
    pays,
    pledge_of,
    reference_of,
    signed_in,
    standing_kind,
)
from tests.money import DAY, World
from tests.stripe_sandbox.steps import Answer, Browser

ASKS = "4000002500003155"
SUCCEEDS_LATER = "DE08370400440532013003"
FAILS_LATER = "DE78370400440532013004"


@pytest.fixture
def debits(newsroom: World) -> World:
    """A newsroom whose Stripe account has switched bank debits on."""
    console(newsroom, "settings", {"payment_methods": ["card", "sepa_debit"]})
    return newsroom


def answers_the_bank(newsroom: World, asked: Answer, answer: str) -> Answer:
    assert asked.status == 303, asked.text
    return Browser(newsroom.sandbox.url).post(urlsplit(asked.location).path, {"answer": answer})


def debited(newsroom: World, iban: str, **fields: str) -> str:
    """Gives by bank debit and returns the path of the thanks page."""
    answer = newsroom.give(newsroom.browser(), **fields)
    paid = pays(newsroom, answer.location, way="sepa_debit", iban=iban, account_name="Olena Bondar")
    assert paid.status == 303, paid.text
    return urlsplit(paid.location).path


def state_of(newsroom: World, thanks: str) -> str:
    """Returns the first words of the thanks page."""
    return newsroom.browser().get(thanks).text.partition('<p class="kicker">')[2].partition("<")[0]


@pytest.mark.parametrize("cadence", ["once", "month"])
def test_who_passes_three_d_secure_has_paid_and_nobody_before(newsroom: World, cadence: str) -> None:
    asked = pays(newsroom, newsroom.give(newsroom.browser(), cadence=cadence).location, card_number=ASKS)
    newsroom.settle()
    thanks = f"/support/thanks/{reference_of(newsroom)}"
    assert (attempt_states(newsroom), state_of(newsroom, thanks)) == (["open"], "On its way")
    assert newsroom.mail.sent == []
    assert urlsplit(answers_the_bank(newsroom, asked, "pass").location).path == thanks
    newsroom.settle()
    assert (payment_states(newsroom), state_of(newsroom, thanks)) == (["paid"], "Received")
    assert len(newsroom.letters("Receipt")) == 1


@pytest.mark.parametrize("cadence", ["once", "month"])
def test_who_fails_three_d_secure_has_not_paid_and_may_try_another_card(newsroom: World, cadence: str) -> None:
    checkout = newsroom.give(newsroom.browser(), cadence=cadence).location
    refused = answers_the_bank(newsroom, pays(newsroom, checkout, card_number=ASKS), "fail")
    assert refused.status == 402
    newsroom.settle()
    assert attempt_states(newsroom) == ["open"]
    assert "paid" not in payment_states(newsroom)
    assert newsroom.mail.sent == []
    assert pays(newsroom, checkout).status == 303
    newsroom.settle()
    assert (attempt_states(newsroom), payment_states(newsroom)) == (["paid"], ["paid"])


def test_a_bank_debit_is_on_its_way_for_days_and_then_received(debits: World) -> None:
    token = debits.form_token(debits.browser())
    thanks = debited(debits, SUCCEEDS_LATER, token=token)
    assert state_of(debits, thanks) == "On its way"
    debits.settle()
    assert (attempt_states(debits), payment_states(debits)) == (["pending"], ["pending"])
    assert debits.mail.sent == []
    assert urlsplit(debits.give(debits.browser(), token=token, amount="10").location).path == thanks
    debits.advance(6 * DAY)
    debits.settle()
    assert (attempt_states(debits), payment_states(debits)) == (["paid"], ["paid"])
    assert state_of(debits, thanks) == "Received"
    assert [str(each["To"]) for each in debits.letters("Receipt")] == ["donor@example.org"]
    assert checked(debits).verdict == "equal"


def test_a_bank_debit_that_fails_days_later_is_not_paid_and_may_be_tried_again(debits: World) -> None:
    thanks = debited(debits, FAILS_LATER)
    debits.settle()
    debits.advance(6 * DAY)
    debits.settle()
    assert (attempt_states(debits), payment_states(debits)) == (["failed"], ["failed"])
    assert state_of(debits, thanks) == "Not paid"
    assert debits.mail.sent == []
    assert checked(debits).verdict == "equal"
    assert "/support?cadence=once&amp;currency=EUR&amp;amount=5" in debits.browser().get(thanks).text
    debits.give_and_pay(debits.browser())
    debits.settle()
    assert payment_states(debits) == ["failed", "paid"]


def test_a_failed_debit_stays_failed_whatever_comes_again(debits: World) -> None:
    debited(debits, FAILS_LATER)
    debits.settle()
    debits.advance(6 * DAY)
    debits.settle()
    hand_over(debits, latest(debits, "checkout.session.completed"))
    debits.deliver(again=True)
    debits.work()
    assert (attempt_states(debits), payment_states(debits)) == (["failed"], ["failed"])


@pytest.mark.parametrize(
    "first", ["checkout.session.completed", "checkout.session.async_payment_failed", "payment_intent.payment_failed"]
)
def test_a_failed_debit_that_we_hear_of_only_when_all_is_over_has_failed(debits: World, first: str) -> None:
    thanks = debited(debits, FAILS_LATER)
    debits.advance(6 * DAY)
    hand_over(debits, latest(debits, first))
    debits.settle()
    assert (attempt_states(debits), payment_states(debits)) == (["failed"], ["failed"])
    assert state_of(debits, thanks) == "Not paid"


def test_a_failed_debit_of_which_no_webhook_tells_has_failed_for_who_looks(debits: World) -> None:
    thanks = debited(debits, FAILS_LATER)
    debits.advance(6 * DAY)
    assert state_of(debits, thanks) == "Not paid"


def test_a_pledge_by_debit_makes_a_patron_only_when_the_money_has_come(debits: World) -> None:
    debited(debits, SUCCEEDS_LATER, cadence="month")
    debits.settle()
    assert pledge_of(debits).stripe_status == "active"
    assert (standing_kind(debits), debits.mail.sent) == ("pending", [])
    assert signed_in(debits, "donor@example.org").post("/topics", data={"title": "A topic"}).status_code == 403
    debits.advance(6 * DAY)
    debits.settle()
    assert standing_kind(debits) == "live"
    assert (len(debits.letters("Welcome")), len(debits.letters("Receipt"))) == (1, 1)


def test_a_pledge_whose_first_debit_fails_makes_no_patron(debits: World) -> None:
    thanks = debited(debits, FAILS_LATER, cadence="month")
    debits.settle()
    debits.advance(6 * DAY)
    debits.settle()
    assert standing_kind(debits) in ("pending", "none")
    assert (debits.letters("Welcome"), debits.letters("Receipt")) == ([], [])
    assert state_of(debits, thanks) == "Not paid"
    assert checkouts(debits) == ["complete"]
