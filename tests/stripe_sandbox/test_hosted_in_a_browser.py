"""The hosted pages in a real browser: on a phone's width, without scripts, by the keyboard alone."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from stripe import StripeClient

from tests.browser import OpenWindow
from tests.stripe_sandbox.steps import Browser, donation, pledge

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}

ASKED = "Is it you who pays €5.00?"


@pytest.fixture(autouse=True)
def every_way(browser: Browser) -> None:
    answer = browser.post_json("/_sandbox/settings", {"payment_methods": ["card", "sepa_debit", "apple_pay"]})
    assert answer.status == 200


def paid_at(browser: Browser) -> str:
    """Returns an address that answers, to be led to after the payment."""
    return f"{browser.url}/_sandbox"


def look_over(page: Page) -> None:
    """Looks for anything against WCAG 2.2 AA, and for a page wider than its window."""
    width, window = page.locator("html").evaluate("html => [html.scrollWidth, html.clientWidth]")
    assert width <= window
    found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, found.generate_report()


def tab_to(page: Page, name: str) -> None:
    """Presses Tab until the field or button of this name or value has the focus, and shows that it has it."""
    for _ in range(40):
        page.keyboard.press("Tab")
        found = page.evaluate("[document.activeElement.name, document.activeElement.value]")
        if name in found:
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none"
            return
    raise AssertionError(f"no way to {name} by Tab")


@pytest.mark.parametrize("dark", [False, True])
def test_nothing_keeps_people_out(
    client: StripeClient, browser: Browser, open_window: OpenWindow, *, dark: bool
) -> None:
    page = open_window(width=390, dark=dark)
    page.goto(str(donation(client).url))
    look_over(page)
    expect(page.get_by_label("IBAN")).to_be_hidden()
    page.get_by_label("Bank debit (SEPA)").check()
    expect(page.get_by_label("Card number")).to_be_hidden()
    look_over(page)
    page.get_by_role("button", name="Donate €5.00", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Enter an IBAN.")
    look_over(page)


def test_one_pays_by_debit_with_keys_alone_and_without_scripts(
    client: StripeClient, browser: Browser, open_window: OpenWindow
) -> None:
    page = open_window(width=390, javascript=False)
    session = pledge(client, success_url=paid_at(browser))
    page.goto(str(session.url))
    tab_to(page, "email")
    page.keyboard.type("olena@example.org")
    tab_to(page, "way")
    page.keyboard.press("ArrowDown")
    tab_to(page, "iban")
    page.keyboard.type("DE89 3704 0044 0532 0130 00")
    tab_to(page, "account_name")
    page.keyboard.type("Olena Koval")
    page.keyboard.press("Enter")
    page.wait_for_url(paid_at(browser))
    assert client.v1.checkout.sessions.retrieve(session.id).status == "complete"


def test_the_bank_asks_and_one_goes_back_and_pays(
    client: StripeClient, browser: Browser, open_window: OpenWindow
) -> None:
    page = open_window(width=390)
    session = donation(client, success_url=paid_at(browser))
    page.goto(str(session.url))
    page.get_by_label("E-mail").fill("olena@example.org")
    page.get_by_label("Card number").fill("4000 0025 0000 3155")
    page.get_by_label("Expiry").fill("12/34")
    page.get_by_label("CVC").fill("123")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading")).to_have_text(ASKED)
    look_over(page)
    tab_to(page, "fail")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("unable to authenticate")
    look_over(page)
    page.get_by_label("CVC").fill("123")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading")).to_have_text(ASKED)
    tab_to(page, "pass")
    page.keyboard.press("Enter")
    page.wait_for_url(paid_at(browser))
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_a_wallet_is_one_press(client: StripeClient, browser: Browser, open_window: OpenWindow) -> None:
    page = open_window(width=390, javascript=False)
    session = donation(client, success_url=paid_at(browser))
    page.goto(str(session.url))
    page.get_by_role("button", name="Wallet: Donate €5.00").click()
    page.wait_for_url(paid_at(browser))
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"
