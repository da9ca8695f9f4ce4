"""Mending a mistyped address from the thanks page: the right one confirms, and everything goes over to it."""

import re
from collections.abc import Sequence

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from membership.accounts.models import Account
from membership.db import Base
from membership.outbox.models import OutboxRow
from membership.patrons.models import Pledge
from membership.patrons.who import standing_of
from membership.payments.invariants import violations
from membership.payments.models import Attempt, Payer, Payment
from membership.topics.models import OpenBallot, RollEntry
from membership.wiring import INVARIANTS
from tests.accounts.doors import person
from tests.behaviours.acts import signed_in, text_of
from tests.money import DAY, World
from tests.topics.people import at_once, opened, patron

WRONG, RIGHT = "olena@exmaple.org", "olena@example.org"


@pytest.fixture
def giver(newsroom: World) -> FlaskClient:
    """The browser that gives."""
    return newsroom.browser()


def pledged(newsroom: World, giver: FlaskClient, **fields: str) -> str:
    """Pledges under the wrong address; returns the path of the thanks page."""
    path = newsroom.give_and_pay(giver, **{"cadence": "month", "email": WRONG} | fields)
    newsroom.settle()
    return path


def mends(newsroom: World, giver: FlaskClient, path: str, email: str = RIGHT) -> str:
    """Types the right address; returns the link in the letter to it."""
    answer = giver.post(f"{path}/address", data={"email": email})
    assert (answer.status_code, answer.location) == (303, f"{path}?address=written"), answer.text
    newsroom.work()
    return link_to(newsroom, email)


def link_to(newsroom: World, email: str) -> str:
    letter = next(each for each in reversed(newsroom.mail.sent) if str(each["To"]) == email)
    found = re.search(r"http://localhost:8000(/links/mend-address/\S+)", text_of(letter))
    assert found, text_of(letter)
    return found[1]


def confirmed(newsroom: World, link: str) -> None:
    """Presses the button in the letter, in a browser that we have never seen."""
    answer = newsroom.browser().post(link)
    assert (answer.status_code, answer.location.split("/")[2]) == (303, "thanks"), answer.text
    newsroom.settle()


def owners(newsroom: World) -> Sequence[str]:
    """Returns whose the pledges are, oldest first."""
    with newsroom.session() as session:
        theirs = select(Account.email).join(Pledge, Pledge.account_id == Account.id).order_by(Pledge.id)
        return session.scalars(theirs).all()


def count(newsroom: World, table: type[Base]) -> int:
    with newsroom.session() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def is_sound(newsroom: World) -> bool:
    with newsroom.session() as session:
        return violations(session, INVARIANTS, now=newsroom.clock.now()) == []


def test_the_pledge_goes_over_and_of_the_wrong_address_stays_nothing(newsroom: World, giver: FlaskClient) -> None:
    path = pledged(newsroom, giver)
    page = giver.get(path).text
    assert "o…a@exmaple.org is not your address?" in page
    link = mends(newsroom, giver, path)
    assert "We have written to the new address" in giver.get(f"{path}?address=written").text
    stranger = newsroom.browser()
    for _ in range(3):
        assert f'action="{link}"' in stranger.get(link).text
    assert owners(newsroom) == [WRONG]
    confirmed(newsroom, link)
    assert owners(newsroom) == [RIGHT]
    with newsroom.session() as session:
        emails = {row.email: row for row in session.scalars(select(Account))}
        assert set(emails) == {"", RIGHT}
        assert emails[""].erased_at is not None
        assert emails[RIGHT].verified_at is not None
        assert session.scalars(select(Payer.email)).all() == [RIGHT]
        assert standing_of(session, emails[RIGHT].id, now=newsroom.clock.now()).may_vote
        assert session.scalars(select(Attempt.email_key)).all() == [RIGHT]
    to_right = [str(each["Subject"]) for each in newsroom.mail.sent if each["To"] == RIGHT]
    assert sorted(subject.split()[0] for subject in to_right) == ["Is", "Receipt", "Welcome:"]
    assert "o…a@example.org" in giver.get(path).text
    assert "is not your address?" not in giver.get(path).text
    assert "Next charge" in signed_in(newsroom, RIGHT).get("/account").text
    assert is_sound(newsroom)


