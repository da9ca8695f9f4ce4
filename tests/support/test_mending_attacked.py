"""Who mends an address to take what is another's, and who happens to be in the way: each keeps what is theirs."""

import re
from threading import Thread
from urllib.parse import urlsplit
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from membership.accounts.models import Account, SignInSession
from membership.db import transaction
from membership.money import Money
from membership.patrons.models import Pledge
from membership.patrons.payment_facts import Facts, owner_by_facts
from membership.patrons.who import standing_of
from membership.payments.models import Payer, Payment, Receipt
from membership.payments.payers import payer_for
from membership.payments.receipts import number_of
from membership.topics.models import RollEntry
from membership.topics.roll import join
from tests.accounts.doors import person
from tests.behaviours.acts import PATRON, signed_in, text_of
from tests.money import World
from tests.payments.test_customer_address import has_moved
from tests.support.test_mending import RIGHT, WRONG, confirmed, is_sound, mends, owners, pledged, votes
from tests.topics.people import opened

BALLOT = "/rounds/winter-energy/ballot"
HOUR = 3600


@pytest.fixture
def giver(newsroom: World) -> FlaskClient:
    """The browser that gives."""
    return newsroom.browser()


def chooses(newsroom: World, choice: str) -> None:
    """Answers, by the letter, which of two pledges was meant."""
    letter = newsroom.letters("which one did you mean?")[-1]
    found = re.search(r"http://localhost:8000(/links/duplicate/\S+)", text_of(letter))
    assert found
    assert newsroom.browser().post(found[1], data={"choice": choice}).status_code == 303
    newsroom.work()
    newsroom.settle()


def puts_in_another_card(newsroom: World, owner: FlaskClient) -> None:
    page = urlsplit(owner.post("/account/changes/card").location).path
    form = {"card_number": "5555555555554444", "card_expiry": "11/33", "card_cvc": "123", "name": "An Owner"}
    assert newsroom._post(f"{page}/card", form).status == 303
    newsroom.settle()


def is_refused(newsroom: World, link: str) -> None:
    answer = newsroom.browser().post(link)
    assert (answer.status_code, "Please write to us." in answer.text) == (409, True)
    newsroom.settle()


def places(newsroom: World) -> dict[str, str | None]:
    """Returns who of the two addresses is on the roll, and why they may not vote after all."""
    with newsroom.session() as session:
        found = select(Account.email, RollEntry.barred_why).join(RollEntry, RollEntry.account_id == Account.id)
        return {row.email: row.barred_why for row in session.execute(found.where(Account.email.in_((WRONG, RIGHT))))}


def test_a_donation_takes_nobodys_customer_and_nobodys_pledge_along(newsroom: World, giver: FlaskClient) -> None:
    path = newsroom.give_and_pay(giver, email=WRONG, amount="7")
    newsroom.settle()
    owner = signed_in(newsroom, WRONG)
    newsroom.give_and_pay(owner, cadence="month", email=WRONG)
    newsroom.settle()
    with newsroom.session() as session:
        # Both were paid by one who was known by the address.
        assert len(session.scalars(select(Payer)).all()) == 1
    confirmed(newsroom, mends(newsroom, giver, path))
    with newsroom.session() as session:
        paid = select(Payment.__table__.c.amount_minor, Payer.email).join(Payer, Payer.id == Payment.payer_id)
        assert {tuple(row) for row in session.execute(paid)} == {(700, RIGHT), (500, WRONG)}
        pays = select(Payer.email, Account.email).join(Pledge, Pledge.payer_id == Payer.id)
        assert [tuple(row) for row in session.execute(pays.join(Account, Account.id == Payer.account_id))] == [
            (WRONG, WRONG)
        ]
    assert [each.email for each in newsroom.api.v1.customers.list({}).data] == [WRONG]
    assert is_sound(newsroom)


def test_who_gives_under_the_wrong_address_in_this_very_moment_is_not_taken_along(
    newsroom: World, giver: FlaskClient
) -> None:
    path = newsroom.give_and_pay(giver, email=WRONG, amount="7")
    newsroom.settle()
    link = mends(newsroom, giver, path)
    button, now = Thread(target=newsroom.browser().post, args=(link,)), newsroom.clock.now()
    with newsroom.session() as session, transaction(session):
        payer = payer_for(session, None, customer=None, email=WRONG, name=None, now=now)
        amount = Money(900, "EUR")
        payment = Payment(reference=str(uuid4()), source="stripe", amount=amount, state="paid", created_at=now)
        payment.payer_id = payer.id
        session.add(payment)
        session.flush()
        button.start()
        # It has to wait for us; it would be through long before.
        button.join(1)
    button.join()
    with newsroom.session() as session:
        paid = select(Payment.__table__.c.amount_minor, Payer.email).join(Payer, Payer.id == Payment.payer_id)
        assert {tuple(row) for row in session.execute(paid)} == {(700, RIGHT), (900, WRONG)}


