"""Where giving is closed, pledges that run go on and may be lowered and stopped; and what a bank statement shows."""

from urllib.parse import urlsplit

from sqlalchemy import select

from membership.db import transaction
from membership.newsroom.danger import load_danger
from membership.newsroom.words import current_newsroom
from membership.patrons.receipt_pdf import pdf_of
from membership.patrons.receipt_view import receipt_of_payment
from membership.payments.models import Payment
from tests.behaviours.acts import FINANCE, has_finance, pledge_of, pledged, signed_in
from tests.money import World

AMOUNT = "/account/changes/amount"
NAME = "THE LONG BRIDGE"


def close(newsroom: World, reason: str) -> None:
    with newsroom.session() as session, transaction(session):
        load_danger(session, {"closed": reason}, now=newsroom.clock.now())


def test_a_pledge_is_lowered_and_stopped_but_not_raised_where_giving_is_closed(newsroom: World) -> None:
    pledged(newsroom)
    client = signed_in(newsroom)
    form = {"token": newsroom.form_token(client), "cadence": "once", "currency": "EUR", "amount": "5"}
    close(newsroom, "Our bank is moving.")
    for answer in (client.get(f"{AMOUNT}?amount=7"), client.post(AMOUNT, data={"amount": "7"})):
        assert answer.status_code == 409
        assert "We take no money at the moment. Our bank is moving." in answer.text
    assert pledge_of(newsroom).amount.minor == 500
    assert client.post("/support/checkout", data=form).status_code == 409
    assert client.post(AMOUNT, data={"amount": "3"}).status_code == 303
    assert pledge_of(newsroom).amount.minor == 300
    # As much a year as now is no more than now.
    assert client.get("/account/changes/cadence?amount=36").status_code == 200
    assert client.get("/account/changes/cadence?amount=37").status_code == 409
    assert client.post("/account/pledge/cancellation").status_code == 303
    assert pledge_of(newsroom).cancel_at is not None
    assert client.post("/account/pledge/resumption").status_code == 303


def test_a_payment_page_that_stands_open_is_closed_too(newsroom: World) -> None:
    has_finance(newsroom)
    opened = newsroom.give(newsroom.browser())
    assert opened.status_code == 303
    staff = signed_in(newsroom, FINANCE)
    assert staff.post("/staff/danger", data={"places": "", "closed": "Our bank is moving."}).status_code == 303
    newsroom.settle()
    assert newsroom.pay(opened.location).status != 303
    newsroom.settle()
    with newsroom.session() as session:
        assert session.scalars(select(Payment)).all() == []


def test_what_the_form_of_another_cadence_proposes_is_never_more_where_giving_is_closed(newsroom: World) -> None:
    pledged(newsroom, cadence="year", amount="100")
    client = signed_in(newsroom)
    for reason, proposed in (("", "8.34"), ("Our bank is moving.", "8.33")):
        close(newsroom, reason)
        assert f'value="{proposed}"' in client.get("/account/changes/cadence").text
        assert client.get(f"/account/changes/cadence?amount={proposed}").status_code == 200


def test_the_name_on_the_bank_statement_stands_wherever_money_is_told(newsroom: World) -> None:
    client = newsroom.browser()
    form = client.get("/support").text.partition("choices amounts")[2].partition("</form>")[0]
    assert NAME in form
    thanks = newsroom.give_and_pay(client, cadence="month", email="patron@example.org")
    newsroom.settle()
    assert NAME in main(client.get(thanks).text)
    mail = newsroom.letters("Receipt")[-1].get_body(("plain",))
    assert mail is not None
    assert NAME in mail.get_content()
    account = signed_in(newsroom)
    page = main(account.get("/account").text)
    assert NAME in page.partition("Next charge")[2].partition("</p>")[0]
    receipt = next(part.partition('"')[0] for part in page.split('href="') if part.startswith("/account/receipts/"))
    assert f"On your bank statement</dt><dd>{NAME}" in account.get(receipt).text
    with newsroom.app.app_context(), newsroom.session() as session:
        view = receipt_of_payment(session, urlsplit(receipt).path.rpartition("/")[2])
        assert view is not None
        issuer = current_newsroom()
        assert pdf_of(view, issuer) != pdf_of(
            view, type(issuer)(**{**issuer.__dict__, "statement_descriptor": "OTHER"})
        )


def main(page: str) -> str:
    """Returns what stands between masthead and foot, where the newsroom's own name does not."""
    return page.partition("<main")[2].partition("</main>")[0]
