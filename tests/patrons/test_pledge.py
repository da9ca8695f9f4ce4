"""A monthly pledge: account, welcome, next charge, renewal, stop and undo, a failing card, a second pledge."""

import json
import re
from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import func, select

from membership.accounts.models import Account
from membership.patrons.models import Pledge, PledgeChange, PledgePayment
from membership.patrons.who import accounts_that_may_vote
from membership.payments.mirror import Cause
from membership.payments.models import Payment
from membership.payments.syncing import sync_payment
from tests.money import DAY, FAILS_LATER, World

PATRON = "patron@example.org"


def pledged(newsroom: World, **fields: str) -> None:
    newsroom.give_and_pay(newsroom.browser(), **{"cadence": "month", "email": PATRON} | fields)
    newsroom.settle()


def signed_in(newsroom: World, email: str = PATRON) -> FlaskClient:
    client = newsroom.browser()
    client.post("/sign-in", data={"email": email, "request": _request(client)})
    newsroom.work()
    text = str(newsroom.mail.sent[-1].get_body(("plain",)))
    link = re.search(r"http://localhost:8000(/sign-in/\S+)", text)
    assert link
    assert client.post(link[1]).status_code == 303
    return client


def _request(client: FlaskClient) -> str:
    found = re.search(r'name="request" value="([^"]+)"', client.get("/sign-in").text)
    return found[1] if found else ""


def test_a_pledge_makes_an_account_a_patron_and_a_welcome(newsroom: World) -> None:
    pledged(newsroom)
    assert [str(each["To"]) for each in newsroom.letters("Welcome")] == [PATRON]
    assert len(newsroom.letters("Receipt")) == 1
    with newsroom.session() as session:
        account = session.scalars(select(Account)).one()
        assert account.verified_at is None
        assert [pair[0] for pair in accounts_that_may_vote(session, now=newsroom.clock.now())] == [account.id]
    page = signed_in(newsroom).get("/account")
    assert "€5.00" in page.text
    assert "Lamplighter" in page.text
    assert "Next charge" in page.text
    assert "card ending 4242" in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_a_receipt_waits_for_its_pledge_and_says_what_comes_next(newsroom: World) -> None:
    newsroom.give_and_pay(newsroom.browser(), cadence="month", email=PATRON)
    for event in newsroom.events():
        if event.type in ("payment_intent.succeeded", "charge.succeeded"):
            newsroom.post_event(json.dumps(event.to_dict(), default=str).encode())
    newsroom.work()
    with newsroom.session() as session:
        assert session.scalars(select(Payment.state)).all() == ["paid"]
    assert newsroom.letters("Receipt") == []
    newsroom.settle()
    (letter,) = newsroom.letters("Receipt")
    assert "Every month until you stop it. Next: " in str(letter.get_body(("plain",)))


def test_a_renewal_brings_a_second_payment_with_its_own_receipt(newsroom: World) -> None:
    pledged(newsroom)
    newsroom.advance(32 * DAY)
    newsroom.settle()
    with newsroom.session() as session:
        assert session.scalars(select(Payment.state)).all() == ["paid", "paid"]
        assert session.scalar(select(func.count()).select_from(PledgePayment)) == 2
        assert session.scalars(select(Pledge.live)).all() == [True]
    assert len(newsroom.letters("Receipt")) == 2
    assert len(newsroom.letters("Welcome")) == 1


def test_a_pledge_is_stopped_at_the_periods_end_and_the_stop_taken_back(newsroom: World) -> None:
    pledged(newsroom)
    client = signed_in(newsroom)
    for _ in range(2):
        assert client.post("/account/pledge/cancellation").status_code == 303
    assert "You stay a patron until" in client.get("/account").text
    assert client.post("/account/pledge/resumption").status_code == 303
    assert "Next charge" in client.get("/account").text
    client.post("/account/pledge/cancellation")
    newsroom.advance(32 * DAY)
    newsroom.settle()
    client = signed_in(newsroom)
    assert "Your pledge ended on" in client.get("/account").text
    with newsroom.session() as session:
        assert accounts_that_may_vote(session, now=newsroom.clock.now()) == []
        assert session.scalar(select(func.count()).select_from(Payment)) == 1
    assert client.post("/account/pledge/resumption").status_code == 404


def test_a_failing_card_keeps_the_vote_for_fourteen_days(newsroom: World) -> None:
    answer = newsroom.give(newsroom.browser(), cadence="month", email=PATRON)
    assert newsroom.pay(answer.location, FAILS_LATER).status == 303
    newsroom.settle()
    newsroom.advance(32 * DAY)
    newsroom.settle()
    now = newsroom.clock.now()
    with newsroom.session() as session:
        assert session.scalars(select(Pledge.stripe_status)).one() == "past_due"
        assert [stands.kind for _, stands in accounts_that_may_vote(session, now=now)] == ["grace"]
        assert accounts_that_may_vote(session, now=now + timedelta(days=15)) == []
    assert "until" in signed_in(newsroom).get("/account").text


