"""The console in a real browser: on a phone's width and a desk's, light and dark, without scripts, with keys alone."""

import pytest
from playwright.sync_api import expect
from stripe import StripeClient

from tests.browser import OpenWindow
from tests.stripe_sandbox.receiver import Receiver
from tests.stripe_sandbox.steps import Browser, donation
from tests.stripe_sandbox.test_hosted_in_a_browser import look_over, tab_to
from tests.stripe_sandbox.test_webhooks import flushed, listening


@pytest.fixture
def busy(client: StripeClient, browser: Browser, receiver: Receiver) -> None:
    """A sandbox with a payment, deliveries, faults of both sides and a snapshot."""
    listening(client, receiver, "*")
    receiver.answers = [500]
    browser.pay(donation(client))
    flushed(browser)
    for fault in ({"kind": "lost", "path": "/v1/checkout/sessions"}, {"kind": "delay", "lasts": 3600}):
        browser.post_json("/_sandbox/faults", fault)
    browser.post_json("/_sandbox/snapshot", {"name": "a-gift-was-given"})


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize(("width", "dark"), [(390, False), (1280, True)])
def test_no_page_of_the_console_keeps_people_out(
    browser: Browser, open_window: OpenWindow, *, width: int, dark: bool
) -> None:
    page = open_window(width=width, dark=dark)
    page.goto(f"{browser.url}/_sandbox")
    for words in ("Let calls of the API fail", "Let webhooks go astray"):
        page.get_by_text(words).click()
    look_over(page)
    page.get_by_role("link", name="All deliveries").click()
    look_over(page)
    page.get_by_role("link", name="checkout.session.completed").click()
    look_over(page)
    page.goto(f"{browser.url}/_sandbox/events")
    look_over(page)
    page.get_by_role("link", name="checkout.session.completed").click()
    look_over(page)
    page.get_by_role("button", name="Send it there").click()
    expect(page.get_by_text("delivered, 200")).to_be_visible()
    page.goto(f"{browser.url}/_sandbox")
    page.get_by_role("button", name="Roll the secret").click()
    expect(page.get_by_role("heading", name="A new secret")).to_be_visible()
    look_over(page)


def test_a_fault_is_made_and_taken_back_with_keys_alone(
    client: StripeClient, browser: Browser, open_window: OpenWindow
) -> None:
    page = open_window(width=390, javascript=False)
    page.goto(f"{browser.url}/_sandbox#faults")
    page.get_by_text("Let calls of the API fail").focus()
    page.keyboard.press("Enter")
    tab_to(page, "times")
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    expect(page.get_by_text("0 of 2 met")).to_be_visible()
    page.get_by_role("button", name="Take back rate_limit").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("every call is answered")).to_be_visible()
    assert client.v1.products.list().data


def test_a_wrong_field_is_named_on_the_page(browser: Browser, open_window: OpenWindow) -> None:
    page = open_window(width=390)
    page.goto(f"{browser.url}/_sandbox")
    page.get_by_label("Seconds between the tries of a delivery").fill("soon")
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("retry_pauses must be")
    look_over(page)
