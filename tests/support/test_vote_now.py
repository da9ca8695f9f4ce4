"""*Vote now* on the thanks page: without signing in only for whom this very payment has made the account."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from membership.accounts.models import Account, SignInSession
from membership.db import transaction
from membership.topics.models import OpenBallot, RollEntry, Round
from tests.accounts.doors import person
from tests.behaviours.acts import PATRON, signed_in
from tests.money import DAY, World
from tests.topics.people import opened, patron

BALLOT = "/rounds/winter-energy/ballot"
SIGN_IN = f"/sign-in?next={BALLOT}"


@pytest.fixture
def round_(newsroom: World) -> Round:
    """An open round."""
    return opened(newsroom.database, now=newsroom.clock.now())


def thanks(newsroom: World, client: FlaskClient, **fields: str) -> str:
    """Pledges in a browser that goes on to the thanks page; returns its path."""
    path = newsroom.give_and_pay(client, **{"cadence": "month", "email": PATRON} | fields)
    newsroom.settle()
    assert f'action="{path}/ballot"' in client.get(path).text
    return path


def sessions_there_are(newsroom: World) -> int:
    with newsroom.session() as session:
        return len(session.scalars(select(SignInSession)).all())


def test_a_new_patron_votes_within_the_minute(newsroom: World, round_: Round) -> None:
    client = newsroom.browser()
    answer = client.post(thanks(newsroom, client) + "/ballot")
    assert (answer.status_code, answer.location) == (303, BALLOT)
    (cookie,) = answer.headers.getlist("Set-Cookie")
    # It goes when the browser is closed, and no mark makes the browser known.
    assert cookie.startswith("membership=")
    assert "Expires" not in cookie
    page = client.get(BALLOT).text
    choice = re.findall(r'name="choices" value="([^"]+)"', page)[0]
    assert client.post(BALLOT, data={"version": "0", "choices": choice}).status_code == 303
    assert "Your vote is in" in client.get(BALLOT).text
    with newsroom.session() as session:
        account = session.scalars(select(Account).where(Account.email == PATRON)).one()
        voted = select(RollEntry.account_id).join(OpenBallot, OpenBallot.roll_id == RollEntry.id)
        assert session.scalars(voted).all() == [account.id]
        # It proves no address.
        assert account.verified_at is None
    assert client.get("/account").location == "/sign-in?next=/account"


@pytest.mark.parametrize("known", ["patron", "account"])
def test_who_typed_a_known_address_is_led_to_sign_in(newsroom: World, round_: Round, known: str) -> None:
    (patron if known == "patron" else person)(newsroom.database, PATRON, now=newsroom.clock.now())
    client = newsroom.browser()
    answer = client.post(thanks(newsroom, client) + "/ballot")
    assert (answer.status_code, answer.location) == (303, SIGN_IN)
    assert client.get(BALLOT).location == SIGN_IN
    assert sessions_there_are(newsroom) == 0


def test_the_page_itself_tells_nobody_whether_the_address_is_known(newsroom: World, round_: Round) -> None:
    patron(newsroom.database, PATRON, now=newsroom.clock.now())
    pages = []
    for email in (PATRON, "newone@example.org"):
        client = newsroom.browser()
        path = thanks(newsroom, client, email=email)
        text = re.sub(r"/links/receipt/[^\"]+|<time.*?</time>", "", client.get(path).text)
        pages.append(text.replace(path, "PATH").replace("p…n@", "E@").replace("n…e@", "E@"))
    assert pages[0] == pages[1]


def test_another_browser_and_a_day_later_this_one_sign_in(newsroom: World, round_: Round) -> None:
    client = newsroom.browser()
    path = thanks(newsroom, client)
    assert newsroom.browser().post(path + "/ballot").location == SIGN_IN
    newsroom.advance(DAY + 60)
    assert client.post(path + "/ballot").location == SIGN_IN
    assert sessions_there_are(newsroom) == 0


def test_once_its_owner_has_signed_in_nobody_votes_without(newsroom: World, round_: Round) -> None:
    client = newsroom.browser()
    path = thanks(newsroom, client)
    owner = signed_in(newsroom)
    assert client.post(path + "/ballot").location == SIGN_IN
    # Who is signed in stays so, and goes straight there.
    assert owner.post(path + "/ballot").location == BALLOT
    assert owner.get("/account").status_code == 200


def test_a_donation_lets_nobody_vote(newsroom: World, round_: Round) -> None:
    client = newsroom.browser()
    path = newsroom.give_and_pay(client)
    newsroom.settle()
    assert "Vote now" not in client.get(path).text
    assert client.post(path + "/ballot").location == SIGN_IN


def test_a_second_pledge_of_one_browser_does_not_make_the_first_its_own(newsroom: World, round_: Round) -> None:
    first, second = newsroom.browser(), newsroom.browser()
    thanks(newsroom, first)
    path = thanks(newsroom, second, amount="10")
    assert second.post(path + "/ballot").location == SIGN_IN


def test_a_payment_that_went_back_lets_nobody_vote(newsroom: World, round_: Round) -> None:
    client = newsroom.browser()
    path = thanks(newsroom, client)
    intent = newsroom.api.v1.payment_intents.list({"limit": 1}).data[0].id
    newsroom.api.v1.refunds.create({"payment_intent": intent})
    newsroom.settle()
    assert client.post(path + "/ballot").location == SIGN_IN


def test_an_erased_account_opens_no_ballot(newsroom: World, round_: Round) -> None:
    client = newsroom.browser()
    path = thanks(newsroom, client)
    assert client.post(path + "/ballot").location == BALLOT
    with newsroom.session() as session, transaction(session):
        account = session.scalars(select(Account).where(Account.email == PATRON)).one()
        account.erased_at = newsroom.clock.now()
    assert client.get(BALLOT).location == SIGN_IN
    assert client.post(path + "/ballot").location == SIGN_IN