def test_stripe_is_told_the_right_address(newsroom: World, giver: FlaskClient) -> None:
    path = pledged(newsroom, giver)
    confirmed(newsroom, mends(newsroom, giver, path))
    assert [each.email for each in newsroom.api.v1.customers.list({}).data] == [RIGHT]


def test_a_renewal_is_charged_to_the_right_person(newsroom: World, giver: FlaskClient) -> None:
    path = pledged(newsroom, giver)
    confirmed(newsroom, mends(newsroom, giver, path))
    before = len(newsroom.mail.sent)
    newsroom.advance(32 * DAY)
    newsroom.settle()
    assert {str(each["To"]) for each in newsroom.mail.sent[before:]} == {RIGHT}
    assert is_sound(newsroom)


def test_only_the_new_address_is_written_to(newsroom: World, giver: FlaskClient) -> None:
    path = pledged(newsroom, giver)
    before = len(newsroom.mail.sent)
    confirmed(newsroom, mends(newsroom, giver, path))
    letters = newsroom.mail.sent[before:]
    assert {str(each["To"]) for each in letters} == {RIGHT}
    assert not [each for each in letters if WRONG in text_of(each)]


@pytest.mark.parametrize("known", ["patron", "account", "nobody"])
def test_the_answer_is_the_same_whoever_has_the_new_address(newsroom: World, giver: FlaskClient, known: str) -> None:
    if known != "nobody":
        (patron if known == "patron" else person)(newsroom.database, RIGHT, now=newsroom.clock.now())
    path = pledged(newsroom, giver)
    seen = []
    for email in ("free1@example.org", RIGHT):
        answer = giver.post(f"{path}/address", data={"email": email})
        page = giver.get(answer.location)
        kept = re.sub(r"/links/receipt/[^\"]+|<time.*?</time>", "", page.text)
        newsroom.work()
        letter = newsroom.mail.sent[-1]
        written = (str(letter["To"]) == email, str(letter["Subject"]), re.sub(r"/links/\S+", "", text_of(letter)))
        seen.append((answer.status_code, answer.location, answer.data, sorted(answer.headers.keys()), kept, written))
    assert seen[0] == seen[1]
    assert seen[1][-1][0]


def test_a_patron_who_has_the_right_address_is_asked_which_pledge_was_meant(
    newsroom: World, giver: FlaskClient
) -> None:
    pledged(newsroom, newsroom.browser(), email=RIGHT)
    path = pledged(newsroom, giver, amount="10")
    confirmed(newsroom, mends(newsroom, giver, path))
    assert owners(newsroom) == [RIGHT, RIGHT]
    with newsroom.session() as session:
        assert session.scalars(select(Pledge.live).order_by(Pledge.id)).all() == [True, False]
    assert count(newsroom, Account) == 2
    assert is_sound(newsroom)


def test_a_patron_whose_address_was_typed_keeps_their_own_pledge(newsroom: World, giver: FlaskClient) -> None:
    pledged(newsroom, newsroom.browser())
    path = pledged(newsroom, giver, amount="10")
    confirmed(newsroom, mends(newsroom, giver, path))
    assert owners(newsroom) == [WRONG, RIGHT]
    with newsroom.session() as session:
        assert session.scalars(select(Pledge.live)).all() == [True, True]
        assert session.scalars(select(Account.erased_at)).all() == [None, None]
    assert is_sound(newsroom)


def test_an_account_that_somebody_has_signed_in_to_is_not_erased(newsroom: World, giver: FlaskClient) -> None:
    path = pledged(newsroom, giver)
    stranger = signed_in(newsroom, WRONG)
    confirmed(newsroom, mends(newsroom, giver, path))
    assert owners(newsroom) == [RIGHT]
    page = stranger.get("/account")
    assert page.status_code == 200
    assert "Next charge" not in page.text


def test_an_address_that_somebody_else_has_given_under_is_not_erased(newsroom: World, giver: FlaskClient) -> None:
    newsroom.give_and_pay(newsroom.browser(), email=WRONG)
    newsroom.settle()
    path = pledged(newsroom, giver)
    confirmed(newsroom, mends(newsroom, giver, path))
    with newsroom.session() as session:
        payers = session.execute(select(Payer.email, Payer.erased_at).order_by(Payer.id)).all()
        assert [tuple(each) for each in payers] == [(WRONG, None), (RIGHT, None)]
        assert session.scalars(select(Account.email).order_by(Account.id)).all() == [WRONG, RIGHT]


