"""The walk's second stretch: a donation with its receipt, a pledge with its account."""

import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import expect

from tests.journeys.steps import DECLINED, ask_for_letter, choose_amount, enter_by_link, fill_card, pay
from tests.journeys.visitor import Visitor
from tests.journeys.walk import DONOR, PATRON, Walk, Way


def gives_once(walk: Walk, reader: Visitor) -> None:
    page, way = reader.page, walk.way
    reader.at("/support")
    expect(page.locator("#cadence [aria-current]")).to_have_text("Monthly")
    reader.sees("€60 a year", "Lamplighter", "Bridge Keeper", "Night Printer", "THE LONG BRIDGE", "You pay by card")
    amounts = [int(text.strip("€")) for text in page.locator(".amounts b").all_inner_texts()[:-1]]
    assert amounts == sorted(amounts)
    reader.look_over()
    reader.follow("Yearly")
    reader.sees("How much a year?", "from €30 a year")
    reader.follow("Once")
    reader.sees("How much, once?", "One charge today, and none after it.")
    assert page.locator("#currency a").all_inner_texts() == ["EUR", "USD", "UAH", "JPY"]
    reader.follow(way.currency, within="#currency")
    reader.sees(f"Other amount in {way.currency}")
    is_refused_a_wrong_amount(reader)
    page.get_by_label(f"Other amount in {way.currency}").fill(way.typed)
    page.get_by_label("Other", exact=True).check()
    page.get_by_label("Your e-mail").fill(DONOR)
    reader.press(re.compile(r"^Give .*once"))
    is_declined_first(reader, way)
    walk.paid[pay(reader)] = (way.minor, way.currency)
    reader.sees(f"Received: {way.written}")
    reader.look_over()


def is_refused_a_wrong_amount(reader: Visitor) -> None:
    reader.page.get_by_label("Other", exact=True).check()
    reader.page.get_by_label(re.compile("^Other amount")).fill("-5")
    reader.press(re.compile("^Give"))
    reader.sees("One thing is not right yet")
    expect(reader.page.get_by_label(re.compile("^Other amount"))).to_have_value("-5")
    reader.look_over()


def is_declined_first(reader: Visitor, way: Way) -> None:
    reader.heading(way.hosted)
    reader.look_over()
    fill_card(reader.page, DECLINED)
    reader.page.locator("form button").click()
    reader.sees("The payment did not go through", "declined", "Nothing was taken")
    expect(reader.page).to_have_url(re.compile(re.escape(reader.demo.sandbox_url)))
    reader.look_over()


def has_one_receipt(walk: Walk, reader: Visitor) -> None:
    walk.live.await_letter(DONOR, "Receipt")
    walk.live.settle()
    for _ in range(3):
        reader.go(walk.live.sandbox_url + "/_sandbox")
        rows = reader.page.get_by_role("row").filter(has_text="checkout.session.completed")
        rows.first.get_by_role("button").click()
        reader.heading("Sandbox console")
    walk.live.settle()
    reader.go("/dev/mail")
    letters = reader.page.get_by_role("row").filter(has_text=DONOR)
    expect(letters).to_have_count(1)
    reader.look_over()
    letters.get_by_role("link").click()
    reader.sees("Receipt", walk.way.written, "THE LONG BRIDGE")
    reader.look_over()


def becomes_a_patron(walk: Walk, reader: Visitor) -> None:
    reader.go(f"/articles/{walk.shelf.articles[0].slug}")
    reader.follow("Become a patron", within="#appeal")
    reader.at("/support")
    expect(reader.page.locator("#cadence [aria-current]")).to_have_text("Monthly")
    choose_amount(reader.page, "€10")
    reader.page.get_by_label("Your e-mail").fill(PATRON)
    if walk.way.scripts:
        expect(reader.page.locator("[data-give]")).to_have_text("Give €10 every month")
    reader.look_over(picture=walk.picture("support-390"))
    reader.press(re.compile("^Give"))
    reader.sees("every month")
    walk.paid[pay(reader)] = (1000, "EUR")
    reader.sees("Received: €10.00", "The same every month", "You are a patron now")
    reader.look_over()
    welcome = walk.live.await_letter(PATRON, "Welcome")
    assert "Bridge Keeper" in welcome.text
    assert "Next:" in walk.live.await_letter(PATRON, "Receipt").text


def signs_in(walk: Walk, reader: Visitor) -> Visitor:
    reader.follow("My account", within="header")
    reader.at("/sign-in")
    reader.look_over()
    path = ask_for_letter(reader, PATRON)
    reader.look_over()
    elsewhere = walk.come()
    elsewhere.go(path)
    elsewhere.heading("One press, and you are in")
    elsewhere.look_over()
    enter_by_link(elsewhere, path)
    elsewhere.sees(PATRON)
    elsewhere.press("Sign out")
    elsewhere.go(path, status=410)
    elsewhere.look_over()
    reader.go("/account")
    ask_for_letter(reader, PATRON)
    code = walk.live.letters(PATRON, "is your code")[0].subject[:6]
    reader.page.get_by_label("Code of six digits").fill(f"{(int(code) + 1) % 10**6:06d}")
    reader.press("Sign in")
    reader.sees("This is not the code")
    reader.look_over()
    reader.page.get_by_label("Code of six digits").fill(code)
    reader.press("Sign in")
    reader.at("/account")
    return reader


def stops_and_goes_on(walk: Walk, patron: Visitor) -> None:
    page = patron.page
    patron.sees("Bridge Keeper", "€10.00 every month", "Visa card ending 4242", "Monthly support", "Paid")
    next_charge = page.locator(".pledge time").first.get_attribute("datetime") or ""
    assert timedelta(days=27) < datetime.fromisoformat(next_charge) - datetime.now(UTC) < timedelta(days=32)
    patron.look_over(picture=walk.picture("account-390"))
    patron.follow(re.compile("^Receipt"))
    patron.heading(re.compile(r"\d{4}-\d{5}"))
    patron.sees("€10.00", "Monthly support", PATRON)
    patron.look_over()
    patron.follow("Back to my account")
    page.get_by_text("Stop giving").click()
    patron.press("Stop my €10.00 every month")
    patron.sees("Stopped", "Nothing is charged any more")
    patron.look_over()
    patron.press("Undo: go on giving")
    patron.sees("Next charge:")
