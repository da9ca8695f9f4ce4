"""The hosted page: which ways of paying it offers, what it says and what one gets at by the keyboard."""

import re
from typing import Any

import pytest
from stripe import StripeClient

from tests.stripe_sandbox.steps import DECLINED, Browser, donation, pledge


def offer(browser: Browser, *ways: str) -> None:
    assert browser.post_json("/_sandbox/settings", {"payment_methods": ["card", *ways]}).status == 200


def test_only_a_card_is_offered_at_first(client: StripeClient, browser: Browser) -> None:
    session = donation(client)
    assert session.payment_method_types == ["card"]
    page = browser.get(f"/c/pay/{session.id}").text
    assert page.count("<button") == 1
    assert "radio" not in page
    assert browser.get("/_sandbox/settings").json == {"payment_methods": ["card"]}


def test_a_choice_of_ways_works_without_a_script(client: StripeClient, browser: Browser) -> None:
    offer(browser, "sepa_debit")
    session = donation(client)
    page = browser.get(f"/c/pay/{session.id}").text
    assert "<script" not in page
    assert page.count('type="radio" name="way"') == 2
    assert page.count("<legend>") == page.count("<fieldset") == 3
    assert "required" not in page.split("How would you like to pay?")[1]
    assert browser.pay(session, way="card").status == 303


def test_every_field_has_a_label(client: StripeClient, browser: Browser) -> None:
    offer(browser, "sepa_debit")
    page = browser.get(f"/c/pay/{donation(client).id}").text
    ids = re.findall(r'<input id="([^"]+)"', page)
    assert len(ids) == 7
    assert set(ids) == set(re.findall(r'<label for="([^"]+)"', page))


def test_an_error_is_summed_up_and_stands_at_its_field(client: StripeClient, browser: Browser) -> None:
    session = donation(client)
    page = browser.pay(session, DECLINED).text
    assert 'role="alert"' in page
    assert '<a href="#card_number">Your card was declined. Nothing was taken.' in page
    assert 'id="card_number-error"' in page
    assert re.search(r'id="card_number"[^>]*aria-invalid="true"[^>]*aria-describedby=" card_number-error"', page)
    assert "<title>Error: Pay €5.00" in page


def test_every_address_on_the_page_is_described(client: StripeClient, browser: Browser) -> None:
    offer(browser, "sepa_debit", "apple_pay")
    page = browser.pay(donation(client), "1", card_expiry="1", card_cvc="1", email="").text
    for described in re.findall(r'aria-describedby="([^"]*)"', page):
        for name in described.split():
            assert f'id="{name}"' in page
    for target in re.findall(r'href="#([^"]+)"', page):
        assert f'id="{target}"' in page


def test_a_wallet_asks_nothing_and_pays(client: StripeClient, browser: Browser) -> None:
    offer(browser, "apple_pay")
    session = donation(client)
    assert session.payment_method_types == ["card"]
    assert "Wallet: Donate €5.00" in browser.get(f"/c/pay/{session.id}").text
    assert browser.post(f"/c/pay/{session.id}", {"way": "apple_pay"}).status == 303
    after: Any = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent.latest_charge"]})
    card = after.payment_intent.latest_charge.payment_method_details.card
    assert (after.payment_status, card.wallet.type, card.wallet.dynamic_last4) == ("paid", "apple_pay", "4242")
    assert after.customer_details.email == "wallet@example.org"


def test_a_wallet_that_is_not_offered_does_not_pay(client: StripeClient, browser: Browser) -> None:
    session = donation(client)
    assert browser.post(f"/c/pay/{session.id}", {"way": "apple_pay"}).status == 422


def test_a_wallet_renews_a_pledge_in_the_name_of_the_known_address(client: StripeClient, browser: Browser) -> None:
    offer(browser, "apple_pay")
    session = pledge(client, customer_email="olena@example.org")
    assert browser.post(f"/c/pay/{session.id}", {"way": "apple_pay"}).status == 303
    (customer,) = client.v1.customers.list().data
    assert customer.email == "olena@example.org"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "payment_methods"),
        ({"payment_methods": "card"}, "payment_methods"),
        ({"payment_methods": ["sepa_debit"]}, "payment_methods"),
        ({"payment_methods": ["card", "ideal"]}, "payment_methods"),
        ({"payment_methods": ["card", ["sepa_debit"]]}, "payment_methods"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_setting_is_refused(browser: Browser, body: dict[str, Any], param: str) -> None:
    answer = browser.post_json("/_sandbox/settings", body)
    assert (answer.status, answer.json["error"]["param"]) == (400, param)
    assert browser.get("/_sandbox/settings").json == {"payment_methods": ["card"]}


def test_settings_are_one_object(browser: Browser) -> None:
    assert browser.post_json("/_sandbox/settings", [1]).status == 400


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [(500, "eur", "€5.00"), (123_456, "usd", "$1,234.56"), (1500, "jpy", "¥1,500"), (20_000, "uah", "₴200.00")],
)
def test_the_amount_on_the_page_is_what_was_asked(
    client: StripeClient, browser: Browser, amount: int, currency: str, shown: str
) -> None:
    session = donation(client, amount, currency)
    page = browser.get(f"/c/pay/{session.id}").text
    for place in (f'<span class="amount">{shown}</span>', f"Donate {shown}</button>", f"<span>{shown}</span></li>"):
        assert place in page


def test_the_amount_of_several_lines_adds_up(client: StripeClient, browser: Browser) -> None:
    lines = [
        {"price_data": {"currency": "eur", "unit_amount": amount, "product_data": {"name": name}}, "quantity": number}
        for name, amount, number in (("Mug", 1200, 2), ("Letter", 350, 1))
    ]
    session = donation(client, line_items=lines)
    page = browser.get(f"/c/pay/{session.id}").text
    assert session.amount_total == 2750
    for place in ('<span class="amount">€27.50</span>', "Mug × 2", "<span>€24.00</span>", "<span>€3.50</span>"):
        assert place in page
