"""Steps that several journeys take: pay at the sandbox's page, come in by a letter, move the clock."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from playwright.sync_api import Page, expect

from tests.journeys.visitor import Visitor

GOOD, DECLINED = "4242 4242 4242 4242", "4000 0000 0000 0002"
LINK = re.compile(r"https?://[^\s/]+(/sign-in/\S+)")
REFERENCE = re.compile(r"/support/thanks/([0-9a-f-]{36})")


def fill_card(page: Page, number: str, *, email: str = "") -> None:
    """Types a card into the hosted page, and the address if the page asks for one."""
    if email:
        page.get_by_label("E-mail").fill(email)
    page.get_by_label("Card number").fill(number)
    page.get_by_label("Expiry").fill("12/34")
    page.get_by_label("CVC").fill("123")


def pay(visitor: Visitor) -> str:
    """Pays with a good card, waits until the newsroom says "received", and returns the attempt's reference."""
    fill_card(visitor.page, GOOD)
    visitor.page.locator("form button").click()
    expect(visitor.page).to_have_url(REFERENCE)
    visitor.heading("Thank you.")
    return reference_in(visitor.page.url)


def give(visitor: Visitor, amount: str, email: str) -> str:
    """Gives an amount that the form offers in euros every month, and returns the attempt's reference."""
    visitor.go("/support?cadence=month")
    choose_amount(visitor.page, amount)
    visitor.page.get_by_label("Your e-mail").fill(email)
    visitor.press(re.compile("^Give"))
    return pay(visitor)


def choose_amount(page: Page, amount: str) -> None:
    """Picks one of the offered amounts, as it is written on the page."""
    page.locator(".choices label", has=page.get_by_text(amount, exact=True)).click()


def reference_in(url: str) -> str:
    found = REFERENCE.search(url)
    assert found, url
    return found[1]


def ask_for_letter(visitor: Visitor, email: str) -> str:
    """Asks on the sign-in page for a letter, and returns the path of the link in it."""
    before = len(visitor.demo.letters(email, "is your code"))
    visitor.page.get_by_label("Your e-mail").fill(email)
    visitor.press("Send me the mail")
    visitor.heading("Look in your mail")
    return link_in(visitor.demo.await_letter(email, "is your code", after=before).text)


def link_in(text: str) -> str:
    """Returns the path of the link in a letter that signs in."""
    found = LINK.search(text)
    assert found, text
    return found[1]


def enter_by_link(visitor: Visitor, path: str) -> None:
    """Opens the link of a letter, and presses the button there."""
    visitor.go(path)
    visitor.press("Sign me in")
    visitor.page.wait_for_url(lambda url: "/sign-in" not in url)


def come_in(visitor: Visitor, email: str, *, path: str = "/account") -> None:
    """Goes to a page that asks who is there, and comes in by the letter's link."""
    visitor.go(path)
    visitor.at("/sign-in")
    enter_by_link(visitor, ask_for_letter(visitor, email))
    visitor.at(path)


def move_clock(visitor: Visitor, to: datetime) -> None:
    """Moves the demo's clock in the sandbox's console, and waits for what falls due."""
    visitor.go(visitor.demo.sandbox_url + "/_sandbox")
    visitor.page.get_by_label("To a time (UTC)").fill((to + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M"))
    visitor.press("Move the clock")
    visitor.demo.settle()


def saves(visitor: Visitor, *clicks: Callable[[], None]) -> None:
    """Makes choices on a ballot: with scripts each is kept at once, without them the form's button keeps all."""
    for click in clicks:
        if not visitor.scripts:
            click()
            continue
        with visitor.page.expect_response(lambda answer: answer.request.method == "POST" and answer.ok):
            click()
        expect(visitor.page.locator("#saved")).to_contain_text(re.compile("Saved|withdrawn"))
    if not visitor.scripts:
        visitor.press(re.compile("^(Cast the vote|Save the change)"))
