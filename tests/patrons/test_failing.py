"""A renewal that fails: letters by reason on four days, links that mend or stop, and an end that is told."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from membership.db import transaction
from membership.outbox.rows import put_off
from membership.patrons.failing import AUTHENTICATION, EXPIRED, INSUFFICIENT, KINDS, LOST, OTHER, PROCESSOR, kind_of
from membership.patrons.models import FailedRenewal, Pledge
from tests.behaviours.acts import PATRON, pays, pledge_of, pledged, signed_in, standing_kind, text_of, written_day
from tests.money import DAY, FAILS_LATER, GOOD, World
from tests.stripe_sandbox.steps import Browser

SAFE = "your vote is safe until"
HOUR = 3600


def fails(newsroom: World, **typed: str) -> None:
    """Pledges €5 a month with a card that fails later, and lets a month go by until it has."""
    answer = newsroom.give(newsroom.browser(), cadence="month", email=PATRON)
    assert pays(newsroom, answer.location, **{"card_number": FAILS_LATER} | typed).status == 303
    newsroom.settle()
    until = pledge_of(newsroom).period_end_at + timedelta(hours=2)
    newsroom.advance(int((until - newsroom.clock.now()).total_seconds()))
    newsroom.settle()


def goes_by(newsroom: World, days: float) -> None:
    newsroom.advance(int(days * DAY))
    newsroom.settle()


def failed_renewal(newsroom: World) -> FailedRenewal:
    with newsroom.session() as session:
        return session.scalars(select(FailedRenewal)).one()


def link(newsroom: World, purpose: str) -> str:
    """Returns the path of the link in the newest letter about the failure."""
    found = re.search(rf"http://localhost:8000(/links/{purpose}/\S+)", text_of(newsroom.letters(SAFE)[-1]))
    assert found
    return found[1]


def invoice_state(newsroom: World) -> str:
    return str(newsroom.api.v1.invoices.retrieve(failed_renewal(newsroom).invoice).status)


def test_four_letters_say_why_what_comes_next_and_until_when(newsroom: World) -> None:
    fails(newsroom)
    (first,) = newsroom.letters(SAFE)
    assert str(first["To"]) == PATRON
    assert "Olena" in str(first["Reply-To"]) or "@" in str(first["Reply-To"])
    text = text_of(first)
    failed = failed_renewal(newsroom)
    assert failed.next_try_at is not None
    assert "your bank said no, and not why" in text
    assert f"will be asked again on {written_day(failed.next_try_at)}" in text
    assert f"we end it on {written_day(failed.ends_at)}" in text
    assert "/links/mend/" in text
    assert "/links/stop/" in text
    for day, letters in ((2, 1), (1, 2), (4, 3), (5.5, 3), (0.5, 4)):
        goes_by(newsroom, day)
        assert len(newsroom.letters(SAFE)) == letters
    assert "This is the last letter before your pledge ends." in text_of(newsroom.letters(SAFE)[-1])
    assert standing_kind(newsroom) == "grace"


def test_at_the_end_of_the_grace_the_invoice_is_voided_the_pledge_ends_and_one_more_letter_says_so(
    newsroom: World,
) -> None:
    fails(newsroom)
    goes_by(newsroom, 14)
    newsroom.settle()
    assert invoice_state(newsroom) == "void"
    assert pledge_of(newsroom).stripe_status == "canceled"
    (letter,) = newsroom.letters("has ended; nothing is owed")
    assert "you owe us nothing" in text_of(letter)
    written = len(newsroom.mail.sent)
    again(newsroom)
    assert "Your pledge has ended" in newsroom.browser().get(link(newsroom, "mend")).text
    goes_by(newsroom, 20)
    assert len(newsroom.mail.sent) == written
    assert failed_renewal(newsroom).outcome == "ended"


def again(newsroom: World) -> None:
    """Lets a worker carry out the end of the grace once more, as after a crash."""
    failed, now = failed_renewal(newsroom), newsroom.clock.now()
    with newsroom.session() as session, transaction(session):
        put_off(session, "end_of_grace", failed.invoice, {"invoice": failed.invoice}, due_at=now, now=now)
    newsroom.settle()


@pytest.mark.parametrize("first", ["invoice.payment_failed", "customer.subscription.updated"])
def test_a_renewal_that_fails_has_its_own_grace_though_nobody_told_us_that_the_one_before_was_paid(
    newsroom: World, first: str
) -> None:
    fails(newsroom)
    invoice = failed_renewal(newsroom).invoice
    page = newsroom.api.v1.invoices.retrieve(invoice).hosted_invoice_url
    assert pays(newsroom, str(page), card_number=GOOD).status == 303
    until = pledge_of(newsroom).period_end_at + timedelta(hours=2)
    newsroom.advance(int((until - newsroom.clock.now()).total_seconds()))
    # Of all that happened, only the newest of one kind comes through.
    (*_, newest) = [event for event in newsroom.events() if event["type"] == first]
    assert newsroom.post_event(str(newest).encode()).status_code == 200
    newsroom.work()
    assert standing_kind(newsroom) == "grace"
    assert pledge_of(newsroom).grace_until == until - timedelta(hours=2) + timedelta(days=14)
    newsroom.settle()
    assert (pledge_of(newsroom).stripe_status, pledge_of(newsroom).live) == ("past_due", True)
    assert standing_kind(newsroom) == "grace"


@pytest.mark.parametrize(("days", "letters"), [(16, 1), (40, 0)])
def test_what_a_pledge_asks_for_that_stripe_ended_unheard_is_voided_and_told_while_it_is_news(
    newsroom: World, days: int, letters: int
) -> None:
    answer = newsroom.give(newsroom.browser(), cadence="month", email=PATRON)
    assert pays(newsroom, answer.location, card_number=FAILS_LATER).status == 303
    newsroom.advance(31 * DAY)
    newsroom.advance(days * DAY)
    # In one batch, the failed renewal before the first payment.
    for event in reversed(newsroom.events()):
        assert newsroom.post_event(str(event).encode()).status_code == 200
    newsroom.work()
    assert pledge_of(newsroom).why == "ended"
    assert invoice_state(newsroom) == "void"
    assert newsroom.letters(SAFE) == []
    assert len(newsroom.letters("has ended; nothing is owed")) == letters
    goes_by(newsroom, 20)
    assert len(newsroom.letters("has ended; nothing is owed")) == letters


def test_the_link_mends_it_without_signing_in_and_the_letters_end(newsroom: World) -> None:
    fails(newsroom)
    mend, guest = link(newsroom, "mend"), newsroom.browser()
    for _ in range(3):
        assert "Pay €5.00 at Stripe" in guest.get(mend).text
    assert failed_renewal(newsroom).acted_at is None
    answer = guest.post(mend)
    assert answer.status_code == 303
    assert answer.location == newsroom.api.v1.invoices.retrieve(failed_renewal(newsroom).invoice).hosted_invoice_url
    paid = Browser(newsroom.sandbox.url).post(
        "/" + answer.location.split("/", 3)[3],
        {"card_number": GOOD, "card_expiry": "12/34", "card_cvc": "123", "email": PATRON},
    )
    assert paid.status == 303
    newsroom.settle()
    goes_by(newsroom, 15)
    assert failed_renewal(newsroom).outcome == "paid"
    assert len(newsroom.letters(SAFE)) == 1
    assert newsroom.letters("nothing is owed") == []
    assert standing_kind(newsroom) == "live"
    assert "Nothing is open" in guest.get(mend).text
    assert guest.post(mend).location == mend


def test_the_account_says_the_same_in_words_and_leads_to_the_same_place(newsroom: World) -> None:
    fails(newsroom)
    client = signed_in(newsroom)
    page = client.get("/account").text
    failed = failed_renewal(newsroom)
    assert failed.next_try_at is not None
    assert "your bank said no, and not why" in page
    assert f"Your bank will be asked again on {written_day(failed.next_try_at)}" in page
    found = re.search(r'href="(/links/mend/[^"]+)"', page)
    assert found
    assert "Pay €5.00 at Stripe" in client.get(found[1]).text


def test_another_card_at_stripes_own_page_is_asked_next_time(newsroom: World) -> None:
    fails(newsroom)
    mend, guest = link(newsroom, "mend"), newsroom.browser()
    assert "Give another card" in guest.get(mend).text
    answer = guest.post(mend, data={"way": "card"})
    assert answer.status_code == 303
    assert answer.location.startswith(newsroom.sandbox.url)
    browser = Browser(newsroom.sandbox.url)
    path = "/" + answer.location.split("/", 3)[3]
    typed = {"card_number": "5555555555554444", "card_expiry": "12/34", "card_cvc": "123"}
    assert browser.post(f"{path}/card" if "/card" not in path else path, typed).status == 303
    newsroom.settle()
    assert "Your new card is noted" in guest.get(mend).text
    goes_by(newsroom, 4)
    assert failed_renewal(newsroom).outcome == "paid"
    assert len(newsroom.letters(SAFE)) == 1


def test_who_set_out_to_mend_it_is_left_alone_until_the_bank_says_no_again(newsroom: World) -> None:
    fails(newsroom)
    newsroom.browser().post(link(newsroom, "mend"))
    goes_by(newsroom, 2.8)
    assert len(newsroom.letters(SAFE)) == 1
    goes_by(newsroom, 5)
    assert len(newsroom.letters(SAFE)) == 2


def test_stop_here_ends_the_pledge_at_once_and_no_letter_follows_but_the_proof(newsroom: World) -> None:
    fails(newsroom)
    stop, guest = link(newsroom, "stop"), newsroom.browser()
    assert "Stop my €5.00 every month" in guest.get(stop).text
    assert pledge_of(newsroom).ended_at is None
    answer = guest.post(stop)
    assert (answer.status_code, answer.location) == (303, stop)
    assert "This pledge has ended" in guest.get(stop).text
    goes_by(newsroom, 15)
    assert len(newsroom.letters(SAFE)) == 1
    assert newsroom.letters("nothing is owed") == []
    assert invoice_state(newsroom) == "void"


def test_a_payment_at_the_last_moment_keeps_the_pledge(newsroom: World) -> None:
    fails(newsroom)
    invoice = failed_renewal(newsroom).invoice
    method = newsroom.api.v1.payment_methods.attach(
        "pm_card_visa", {"customer": str(newsroom.api.v1.invoices.retrieve(invoice).customer)}
    )
    newsroom.api.v1.invoices.pay(invoice, {"payment_method": method.id})
    newsroom.advance(14 * DAY)
    newsroom.work()
    assert failed_renewal(newsroom).outcome == "paid"
    assert newsroom.api.v1.subscriptions.retrieve(pledge_of(newsroom).subscription).status == "active"
    assert newsroom.letters("nothing is owed") == []


def test_an_expired_card_is_called_so(newsroom: World) -> None:
    soon = newsroom.clock.now()
    fails(newsroom, card_number=GOOD, card_expiry=f"{soon:%m/%y}")
    assert "Your card ending 4242 has expired" in str(newsroom.letters(SAFE)[0]["Subject"])
    assert "Renew the card" in text_of(newsroom.letters(SAFE)[0])


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        ("expired_card", EXPIRED),
        ("insufficient_funds", INSUFFICIENT),
        ("authentication_required", AUTHENTICATION),
        ("lost_card", LOST),
        ("stolen_card", LOST),
        ("processing_error", PROCESSOR),
        ("a_word_of_tomorrow", OTHER),
        (None, OTHER),
    ],
)
def test_the_banks_words_are_sorted_by_what_helps(cause: str | None, kind: str) -> None:
    assert kind_of(FailedRenewal(cause=cause)) == kind


def test_faults_of_the_processor_are_passed_over_in_silence(newsroom: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "card_declined", PROCESSOR)
    fails(newsroom)
    goes_by(newsroom, 8)
    assert newsroom.letters(SAFE) == []
    assert failed_renewal(newsroom).over_at is None


def test_nobody_elses_account_opens_a_link_and_an_altered_one_is_none(newsroom: World) -> None:
    fails(newsroom)
    mend, stop = link(newsroom, "mend"), link(newsroom, "stop")
    guest = newsroom.browser()
    assert guest.post(mend.replace("/mend/", "/stop/")).status_code == 404
    assert guest.post(stop[:-3] + "abc").status_code == 404
    newsroom.advance(31 * DAY)
    assert guest.post(mend).status_code == 410
    assert guest.get(stop).status_code == 200
    newsroom.advance(370 * DAY)
    assert guest.post(stop).status_code == 410


def test_a_renewal_that_goes_well_writes_no_such_letter(newsroom: World) -> None:
    pledged(newsroom)
    goes_by(newsroom, 32)
    assert newsroom.letters(SAFE) == []
    with newsroom.session() as session:
        assert session.scalars(select(FailedRenewal)).all() == []
        assert session.scalars(select(Pledge.live)).all() == [True]