def test_a_donation_goes_over_alone(newsroom: World, giver: FlaskClient) -> None:
    newsroom.give_and_pay(newsroom.browser(), email=WRONG)
    newsroom.settle()
    path = newsroom.give_and_pay(giver, email=WRONG, amount="7")
    newsroom.settle()
    confirmed(newsroom, mends(newsroom, giver, path))
    with newsroom.session() as session:
        paid = select(Payment.__table__.c.amount_minor, Payer.email).join(Payer, Payer.id == Payment.payer_id)
        assert {tuple(row) for row in session.execute(paid)} == {(500, WRONG), (700, RIGHT)}
    assert count(newsroom, Account) == 0
    assert [str(each["To"]) for each in newsroom.letters("Receipt")] == [WRONG, WRONG, RIGHT]


def test_the_vote_comes_along_and_the_limited_session_ends(newsroom: World, giver: FlaskClient) -> None:
    opened(newsroom.database, now=newsroom.clock.now())
    path = pledged(newsroom, giver)
    votes(giver, path)
    confirmed(newsroom, mends(newsroom, giver, path))
    assert giver.get("/rounds/winter-energy/ballot").status_code == 303
    assert giver.post(f"{path}/ballot").location.startswith("/sign-in")
    with newsroom.session() as session:
        voter = select(Account.email).join(RollEntry, RollEntry.account_id == Account.id).join(OpenBallot)
        assert session.scalars(voter).all() == [RIGHT]
    assert "Your vote is in" in signed_in(newsroom, RIGHT).get("/rounds/winter-energy/ballot").text


def test_who_is_on_the_roll_already_does_not_vote_twice(newsroom: World, giver: FlaskClient) -> None:
    opened(newsroom.database, now=newsroom.clock.now())
    pledged(newsroom, newsroom.browser(), email=RIGHT)
    path = pledged(newsroom, giver)
    votes(giver, path)
    confirmed(newsroom, mends(newsroom, giver, path))
    with newsroom.session() as session:
        barred = session.scalars(select(RollEntry).where(RollEntry.barred_at.is_not(None))).one()
        assert barred.account_id is None
        assert session.scalars(select(OpenBallot.voided_at)).one() is not None
        right = select(RollEntry.barred_at).join(Account, RollEntry.account_id == Account.id)
        assert session.scalars(right.where(Account.email == RIGHT)).all() == [None]


def test_who_had_lapsed_loses_the_place_that_the_payment_gave(newsroom: World, giver: FlaskClient) -> None:
    opened(newsroom.database, now=newsroom.clock.now())
    person(newsroom.database, WRONG, now=newsroom.clock.now())
    path = pledged(newsroom, giver)
    confirmed(newsroom, mends(newsroom, giver, path))
    with newsroom.session() as session:
        places = select(Account.email, RollEntry.barred_why).join(RollEntry, RollEntry.account_id == Account.id)
        found = dict(session.execute(places.where(Account.email.in_((WRONG, RIGHT)))).all())
    assert found == {WRONG: "the payment went to another account", RIGHT: None}


def test_a_link_works_once_and_the_newest_alone(newsroom: World, giver: FlaskClient) -> None:
    path = pledged(newsroom, giver)
    older = mends(newsroom, giver, path, "typo2@example.org")
    newer = mends(newsroom, giver, path)
    assert "a newer letter has taken its place" in newsroom.browser().get(older).text
    confirmed(newsroom, older)
    assert owners(newsroom) == [WRONG]
    confirmed(newsroom, newer)
    confirmed(newsroom, newer)
    confirmed(newsroom, older)
    assert owners(newsroom) == [RIGHT]


def test_a_day_later_link_wish_and_form_are_gone(newsroom: World, giver: FlaskClient) -> None:
    path = pledged(newsroom, giver)
    link = mends(newsroom, giver, path)
    newsroom.advance(DAY + 60)
    newsroom.work()
    assert newsroom.browser().post(link).status_code == 410
    assert owners(newsroom) == [WRONG]
    assert "is not your address?" not in giver.get(path).text
    assert giver.post(f"{path}/address", data={"email": RIGHT}).status_code == 403
    with newsroom.session() as session:
        assert RIGHT not in str(session.scalars(select(OutboxRow.payload)).all())


