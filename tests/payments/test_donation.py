"""From the form to the receipt and the ledger."""

from sqlalchemy import func, select

from membership.payments.balance_check import check_balance
from membership.payments.models import Attempt, Movement, Payment, PaymentState, Receipt
from tests.money import DECLINED, World


def test_a_donation_is_received_receipted_and_in_the_ledger(newsroom: World) -> None:
    reader = newsroom.browser()
    thanks = newsroom.give_and_pay(reader)
    newsroom.settle()
    page = reader.get(thanks)
    assert "Received: €5.00" in page.text
    assert "d…r@example.org" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert [str(each["To"]) for each in newsroom.letters("Receipt 2")] == ["donor@example.org"]
    with newsroom.session() as session:
        assert session.scalars(select(Payment.state)).all() == ["paid"]
        assert session.scalars(select(PaymentState.now)).all() == ["paid"]
    with newsroom.app.app_context():
        check = check_balance(newsroom.database, newsroom.app.extensions["gateway"])
    assert check.verdict == "equal"
    assert [currency for currency, ours, _ in check.lines if ours] == ["EUR"]


def test_the_thanks_page_knows_before_the_webhook_does(newsroom: World) -> None:
    reader = newsroom.browser()
    thanks = newsroom.give_and_pay(reader)
    assert "Received: €5.00" in reader.get(thanks).text
    newsroom.settle()
    assert len(newsroom.letters("Receipt")) == 1


def test_three_more_deliveries_send_no_second_receipt(newsroom: World) -> None:
    newsroom.give_and_pay(newsroom.browser())
    newsroom.settle()
    newsroom.collect()
    for _ in range(3):
        newsroom.deliver(again=True)
        newsroom.work()
        newsroom.collect()
    assert len(newsroom.letters("Receipt")) == 1
    with newsroom.session() as session:
        assert session.scalar(select(func.count()).select_from(Receipt)) == 1
        assert session.scalar(select(func.count()).select_from(Movement)) == 2


def test_a_declined_card_stays_on_stripes_page_and_a_good_one_then_pays_once(newsroom: World) -> None:
    reader = newsroom.browser()
    checkout = newsroom.give(reader).location
    assert newsroom.pay(checkout, DECLINED).status == 402
    newsroom.settle()
    with newsroom.session() as session:
        assert session.scalars(select(Payment.state)).all() == ["started"]
    assert newsroom.letters("Receipt") == []
    assert newsroom.pay(checkout).status == 303
    newsroom.settle()
    with newsroom.session() as session:
        assert session.scalars(select(Payment.state)).all() == ["paid"]


def test_an_attempt_that_nobody_paid_expires(newsroom: World) -> None:
    reader = newsroom.browser()
    newsroom.give(reader)
    with newsroom.session() as session:
        reference = session.scalars(select(Attempt.reference)).one()
    assert "not" in reader.get(f"/support/thanks/{reference}").text
    newsroom.advance(3600)
    newsroom.settle()
    with newsroom.session() as session:
        assert session.scalars(select(Attempt.state)).one() == "expired"
    assert reader.get(f"/support/thanks/{reference}").status_code == 200


def test_yen_have_no_decimals_and_hryvnia_settle_in_euro(newsroom: World) -> None:
    newsroom.give_and_pay(newsroom.browser(), currency="JPY", amount="1500")
    newsroom.give_and_pay(newsroom.browser(), currency="UAH", amount="400")
    newsroom.settle()
    newsroom.collect()
    with newsroom.session() as session:
        amounts = {payment.amount.currency: payment.amount.minor for payment in session.scalars(select(Payment))}
        settled = {movement.amount.currency for movement in session.scalars(select(Movement))}
    assert amounts == {"JPY": 1500, "UAH": 40000}
    assert settled == {"JPY", "EUR"}


def test_a_donation_needs_no_address(newsroom: World) -> None:
    thanks = newsroom.give_and_pay(newsroom.browser(), email="")
    newsroom.settle()
    assert "Received" in newsroom.browser().get(thanks).text
