"""What is read most is read from plain JSON, and says the same as the SDK's objects."""

from calendar import monthrange
from dataclasses import replace
from datetime import date, timedelta

import pytest
import stripe
from stripe import checkout

from membership.money import Money
from membership.payments.gateway import GoneAtStripe
from membership.payments.records import BalanceTransaction, Charge, Checkout, Intent, Invoice, Subscription, Terms
from membership.payments.stripe_gateway.gateway import StripeGateway
from membership.payments.stripe_gateway.plain import charge_of, invoice_of, pages
from membership.payments.stripe_gateway.records import id_of, moment, tags_from
from tests.money import DECLINED, World


def test_charges_and_invoices_are_read_as_the_sdk_reads_them(newsroom: World) -> None:
    _give(newsroom)
    client = newsroom.api
    charges = [charge_of(each) for each in pages(client, "/v1/charges", {"limit": 1})]
    assert charges == [_charge(each) for each in client.v1.charges.list().data]
    assert sorted(charge.status for charge in charges) == ["failed", "succeeded", "succeeded", "succeeded"]
    expand = ["data.payments"]
    invoices = [invoice_of(each) for each in pages(client, "/v1/invoices", {"limit": 1, "expand": expand})]
    assert invoices == [_invoice(each) for each in client.v1.invoices.list({"expand": expand}).data]
    assert [len(invoice.intents) for invoice in invoices] == [1, 1]


def test_what_events_are_about_is_read_as_the_sdk_reads_it(newsroom: World) -> None:
    _give(newsroom)
    client, gateway = newsroom.api, newsroom.app.extensions["gateway"]
    sessions = client.v1.checkout.sessions.list().data
    assert [gateway.checkout(each.id) for each in sessions] == [_checkout(each) for each in sessions]
    assert {each.status for each in sessions} == {"open", "complete"}
    invoices = client.v1.invoices.list({"expand": ["data.payments"]}).data
    assert [gateway.invoice(each.id or "") for each in invoices] == [_invoice(each) for each in invoices]
    intents = client.v1.payment_intents.list({"expand": ["data.latest_charge"]}).data
    for each in intents:
        assert gateway.intent(each.id) == _intent(each, _paid(invoices, each))
    assert sum(_paid(invoices, each) is not None for each in intents) == 2


def test_subscriptions_and_lines_are_read_as_the_sdk_reads_them(newsroom: World) -> None:
    _give(newsroom)
    client, gateway = newsroom.api, newsroom.app.extensions["gateway"]
    gateway.change_at_period_end(_subscriptions(newsroom)[0].id, Money(6000, "EUR"), "year")
    gateway.pause(_subscriptions(newsroom)[1].id, "skip", until=newsroom.clock.now() + timedelta(days=30))
    seen = _subscriptions(newsroom)
    assert [gateway.subscription(each.id) for each in seen] == [_subscription(each) for each in seen]
    assert list(gateway.subscriptions(None)) == [replace(_subscription(each), becomes=None) for each in seen]
    lines = client.v1.balance_transactions.list().data
    assert list(gateway.balance_transactions(None)) == [_line(each) for each in lines]
    assert len(lines) == 3


def test_an_id_is_quoted_in_the_path(newsroom: World) -> None:
    session = newsroom.give(newsroom.browser()).location.rsplit("/", 1)[-1]
    gateway: StripeGateway = newsroom.app.extensions["gateway"]
    with pytest.raises(GoneAtStripe):
        gateway.checkout(f"{session}?limit=1")


def _give(newsroom: World) -> None:
    newsroom.pay(newsroom.give(newsroom.browser()).location, DECLINED)
    newsroom.give_and_pay(newsroom.browser())
    for number in (1, 2):
        newsroom.give_and_pay(newsroom.browser(), cadence="month", email=f"patron-{number}@example.org")


def _subscriptions(newsroom: World) -> list[stripe.Subscription]:
    expand = ["data.customer", "data.default_payment_method"]
    return newsroom.api.v1.subscriptions.list({"expand": expand}).data


def _paid(invoices: list[stripe.Invoice], intent: stripe.PaymentIntent) -> stripe.Invoice | None:
    return next((each for each in invoices if intent.id in _invoice(each).intents), None)