def test_a_second_pledge_of_one_address_is_stored_as_a_duplicate(newsroom: World) -> None:
    pledged(newsroom)
    pledged(newsroom, email="PATRON@Example.org", amount="10")
    with newsroom.session() as session:
        pledges = session.scalars(select(Pledge).order_by(Pledge.id)).all()
        assert [(pledge.live, pledge.why) for pledge in pledges] == [(True, None), (False, "duplicate")]
        assert session.scalar(select(func.count()).select_from(Account).where(Account.email_key == PATRON)) == 1
    assert len(newsroom.letters("Welcome")) == 1


def test_a_signed_in_patron_who_wants_to_pledge_again_is_led_to_the_pledge(newsroom: World) -> None:
    pledged(newsroom)
    client = signed_in(newsroom)
    answer = newsroom.give(client, cadence="month")
    assert (answer.status_code, answer.location) == (303, "/account")


def test_nobody_sees_anothers_receipt(newsroom: World) -> None:
    pledged(newsroom)
    with newsroom.session() as session:
        reference = session.scalars(select(Payment.reference)).one()
    assert signed_in(newsroom).get(f"/account/receipts/{reference}").status_code == 200
    assert signed_in(newsroom, "other@example.org").get(f"/account/receipts/{reference}").status_code == 404
    assert newsroom.browser().get(f"/account/receipts/{reference}").status_code == 303


def test_each_change_of_a_pledge_is_a_row(newsroom: World) -> None:
    pledged(newsroom)
    client = signed_in(newsroom)
    client.post("/account/pledge/cancellation")
    with newsroom.session() as session:
        changes = session.scalars(select(PledgeChange).order_by(PledgeChange.id)).all()
    assert changes[0].what == "started"
    assert ("cancel_at", "patron") in [(each.what, each.cause) for each in changes]


def test_a_yearly_pledge_shows_its_tier_and_its_year(newsroom: World) -> None:
    pledged(newsroom, cadence="year", amount="100")
    page = signed_in(newsroom).get("/account").text
    assert "€100.00" in page
    assert "every year" in page


def test_somebody_who_was_signed_in_already_is_welcomed_too_and_keeps_their_address(newsroom: World) -> None:
    client = signed_in(newsroom, "reader@example.org")
    newsroom.give_and_pay(client, cadence="month", email="typed@example.org")
    newsroom.settle()
    assert [str(each["To"]) for each in newsroom.letters("Welcome")] == ["reader@example.org"]
    assert "Next charge" in client.get("/account").text
    with newsroom.session() as session:
        assert session.scalars(select(Account.email)).all() == ["reader@example.org"]


def test_a_donation_of_before_is_found_after_signing_in(newsroom: World) -> None:
    newsroom.give_and_pay(newsroom.browser(), email="Donor@example.org")
    newsroom.settle()
    page = signed_in(newsroom, "donor@EXAMPLE.org").get("/account").text
    assert "Donation" in page
    assert "/account/receipts/" in page


def test_a_claimed_donation_stays_with_its_account_when_it_is_looked_at_again(newsroom: World) -> None:
    newsroom.give_and_pay(newsroom.browser(), email="donor@example.org")
    newsroom.settle()
    client = signed_in(newsroom, "donor@example.org")
    with newsroom.session() as session:
        intent = session.scalars(select(Payment.payment_intent)).one()
    with newsroom.app.app_context():
        sync_payment(newsroom.app.extensions["mirror"], intent or "", Cause("reconcile"))
    assert "/account/receipts/" in client.get("/account").text


def test_whose_card_failed_for_good_may_come_back_and_vote(newsroom: World) -> None:
    answer = newsroom.give(newsroom.browser(), cadence="month", email=PATRON)
    newsroom.pay(answer.location, FAILS_LATER)
    newsroom.settle()
    newsroom.advance(32 * DAY)
    newsroom.settle()
    newsroom.advance(16 * DAY)
    newsroom.settle()
    client = signed_in(newsroom)
    newsroom.give_and_pay(client, cadence="month")
    newsroom.settle()
    with newsroom.session() as session:
        standings = accounts_that_may_vote(session, now=newsroom.clock.now())
    assert [stands.kind for _, stands in standings] == ["live"]


def test_a_pledge_that_stripe_has_ended_meanwhile_is_stopped_without_an_error(newsroom: World) -> None:
    pledged(newsroom)
    client = signed_in(newsroom)
    with newsroom.session() as session:
        subscription = session.scalars(select(Pledge.subscription)).one()
    newsroom.api.v1.subscriptions.cancel(subscription)
    assert client.post("/account/pledge/cancellation").status_code == 303
    assert "Your pledge ended on" in client.get("/account").text
