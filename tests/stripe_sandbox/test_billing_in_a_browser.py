"""The pages of the portal and of an invoice in a real browser: a phone's width, no scripts, the keyboard, axe."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect
from stripe import StripeClient

from membership.stripe_sandbox.payments.cards import FAILS_LATER
from tests.browser import OpenWindow
from tests.stripe_sandbox.renewing import begun, latest, past_period
from tests.stripe_sandbox.steps import GOOD, Browser
from tests.stripe_sandbox.test_hosted_in_a_browser import look_over, tab_to


@pytest.mark.parametrize("dark", [False, True])
def test_the_portal_keeps_nobody_out(
    client: StripeClient, browser: Browser, open_window: OpenWindow, *, dark: bool
) -> None:
    subscription = past_period(client, browser, begun(client, browser))
    page = open_window(width=390, dark=dark)
    params: Any = {"customer": str(subscription.customer), "return_url": f"{browser.url}/_sandbox"}
    page.goto(client.v1.billing_portal.sessions.create(params).url)
    look_over(page)
    page.get_by_role("link", name="Use another card").click()
    look_over(page)
    page.get_by_role("button", name="Save this card").click()
    expect(page.get_by_role("alert")).to_contain_text("Enter a card number.")
    look_over(page)


def test_a_card_is_changed_by_the_keyboard(client: StripeClient, browser: Browser, open_window: OpenWindow) -> None:
    subscription = begun(client, browser)
    page = open_window(width=390)
    params: Any = {"customer": str(subscription.customer), "return_url": f"{browser.url}/_sandbox"}
    page.goto(f"{client.v1.billing_portal.sessions.create(params).url}/card")
    _type_card(page, "5555555555554444")
    expect(page.get_by_text("Mastercard ending in 4444")).to_be_visible()


def test_an_open_invoice_is_paid_by_the_keyboard(
    client: StripeClient, browser: Browser, open_window: OpenWindow
) -> None:
    behind = past_period(client, browser, begun(client, browser, FAILS_LATER))
    page = open_window(width=390)
    page.goto(str(latest(client, behind).hosted_invoice_url))
    look_over(page)
    _type_card(page, GOOD)
    expect(page.get_by_text("This invoice is paid.")).to_be_visible()
    look_over(page)


def _type_card(page: Page, number: str) -> None:
    for name, text in (("card_number", number), ("card_expiry", "12/34"), ("card_cvc", "123")):
        tab_to(page, name)
        page.keyboard.type(text)
    page.keyboard.press("Enter")