def test_a_pledge_whose_owner_put_in_another_card_is_not_moved(newsroom: World, giver: FlaskClient) -> None:
    path = pledged(newsroom, giver)
    owner = signed_in(newsroom, WRONG)
    link = mends(newsroom, giver, path)
    puts_in_another_card(newsroom, owner)
    is_refused(newsroom, link)
    assert owners(newsroom) == [WRONG]
    assert "4444" in owner.get("/account").text


@pytest.mark.parametrize("choice", ["newer", "older"])
def test_a_pledge_that_its_owner_chose_to_keep_is_not_moved(newsroom: World, giver: FlaskClient, choice: str) -> None:
    if choice == "newer":
        pledged(newsroom, newsroom.browser(), amount="10")
    path = pledged(newsroom, giver)
    if choice == "older":
        pledged(newsroom, newsroom.browser(), amount="10")
    chooses(newsroom, choice)
    is_refused(newsroom, mends(newsroom, giver, path))
    assert owners(newsroom) == [WRONG, WRONG]


def test_who_was_dropped_for_another_pledge_neither_votes_nor_takes_its_place_along(
    newsroom: World, giver: FlaskClient
) -> None:
    opened(newsroom.database, now=newsroom.clock.now())
    path = pledged(newsroom, giver)
    pledged(newsroom, newsroom.browser(), amount="10")
    chooses(newsroom, "newer")
    assert giver.post(f"{path}/ballot").location.startswith("/sign-in")
    confirmed(newsroom, mends(newsroom, giver, path))
    assert owners(newsroom)[-2:] == [RIGHT, WRONG]
    assert places(newsroom) == {WRONG: None}


def test_once_an_address_is_proved_who_paid_under_it_reads_no_ballot(newsroom: World, giver: FlaskClient) -> None:
    opened(newsroom.database, now=newsroom.clock.now())
    votes(giver, pledged(newsroom, giver))
    assert giver.get(BALLOT).status_code == 200
    signed_in(newsroom, WRONG)
    assert giver.get(BALLOT).location == f"/sign-in?next={BALLOT}"


def test_to_confirm_a_mended_address_proves_it_too(newsroom: World, giver: FlaskClient) -> None:
    opened(newsroom.database, now=newsroom.clock.now())
    other = newsroom.browser()
    votes(other, pledged(newsroom, other, email=RIGHT))
    confirmed(newsroom, mends(newsroom, giver, pledged(newsroom, giver)))
    assert other.get(BALLOT).location == f"/sign-in?next={BALLOT}"


def test_one_payment_lets_one_browser_vote(newsroom: World, giver: FlaskClient) -> None:
    opened(newsroom.database, now=newsroom.clock.now())
    path = pledged(newsroom, giver)
    for _ in range(3):
        giver.delete_cookie("membership")
        assert giver.post(f"{path}/ballot").location == BALLOT
    with newsroom.session() as session:
        assert len(session.scalars(select(SignInSession).where(SignInSession.ended_at.is_(None))).all()) == 1


def test_a_copy_of_the_receipt_for_the_wrong_address_does_not_keep_it_from_the_right_one(
    newsroom: World, giver: FlaskClient
) -> None:
    path = pledged(newsroom, giver)
    copy = re.search(r'"(/links/receipt/[^"]+)"', giver.get(path).text)
    assert copy
    giver.post(copy[1])
    newsroom.work()
    confirmed(newsroom, mends(newsroom, giver, path))
    assert [str(each["To"]) for each in newsroom.letters("Receipt")] == [WRONG, WRONG, RIGHT]


