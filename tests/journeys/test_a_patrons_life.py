"""A patron's life in a browser: changing, failing, stopping, leaving, each as the pages and letters say it."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from membership.clock import ShiftedClock
from tests.journeys.conftest import Visit
from tests.journeys.demo import Demo, running
from tests.journeys.steps import choose_amount, come_in, fill_card, give, move_clock, reference_in
from tests.journeys.visitor import Visitor
from tests.money import FAILS_LATER

LINK = r"https?://[^\s/]+(/links/{purpose}/\S+)"
NEXT = "Next charge: {money} on"


@pytest.fixture(scope="module")
def live(loaded: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One demo for all tests of this file, whose clock only goes on: each has a person of its own."""
    with running(loaded, tmp_path_factory.mktemp("life") / "instance") as demo:
        yield demo
    assert demo.tracebacks() == []


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_after_each_change_the_next_charge_stands_there(visit: Visit, *, scripts: bool) -> None:
    email = f"changes.{scripts}@example.org"
    patron = visit(width=390, dark=not scripts, scripts=scripts)
    give(patron, "€10", email)
    come_in(patron, email)
    gives_less(patron)
    gives_once_a_year(patron)
    moves_the_day(patron)
    skips_and_goes_on(patron)
    pauses_and_goes_on(patron)


def gives_less(patron: Visitor) -> None:
    patron.go("/account/changes")
    patron.look_over()
    patron.follow("Pay more or less")
    patron.page.get_by_label(re.compile("^Amount in EUR")).fill("0.50")
    patron.press("See what changes")
    patron.sees("One thing is not right yet")
    patron.look_over()
    patron.page.get_by_label(re.compile("^Amount in EUR")).fill("7")
    patron.press("See what changes")
    patron.sees("you pay €7.00 every month", NEXT.format(money="€7.00"), "ending 4242", "Nothing is charged today.")
    patron.look_over()
    patron.press("Pay €7.00 every month")
    patron.sees("€7.00 every month", NEXT.format(money="€7.00"))


def gives_once_a_year(patron: Visitor) -> None:
    patron.go("/account/changes")
    patron.follow("Give once a year instead of every month")
    patron.page.get_by_label(re.compile("^Amount in EUR")).fill("70")
    patron.press("See what changes")
    patron.sees("you pay €70.00 every year")
    patron.look_over()
    patron.press("Pay €70.00 every year")
    patron.sees("A change is to come", "you pay €70.00 every year")
    patron.look_over()
    patron.press("Take this change back")
    expect(patron.page.get_by_text("A change is to come")).to_have_count(0)


def moves_the_day(patron: Visitor) -> None:
    patron.go("/account/changes/date")
    charged_at = datetime.fromisoformat(patron.page.locator("main time").first.get_attribute("datetime") or "")
    patron.page.get_by_label("Day of the next charge").fill(f"{charged_at + timedelta(days=3):%Y-%m-%d}")
    patron.press("See what changes")
    patron.sees("The next charge moves to", NEXT.format(money="€7.00"))
    patron.look_over()
    patron.press(re.compile("^Move it to"))
    patron.sees(NEXT.format(money="€7.00"))


def skips_and_goes_on(patron: Visitor) -> None:
    patron.go("/account/changes")
    patron.press("Skip a month")
    patron.sees("Put off", NEXT.format(money="€7.00"))
    patron.look_over()
    goes_on(patron)


def pauses_and_goes_on(patron: Visitor) -> None:
    patron.go("/account/changes")
    patron.press("Pause for 2 months")
    patron.sees("Paused", "Nothing is charged in that time.", NEXT.format(money="€7.00"))
    patron.look_over()
    goes_on(patron)


def goes_on(patron: Visitor) -> None:
    patron.go("/account/changes")
    patron.press("Go on now")
    patron.sees(NEXT.format(money="€7.00"))


def test_who_stops_has_the_proof_can_undo_it_and_is_welcome_back(visit: Visit) -> None:
    patron, email = visit(width=390), "leaves@example.org"
    give(patron, "€10", email)
    come_in(patron, email)
    stops(patron, email, proofs=1)
    patron.press("Undo: go on giving")
    patron.sees(NEXT.format(money="€10.00"))
    stops(patron, email, proofs=2)
    passes(patron, days=33)
    come_in(patron, email)
    patron.sees("Ended")
    patron.look_over()
    patron.follow("Become a patron again")
    patron.at("/support")
    expect(patron.page.locator(".choices input:checked")).to_have_value(re.compile(r"^10"))


