"""The billing portal: its configurations, its sessions, and its pages."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from stripe import InvalidRequestError, StripeClient, Subscription
from stripe.billing_portal import Session

from membership.stripe_sandbox.protocol.shapes import problems
from tests.stripe_sandbox.renewing import HOUR, begun, latest, past_period, period_end
from tests.stripe_sandbox.steps import CARD, DECLINED, GOOD, Answer, Browser

pytestmark = pytest.mark.usefixtures("sound_events")

BACK = "http://localhost:8000/account"


def opened(client: StripeClient, subscription: Subscription, **more: Any) -> Session:
    """Opens the portal for a subscription's customer."""
    params: Any = {"customer": str(subscription.customer), "return_url": BACK} | more
    return client.v1.billing_portal.sessions.create(params)


def to_card(**completion: Any) -> Any:
    """Returns the flow that leads straight to the card."""
    return {"type": "payment_method_update"} | ({"after_completion": completion} if completion else {})


def type_card(browser: Browser, session: Session, card: str = GOOD) -> Answer:
    return browser.post(f"{urlsplit(session.url).path}/card", {"card_number": card} | CARD)


def test_the_portal_shows_the_pledge_its_card_and_its_invoices(
    client: StripeClient, browser: Browser, subscription: Subscription
) -> None:
    past_period(client, browser, subscription)
    session = opened(client, subscription)
    assert problems(json.loads(str(session))) == []
    page = browser.get(urlsplit(session.url).path)
    assert page.status == 200
    assert "Pledge: €5.00 every month" in page.text
    assert "Visa ending in 4242" in page.text
    assert page.text.count("<td>paid</td>") == 2
    assert str(latest(client, subscription).hosted_invoice_url) in page.text
    assert f'href="{BACK}"' in page.text


def test_a_new_card_is_charged_from_then_on(client: StripeClient, browser: Browser, subscription: Subscription) -> None:
    session = opened(client, subscription)
    answer = type_card(browser, session, "5555555555554444")
    assert (answer.status, answer.location) == (303, urlsplit(session.url).path)
    changed: Any = client.v1.subscriptions.retrieve(subscription.id, {"expand": ["default_payment_method"]})
    customer: Any = client.v1.customers.retrieve(str(subscription.customer))
    assert changed.default_payment_method.card.last4 == "4444"
    assert customer.invoice_settings.default_payment_method == changed.default_payment_method.id
    newest = [str(event.type) for event in client.v1.events.list({"limit": 3}).data][::-1]
    assert newest == ["payment_method.attached", "customer.updated", "customer.subscription.updated"]


def test_an_open_invoice_waits_for_its_next_try(client: StripeClient, browser: Browser) -> None:
    behind = past_period(client, browser, begun(client, browser, "4000009999999991"))
    type_card(browser, opened(client, behind))
    assert latest(client, behind).status == "open"


def test_the_flow_leads_to_the_card_and_back(
    client: StripeClient, browser: Browser, subscription: Subscription
) -> None:
    done = f"{BACK}?card=changed"
    session: Any = opened(client, subscription, flow_data=to_card(type="redirect", redirect={"return_url": done}))
    assert session.flow.after_completion.redirect.return_url == done
    assert 'name="card_number"' in browser.get(urlsplit(session.url).path).text
    answer = type_card(browser, session)
    assert (answer.status, answer.location) == (303, done)


def test_the_flow_can_end_with_words(client: StripeClient, browser: Browser, subscription: Subscription) -> None:
    words = {"custom_message": "Thank you for staying."}
    session = opened(client, subscription, flow_data=to_card(type="hosted_confirmation", hosted_confirmation=words))
    assert "Thank you for staying." in type_card(browser, session).text
    plain = opened(client, subscription, flow_data=to_card())
    assert "Your card is saved." in type_card(browser, plain).text


def test_a_declined_card_and_a_mistake_are_shown_in_place(
    client: StripeClient, browser: Browser, subscription: Subscription
) -> None:
    session = opened(client, subscription)
    declined = type_card(browser, session, DECLINED)
    assert (declined.status, "Nothing was changed" in declined.text) == (402, True)
    wrong = type_card(browser, session, "123")
    assert (wrong.status, 'aria-invalid="true"' in wrong.text) == (422, True)
    after = client.v1.subscriptions.retrieve(subscription.id)
    assert after.default_payment_method == subscription.default_payment_method


def test_a_card_whose_bank_asks_is_saved_once_it_is_answered(
    client: StripeClient, browser: Browser, subscription: Subscription
) -> None:
    session = opened(client, subscription)
    path = urlsplit(session.url).path
    asked = type_card(browser, session, "4000002500003155")
    assert (asked.status, asked.location) == (303, f"{path}/secure")
    assert "ending in 3155" in browser.get(f"{path}/secure").text
    assert browser.post(f"{path}/secure", {"answer": "fail"}).status == 402
    unchanged = client.v1.subscriptions.retrieve(subscription.id)
    assert unchanged.default_payment_method == subscription.default_payment_method
    type_card(browser, session, "4000002500003155")
    assert browser.post(f"{path}/secure", {"answer": "later"}).status == 422
    assert browser.post(f"{path}/secure", {"answer": "pass"}).status == 303
    assert "Visa ending in 3155" in browser.get(path).text
    assert past_period(client, browser, subscription).status == "active"