def test_no_letter_says_that_a_vote_counts_whose_place_was_taken(newsroom: World, giver: FlaskClient) -> None:
    opened(newsroom.database, now=newsroom.clock.now())
    person(newsroom.database, WRONG, now=newsroom.clock.now())
    path = pledged(newsroom, giver)
    owner = signed_in(newsroom, WRONG)
    choice = re.findall(r'name="choices" value="([^"]+)"', owner.get(BALLOT).text)[0]
    assert owner.post(BALLOT, data={"version": "0", "choices": choice}).status_code == 303
    confirmed(newsroom, mends(newsroom, giver, path))
    newsroom.advance(11 * 60)
    newsroom.work()
    assert places(newsroom) == {WRONG: "the payment went to another account", RIGHT: None}
    assert newsroom.letters("Your vote in") == []


def test_who_comes_onto_the_roll_in_this_very_moment_is_on_it_once(newsroom: World, giver: FlaskClient) -> None:
    round_ = opened(newsroom.database, now=newsroom.clock.now())
    path = pledged(newsroom, giver)
    votes(giver, path)
    owner = person(newsroom.database, RIGHT, now=newsroom.clock.now())
    link, now = mends(newsroom, giver, path), newsroom.clock.now()
    answers: list[int] = []
    button = Thread(target=lambda: answers.append(newsroom.browser().post(link).status_code))
    with newsroom.session() as session, transaction(session):
        assert join(session, round_.id, owner.id, standing_of(session, owner.id, now=now), reason="sweep", now=now)
        button.start()
        button.join(1)
    button.join()
    assert (answers, places(newsroom)) == ([303], {RIGHT: None})
    assert owners(newsroom)[-1] == RIGHT


def test_to_send_the_form_again_makes_the_day_no_longer(newsroom: World, giver: FlaskClient) -> None:
    opened(newsroom.database, now=newsroom.clock.now())
    token = newsroom.form_token(giver)
    path = pledged(newsroom, giver, token=token)
    newsroom.advance(23 * HOUR)
    again = newsroom.give(giver, cadence="month", email=WRONG, token=token)
    assert urlsplit(again.location).path == path
    newsroom.advance(2 * HOUR)
    assert "is not your address?" not in giver.get(path).text
    assert giver.post(f"{path}/address", data={"email": RIGHT}).status_code == 403
    assert giver.post(f"{path}/ballot").location.startswith("/sign-in")


def test_who_paid_under_an_address_does_not_learn_to_which_one_its_owner_moved(
    newsroom: World, giver: FlaskClient
) -> None:
    path = pledged(newsroom, giver, email=PATRON)
    copy = re.search(r'"(/links/receipt/[^"]+)"', giver.get(path).text)
    assert copy
    assert newsroom.browser().get(copy[1]).status_code == 200
    has_moved(newsroom, "olena@hidden.example")
    newsroom.work()
    assert "hidden.example" not in giver.get(path).text
    assert "/links/receipt/" not in giver.get(path).text
    assert newsroom.browser().get(copy[1]).status_code == 410
    answer = giver.post(f"{path}/address", data={"email": "olena@hidden.example"})
    assert (answer.status_code, answer.location) == (303, f"{path}?address=written")


def test_who_mended_their_address_to_anothers_cannot_show_that_the_account_is_theirs(
    newsroom: World, giver: FlaskClient
) -> None:
    person(newsroom.database, RIGHT, now=newsroom.clock.now())
    staff = person(newsroom.database, "finance@example.org", "finance", now=newsroom.clock.now())
    newsroom.advance(60)
    path = pledged(newsroom, giver)
    confirmed(newsroom, mends(newsroom, giver, path))
    with newsroom.session() as session, transaction(session):
        now = newsroom.clock.now()
        receipt = session.scalars(select(Receipt)).one()
        facts = Facts(receipt=number_of(receipt), last4="4242")
        owner = session.scalars(select(Account).where(Account.email == RIGHT)).one()
        assert owner_by_facts(session, owner, facts, by=staff, zone=ZoneInfo("UTC"), now=now) is None


def test_the_receipt_link_of_the_wrong_address_is_dead_and_that_of_the_right_one_opens(
    newsroom: World, giver: FlaskClient
) -> None:
    path = newsroom.give_and_pay(giver, email=WRONG, amount="7")
    newsroom.settle()
    confirmed(newsroom, mends(newsroom, giver, path))
    found = [
        re.search(r"http://localhost:8000(/links/receipt/\S+)", text_of(each)) for each in newsroom.letters("Receipt")
    ]
    wrong, right = [newsroom.browser().get(each[1]) for each in found if each]
    assert (wrong.status_code, RIGHT in wrong.text) == (410, False)
    assert (right.status_code, "€7.00" in right.text) == (200, True)