def stops(patron: Visitor, email: str, *, proofs: int) -> None:
    patron.go("/account")
    patron.follow("Stop giving")
    patron.look_over()
    patron.press("Stop my €10.00 every month")
    patron.sees("Stopped", "Proof is in your mail.")
    patron.look_over()
    patron.demo.await_letter(email, "Stopped: your €10.00", after=proofs - 1)


def test_a_card_that_fails_is_mended_by_the_link_and_one_that_is_not_ends_the_pledge(visit: Visit) -> None:
    mended, ended = "mends@example.org", "ends@example.org"
    for email in (mended, ended):
        gives_with_a_card_that_fails_later(visit(), email)
    reader = visit(width=390)
    passes(reader, days=32)
    mends(visit(width=390, scripts=False), mended)
    passes(reader, days=14)
    reader.demo.await_letter(ended, "has ended; nothing is owed")
    assert reader.demo.letters(mended, "has ended") == []
    come_in(reader, mended)
    reader.sees(NEXT.format(money="€10.00"))


def gives_with_a_card_that_fails_later(reader: Visitor, email: str) -> None:
    reader.go("/support?cadence=month")
    choose_amount(reader.page, "€10")
    reader.page.get_by_label("Your e-mail").fill(email)
    reader.press(re.compile("^Give"))
    fill_card(reader.page, FAILS_LATER)
    reader.page.locator("form button").click()
    reader.heading("Thank you.")
    reference_in(reader.page.url)


def mends(guest: Visitor, email: str) -> None:
    letter = guest.demo.await_letter(email, "your vote is safe until").text
    guest.go(link_of("mend", letter))
    guest.sees("your bank said no")
    guest.look_over()
    guest.press("Pay €10.00 at Stripe")
    fill_card(guest.page, "4242 4242 4242 4242")
    guest.page.locator("form button").click()
    guest.page.wait_for_load_state()
    guest.demo.settle()
    guest.go(link_of("mend", letter))
    guest.sees("Nothing is open")
    guest.look_over()


def test_without_signing_in_a_pledge_is_stopped_and_a_payment_taken_back(visit: Visit) -> None:
    guest, stopping, withdrawing = visit(width=390, scripts=False), "stops@example.org", "withdraws@example.org"
    for email in (stopping, withdrawing):
        give(visit(width=390), "€10", email)
    guest.go(asks_for_help(guest, "Stop my pledge", stopping, "stop"))
    guest.look_over()
    guest.press("Stop")
    guest.sees("Stopped", "Nothing is charged any more.")
    guest.demo.await_letter(stopping, "Stopped: your €10.00")
    guest.go(asks_for_help(guest, "Take a payment back", withdrawing, "withdraw"))
    guest.look_over()
    guest.press("Take €10.00 back")
    guest.sees("Withdrawn", "Your pledge has ended.")
    guest.look_over()
    guest.demo.await_letter(withdrawing, "is on its way back")


def asks_for_help(guest: Visitor, topic: str, email: str, purpose: str) -> str:
    """Asks for help by the form, and returns the path of the link in the letter that comes."""
    guest.go("/support/help")
    guest.page.get_by_label(topic).check()
    guest.page.get_by_label("Your e-mail").fill(email)
    guest.press("Send me the letter")
    guest.sees("A letter is on its way")
    guest.look_over()
    return link_of(purpose, guest.demo.await_letter(email, "Your question to").text)


def test_a_patron_reads_everything_about_themselves_and_is_forgotten(visit: Visit) -> None:
    patron, email = visit(width=390), "forgotten@example.org"
    give(patron, "€10", email)
    come_in(patron, email, path="/account/privacy")
    patron.look_over()
    patron.follow("Read it")
    patron.sees(email, "€10.00")
    patron.look_over()
    patron.go("/account/privacy")
    patron.page.get_by_label(re.compile("^Type your address")).fill("somebody@example.org")
    patron.press("Erase my account for good")
    patron.sees("One thing is not right yet")
    patron.page.get_by_label(re.compile("^Type your address")).fill(email)
    patron.press("Erase my account for good")
    patron.heading("Your account is erased")
    patron.look_over()
    patron.go("/account")
    patron.at("/sign-in")
    patron.demo.settle()


def link_of(purpose: str, text: str) -> str:
    """Returns the path of a letter's link."""
    found = re.search(LINK.format(purpose=purpose), text)
    assert found, text
    return found[1]


def passes(visitor: Visitor, *, days: int) -> None:
    """Lets days go by, for everybody."""
    move_clock(visitor, ShiftedClock(visitor.demo.instance / "clock").now() + timedelta(days=days))
