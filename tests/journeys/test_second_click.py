"""What people do besides walking: click twice, go back, reload, open two tabs; and find a process gone."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.demo import Demo, running
from tests.journeys.steps import ask_for_letter, choose_amount, come_in, enter_by_link, fill_card, give, pay, saves
from tests.journeys.visitor import Visitor

GIVE = re.compile("^Give")
BALLOT = "/rounds/winter-on-the-river/ballot"
SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])


@pytest.fixture(scope="module")
def live(loaded: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One demo for all tests of this file: each has people of its own, and starts again what it ends."""
    with running(loaded, tmp_path_factory.mktemp("second-click") / "instance") as demo:
        yield demo
    assert demo.tracebacks() == []


@SCRIPTS
def test_a_double_click_is_one_attempt_and_one_receipt(visit: Visit, live: Demo, *, scripts: bool) -> None:
    email, reader, before = f"double.{scripts}@example.org", visit(scripts=scripts), live.ledger()
    fill_form(reader, email, "€25")
    reader.page.get_by_role("button", name=GIVE).dblclick()
    reader.heading("€25.00")
    reference = pay(reader)
    live.await_letter(email, "Receipt")
    live.settle()
    assert new_rows(live, before) == [(reference, "paid", 2500)]
    assert len(live.letters(email, "Receipt")) == 1


@SCRIPTS
def test_who_goes_back_and_gives_something_else_pays_only_that(visit: Visit, live: Demo, *, scripts: bool) -> None:
    email, reader, before = f"back.{scripts}@example.org", visit(scripts=scripts), live.ledger()
    fill_form(reader, email, "€25")
    reader.press(GIVE)
    reader.heading("€25.00")
    reader.page.go_back()
    reader.heading("Support The Long Bridge")
    choose_amount(reader.page, "€10")
    reader.page.get_by_label("Your e-mail").fill(email)
    reader.press(GIVE)
    reader.heading("€10.00")
    reference = pay(reader)
    live.settle()
    assert [row for row in new_rows(live, before) if row[1] == "paid"] == [(reference, "paid", 1000)]


def test_a_payment_page_that_was_paid_leads_to_the_thanks_and_a_reload_changes_nothing(
    visit: Visit, live: Demo
) -> None:
    email, reader, before = "reload@example.org", visit(), live.ledger()
    fill_form(reader, email, "€5")
    reader.press(GIVE)
    reader.heading("€5.00")
    hosted = reader.page.url
    reference = pay(reader)
    for _ in range(3):
        reader.page.reload()
        reader.sees("Received: €5.00")
    reader.go(hosted)
    reader.at(f"/support/thanks/{reference}")
    live.await_letter(email, "Receipt")
    live.settle()
    assert new_rows(live, before) == [(reference, "paid", 500)]
    assert len(live.letters(email, "Receipt")) == 1


def test_of_two_tabs_the_second_is_told_what_the_first_has_done(visit: Visit) -> None:
    patron = visit()
    give(patron, "€5", "tabs@example.org")
    come_in(patron, "tabs@example.org", path=BALLOT)
    first = patron.page
    patron.page = second = first.context.new_page()
    patron.go(BALLOT)
    titles = second.locator(".choice b").all_inner_texts()
    first.locator(".choice").nth(0).click()
    expect(first.locator("#receipt")).to_be_visible()
    with second.expect_response(lambda response: response.request.method == "POST") as answered:
        second.locator(".choice").nth(1).click()
    assert answered.value.status == 409
    expect(second.locator(".notice", has_text="What stands now")).to_contain_text(titles[0])
    expect(second.locator(".choice", has_text=titles[1]).get_by_role("checkbox")).to_be_checked()
    patron.look_over()
    patron.press("Save the change")
    patron.sees("Your vote is in")
    expect(second.get_by_role("checkbox", checked=True)).to_have_count(1)


def test_who_was_signed_out_while_voting_comes_back_to_the_ballot(visit: Visit) -> None:
    patron, email = visit(), "away.for.long@example.org"
    give(patron, "€5", email)
    come_in(patron, email, path=BALLOT)
    patron.page.context.clear_cookies()
    patron.page.locator(".choice").first.click()
    patron.at("/sign-in")
    enter_by_link(patron, ask_for_letter(patron, email))
    patron.at(BALLOT)
    saves(patron, patron.page.locator(".choice").first.click)
    patron.sees("Your vote is in")


def test_without_stripe_nothing_is_taken_and_articles_are_there(visit: Visit, live: Demo) -> None:
    reader = visit()
    fill_form(reader, "away@example.org", "€10")
    live.stop("sandbox")
    try:
        with reader.page.expect_response(lambda response: response.request.method == "POST") as answered:
            reader.press(GIVE)
        assert answered.value.status == 503
        assert int(answered.value.headers["retry-after"]) > 0
        reader.sees("Payments cannot be reached right now. Nothing was taken.")
        reader.look_over()
        reader.go("/articles/forty-eight-heaters")
        reader.follow("Become a patron", within="#appeal")
    finally:
        live.start("sandbox")
    fill_form(reader, "away@example.org", "€10")
    reader.press(GIVE)
    pay(reader)


def test_without_a_worker_the_thanks_page_knows_and_the_letter_comes_later(visit: Visit, live: Demo) -> None:
    email, reader = "later@example.org", visit()
    live.stop("worker")
    try:
        fill_form(reader, email, "€10")
        reader.press(GIVE)
        pay(reader)
        reader.sees("Received: €10.00", "A receipt is on its way")
        assert live.letters(email) == []
    finally:
        live.start("worker")
    live.await_letter(email, "Receipt")


def test_a_payment_page_that_was_left_says_so_when_it_has_expired(visit: Visit, live: Demo) -> None:
    reader = visit()
    fill_form(reader, "left@example.org", "€10")
    reader.press(GIVE)
    reader.heading("€10.00")
    now = live.ask(live.sandbox_port, "GET", "/_sandbox/health")["now"]
    live.ask(live.sandbox_port, "POST", "/_sandbox/advance", {"to": now + 3600})
    live.settle()
    fill_card(reader.page, "4242 4242 4242 4242")
    reader.page.locator("form button").click()
    reader.heading("This payment page has expired.")
    reader.look_over()
    reader.follow("Go back")
    reader.at("/support")


def fill_form(visitor: Visitor, email: str, amount: str) -> None:
    visitor.go("/support?cadence=once")
    choose_amount(visitor.page, amount)
    visitor.page.get_by_label("Your e-mail").fill(email)


def new_rows(live: Demo, before: list[dict[str, Any]]) -> list[tuple[str, str, int]]:
    """Says what the ledger has besides: attempt, status and amount."""
    known = {row["attempt"] for row in before}
    return [
        (row["attempt"], row["status"], row["amount_minor"]) for row in live.ledger() if row["attempt"] not in known
    ]