def test_only_the_browser_that_gave_may_mend(newsroom: World, giver: FlaskClient) -> None:
    path = pledged(newsroom, giver)
    stranger = newsroom.browser()
    assert "is not your address?" not in stranger.get(path).text
    assert stranger.post(f"{path}/address", data={"email": RIGHT}).status_code == 403
    pledged(newsroom, stranger, email="other@example.org")
    assert stranger.post(f"{path}/address", data={"email": RIGHT}).status_code == 403
    assert count(newsroom, Account) == 2


def test_a_signed_in_person_changes_the_address_in_the_account(newsroom: World) -> None:
    client = signed_in(newsroom, "reader@example.org")
    path = pledged(newsroom, client)
    assert "is not your address?" not in client.get(path).text
    assert client.post(f"{path}/address", data={"email": RIGHT}).status_code == 403


def test_what_is_no_address_and_the_present_one_are_refused_with_what_was_typed(
    newsroom: World, giver: FlaskClient
) -> None:
    path = pledged(newsroom, giver)
    for email, sentence in (("olena", "address"), (WRONG.upper(), "the address that we have already")):
        answer = giver.post(f"{path}/address", data={"email": email})
        assert answer.status_code == 422
        assert sentence in answer.text
        assert f'value="{email}"' in answer.text
    assert len(newsroom.letters("Is this your address?")) == 0


def test_three_tries_an_hour(newsroom: World, giver: FlaskClient) -> None:
    path = pledged(newsroom, giver)
    for number in range(3):
        mends(newsroom, giver, path, f"try{number}@example.org")
    answer = giver.post(f"{path}/address", data={"email": RIGHT})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3600")
    newsroom.advance(3700)
    mends(newsroom, giver, path)


def test_letters_to_one_address_are_few_whoever_asks(newsroom: World) -> None:
    for number in range(3):
        giver = newsroom.browser()
        path = pledged(newsroom, giver, email=f"giver{number}@example.org")
        mends(newsroom, giver, path)
    giver = newsroom.browser()
    path = pledged(newsroom, giver, email="giver9@example.org")
    answer = giver.post(f"{path}/address", data={"email": RIGHT})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


def test_what_stripe_tells_late_finds_the_right_person(newsroom: World, giver: FlaskClient) -> None:
    path = newsroom.give_and_pay(giver, cadence="month", email=WRONG)
    # The page has asked Stripe itself; the events come after the address was mended.
    assert "Thank you." in giver.get(path).text
    confirmed(newsroom, mends(newsroom, giver, path))
    newsroom.deliver(again=True)
    newsroom.work()
    assert owners(newsroom) == [RIGHT]
    with newsroom.session() as session:
        assert session.scalars(select(Payer.email)).all() == [RIGHT]
    assert is_sound(newsroom)


def test_a_wish_of_somebody_who_was_erased_meanwhile_comes_to_nothing(newsroom: World, giver: FlaskClient) -> None:
    path = pledged(newsroom, giver)
    link = mends(newsroom, giver, path)
    owner = signed_in(newsroom, WRONG)
    assert owner.post("/account/privacy/erasure", data={"email": WRONG}).status_code in (200, 303)
    with newsroom.session() as session:
        assert RIGHT not in str(session.scalars(select(OutboxRow.payload)).all())
    newsroom.settle()
    confirmed(newsroom, link)
    with newsroom.session() as session:
        assert session.scalars(select(Account.email)).all() == [""]


def test_pressed_by_many_hands_at_once_it_goes_over_once(newsroom: World, giver: FlaskClient) -> None:
    path = pledged(newsroom, giver)
    link = mends(newsroom, giver, path)
    pledged(newsroom, newsroom.browser(), email=RIGHT, amount="10")
    at_once([lambda: newsroom.browser().post(link)] * 5)
    newsroom.deliver(again=True)
    newsroom.work()
    assert owners(newsroom) == [RIGHT, RIGHT]
    assert count(newsroom, Account) == 2
    assert len(newsroom.letters("Is this your address?")) == 1
    assert is_sound(newsroom)


def votes(client: FlaskClient, path: str) -> None:
    """Votes from the thanks page, without signing in."""
    ballot = client.post(f"{path}/ballot").location
    choice = re.findall(r'name="choices" value="([^"]+)"', client.get(ballot).text)[0]
    assert client.post(ballot, data={"version": "0", "choices": choice}).status_code == 303
