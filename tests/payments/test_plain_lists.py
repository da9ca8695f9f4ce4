"""The two longest lists are read from plain JSON, and say the same as the SDK's objects."""

from membership.payments.stripe_gateway.plain import charge_of, invoice_of, pages
from membership.payments.stripe_gateway.records import charge_from, invoice_from
from tests.money import DECLINED, World


def test_charges_and_invoices_are_read_as_the_sdk_reads_them(newsroom: World) -> None:
    newsroom.pay(newsroom.give(newsroom.browser()).location, DECLINED)
    newsroom.give_and_pay(newsroom.browser())
    for number in (1, 2):
        newsroom.give_and_pay(newsroom.browser(), cadence="month", email=f"patron-{number}@example.org")
    client = newsroom.api
    charges = [charge_of(each) for each in pages(client, "/v1/charges", {"limit": 1})]
    assert charges == [charge_from(each) for each in client.v1.charges.list().data]
    assert sorted(charge.status for charge in charges) == ["failed", "succeeded", "succeeded", "succeeded"]
    expand = ["data.payments"]
    invoices = [invoice_of(each) for each in pages(client, "/v1/invoices", {"limit": 1, "expand": expand})]
    assert invoices == [invoice_from(each) for each in client.v1.invoices.list({"expand": expand}).data]
    assert [len(invoice.intents) for invoice in invoices] == [1, 1]