def test_the_portal_cancels_at_the_periods_end(
    client: StripeClient, browser: Browser, subscription: Subscription
) -> None:
    session = opened(client, subscription)
    path = urlsplit(session.url).path
    assert browser.post(f"{path}/cancellation/{subscription.id}", {}).status == 303
    ending = client.v1.subscriptions.retrieve(subscription.id)
    assert (ending.cancel_at_period_end, ending.cancel_at) == (True, period_end(subscription))
    assert "Ends on" in browser.get(path).text


def test_nobody_cancels_for_another(client: StripeClient, browser: Browser, subscription: Subscription) -> None:
    other = begun(client, browser)
    session = opened(client, other)
    path = f"{urlsplit(session.url).path}/cancellation/{subscription.id}"
    assert browser.post(path, {}).status == 404
    assert not client.v1.subscriptions.retrieve(subscription.id).cancel_at_period_end


def test_a_configuration_decides_what_is_offered(
    client: StripeClient, browser: Browser, subscription: Subscription
) -> None:
    made = client.v1.billing_portal.configurations.create(
        {
            "features": {"payment_method_update": {"enabled": True}, "subscription_cancel": {"enabled": False}},
            "business_profile": {"headline": "The Newsroom"},
            "default_return_url": BACK,
        }
    )
    assert problems(json.loads(str(made))) == []
    session = opened(client, subscription, configuration=made.id)
    page = browser.get(urlsplit(session.url).path).text
    assert "The Newsroom" in page
    assert "Use another card" in page
    assert "Invoices" not in page
    assert "Cancel this" not in page
    assert browser.post(f"{urlsplit(session.url).path}/cancellation/{subscription.id}", {}).status == 404


def test_a_configuration_is_changed_listed_and_switched_off(client: StripeClient, subscription: Subscription) -> None:
    made = client.v1.billing_portal.configurations.create({"features": {"invoice_history": {"enabled": True}}})
    changed = client.v1.billing_portal.configurations.update(
        made.id, {"active": False, "metadata": {"for": "patrons"}, "name": "Patrons"}
    )
    assert (changed.active, changed.name) == (False, "Patrons")
    assert client.v1.billing_portal.configurations.retrieve(made.id).active is False
    assert [each.id for each in client.v1.billing_portal.configurations.list({"active": False}).data] == [made.id]
    with pytest.raises(InvalidRequestError) as refused:
        opened(client, subscription, configuration=made.id)
    assert refused.value.param == "configuration"


def test_without_one_there_is_a_default_configuration(client: StripeClient, subscription: Subscription) -> None:
    session = opened(client, subscription)
    (default,) = client.v1.billing_portal.configurations.list({"is_default": True}).data
    assert session.configuration == default.id
    with pytest.raises(InvalidRequestError):
        client.v1.billing_portal.configurations.update(default.id, {"active": False})


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"customer": "cus_none"}, "customer"),
        ({"configuration": "bpc_none"}, "configuration"),
        ({"return_url": "account"}, "return_url"),
        ({"flow_data": {"type": "subscription_cancel"}}, "flow_data[type]"),
        ({"flow_data": to_card(type="redirect")}, "flow_data[after_completion][redirect]"),
        ({"on_behalf_of": "acct_1"}, "on_behalf_of"),
    ],
)
def test_a_wrong_session_is_refused(client: StripeClient, subscription: Subscription, params: Any, param: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        opened(client, subscription, **params)
    assert refused.value.param == param


def test_what_the_portal_cannot_do_cannot_be_switched_on(client: StripeClient) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        client.v1.billing_portal.configurations.create({"features": {"subscription_pause": {"enabled": True}}})
    assert refused.value.code == "sandbox_not_modelled"


def test_a_session_expires_after_an_hour(client: StripeClient, browser: Browser, subscription: Subscription) -> None:
    session = opened(client, subscription)
    browser.advance(HOUR + 1)
    expired = browser.get(urlsplit(session.url).path)
    assert (expired.status, BACK in expired.text) == (410, True)
    assert type_card(browser, session).status == 410


def test_an_unknown_session_has_no_page(browser: Browser) -> None:
    assert browser.get("/p/session/bps_none").status == 404
    assert browser.get("/p/session/bps_none/card").status == 404


def test_the_portal_leads_to_the_privacy_policy_and_the_terms(
    client: StripeClient, browser: Browser, subscription: Subscription
) -> None:
    profile: Any = {
        "privacy_policy_url": "https://a.example/privacy",
        "terms_of_service_url": "https://a.example/terms",
    }
    made = client.v1.billing_portal.configurations.create(
        {"business_profile": profile, "features": {"invoice_history": {"enabled": True}}}
    )
    page = browser.get(urlsplit(opened(client, subscription, configuration=made.id).url).path)
    for address in profile.values():
        assert f'href="{address}"' in page.text