def _checkout(seen: checkout.Session) -> Checkout:
    details = seen.customer_details
    return Checkout(
        id=seen.id,
        url=seen.url,
        status=str(seen.status),
        payment_status=str(seen.payment_status),
        tags=tags_from(seen.metadata),
        intent=id_of(seen.payment_intent),
        subscription=id_of(seen.subscription),
        email=(details.email if details else None) or seen.customer_email,
        name=details.name if details else None,
    )


def _intent(seen: stripe.PaymentIntent, invoice: stripe.Invoice | None) -> Intent:
    charge = seen.latest_charge
    return Intent(
        id=seen.id,
        status=str(seen.status),
        amount=Money(seen.amount, seen.currency.upper()),
        created_at=moment(seen.created),
        tags=tags_from(seen.metadata) if invoice is None else _invoice(invoice).tags,
        customer=id_of(seen.customer),
        charge=_charge(charge) if isinstance(charge, stripe.Charge) else None,
        invoice=None if invoice is None else invoice.id,
        is_first_of_subscription=invoice is not None and invoice.billing_reason == "subscription_create",
    )


def _charge(seen: stripe.Charge) -> Charge:
    who = seen.billing_details
    return Charge(
        id=seen.id,
        paid=seen.paid,
        created_at=moment(seen.created),
        email=who.email,
        name=who.name,
        status=seen.status,
        intent=id_of(seen.payment_intent),
        amount=Money(seen.amount, seen.currency.upper()),
        tags=tags_from(seen.metadata),
        failure=seen.failure_code,
    )


def _invoice(seen: stripe.Invoice) -> Invoice:
    period = seen.lines.data[0].period
    details = seen.parent.subscription_details if seen.parent else None
    assert details
    assert seen.payments
    return Invoice(
        id=str(seen.id),
        status=str(seen.status),
        subscription=id_of(details.subscription),
        tags=tags_from(details.metadata),
        period_start=moment(period.start),
        period_end=moment(period.end),
        amount_paid=Money(seen.amount_paid, seen.currency.upper()),
        intents=tuple(str(each.payment.payment_intent) for each in seen.payments.data if each.status == "paid"),
        open_intents=tuple(str(each.payment.payment_intent) for each in seen.payments.data if each.status == "open"),
        tries=seen.attempt_count,
        next_try_at=moment(seen.next_payment_attempt) if seen.next_payment_attempt else None,
        hosted_url=seen.hosted_invoice_url,
        is_first=seen.billing_reason == "subscription_create",
    )


def _subscription(seen: stripe.Subscription) -> Subscription:
    item, pause = seen["items"].data[0], seen.pause_collection
    assert isinstance(seen.customer, stripe.Customer)
    assert isinstance(seen.default_payment_method, stripe.PaymentMethod)
    card = seen.default_payment_method.card
    assert card is not None
    end = moment(item.current_period_end)
    return Subscription(
        id=seen.id,
        status=seen.status,
        amount=Money(item.price.unit_amount * item.quantity, item.price.currency.upper()),
        interval=item.price.recurring.interval,
        started_at=moment(seen.start_date),
        period_start_at=moment(item.current_period_start),
        period_end_at=end,
        cancel_at=None,
        ended_at=None,
        tags=tags_from(seen.metadata),
        customer=seen.customer.id,
        email=seen.customer.email,
        name=seen.customer.name,
        card_brand=card.brand,
        card_last4=card.last4,
        latest_invoice=id_of(seen.latest_invoice),
        is_paused=pause is not None,
        paused_until=moment(pause.resumes_at) if pause and pause.resumes_at else None,
        pause=seen.metadata.to_dict().get("membership_pause"),
        anchor_at=moment(seen.billing_cycle_anchor),
        schedule=id_of(seen.schedule),
        becomes=Terms(Money(6000, "EUR"), "year", end) if seen.schedule else None,
        card_expires=date(card.exp_year, card.exp_month, monthrange(card.exp_year, card.exp_month)[1]),
    )


def _line(seen: stripe.BalanceTransaction) -> BalanceTransaction:
    return BalanceTransaction(
        id=seen.id,
        kind=seen.type,
        source=id_of(seen.source),
        amount=Money(seen.amount, seen.currency.upper()),
        fee=Money(seen.fee, seen.currency.upper()),
        created_at=moment(seen.created),
        available_at=moment(seen.available_on),
    )
