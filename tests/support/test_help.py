"""Help without signing in: one answer for every address, and a letter whose links act for whoever reads its mail."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from membership.accounts.models import Account
from membership.db import transaction
from membership.newsroom.words import keep
from membership.outbox.models import OutboxRow
from membership.patrons.models import Pledge
from membership.payments.models import Payment, Refund
from tests.behaviours.acts import PATRON, payment_states, pays, pledge_of, pledged, standing_kind, text_of
from tests.money import DAY, GOOD, World

TOPICS = ("find", "stop", "unknown", "address", "withdraw")
DONOR = "donor@example.org"


def asks(newsroom: World, topic: str, email: str = PATRON) -> str:
    """Asks for help and returns the text of the letter that came of it."""
    answer = newsroom.browser().post("/support/help", data={"topic": topic, "email": email})
    assert (answer.status_code, answer.location) == (303, "/support/help?sent=1")
    newsroom.work()
    letter = newsroom.letters("Your question to")[-1]
    assert str(letter["To"]).lower() == email.lower()
    assert "@" in str(letter["Reply-To"])
    return text_of(letter)


def link(text: str, purpose: str) -> str:
    found = re.search(rf"http://localhost:8000(/links/{purpose}/\S+)", text)
    assert found, text
    return found[1]


def refunds(newsroom: World) -> list[tuple[int, str, str | None]]:
    with newsroom.session() as session:
        rows = session.scalars(select(Refund).order_by(Refund.id)).all()
    return [(each.amount.minor, each.state, each.reason) for each in rows]


def test_the_page_needs_no_sign_in_and_is_kept_by_nobody(newsroom: World) -> None:
    page = newsroom.browser().get("/support/help")
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    for topic in TOPICS:
        assert f'value="{topic}"' in page.text
    assert 'href="/support/help"' in newsroom.browser().get("/support/other-ways").text


@pytest.mark.parametrize("topic", TOPICS)
def test_a_guest_who_types_a_patrons_address_learns_nothing_and_changes_nothing(newsroom: World, topic: str) -> None:
    pledged(newsroom)
    answers = []
    for email in (PATRON, "nobody@example.org"):
        guest = newsroom.browser()
        answer = guest.post("/support/help", data={"topic": topic, "email": email})
        page = guest.get(answer.location)
        answers.append((answer.status_code, answer.location, answer.data, sorted(answer.headers.keys()), page.text))
    assert answers[0] == answers[1]
    assert PATRON not in answers[0][-1]
    newsroom.work()
    newsroom.settle()
    assert standing_kind(newsroom) == "live"
    assert pledge_of(newsroom).cancel_at is None
    assert refunds(newsroom) == []
    with newsroom.session() as session:
        assert session.scalars(select(Account.email)).all() == [PATRON]
        assert session.scalars(select(OutboxRow.payload).where(OutboxRow.kind == "help")).all() == [{}, {}]
    sent = {str(letter["To"]): text_of(letter) for letter in newsroom.letters("Your question to")}
    assert "/links/" in sent[PATRON]
    assert "Nothing stands under it." in sent["nobody@example.org"]
    assert "/links/" not in sent["nobody@example.org"]


def test_stop_my_pledge_by_the_letters_link(newsroom: World) -> None:
    pledged(newsroom)
    stop, guest = link(asks(newsroom, "stop", "PATRON@example.org"), "stop"), newsroom.browser()
    for _ in range(3):
        assert "Stop my €5.00 every month" in guest.get(stop).text
    assert pledge_of(newsroom).cancel_at is None
    for _ in range(2):
        assert guest.post(stop).status_code == 303
    assert "You stay a patron until" in guest.get(stop).text
    assert standing_kind(newsroom) == "ending"
    newsroom.advance(60)
    newsroom.work()
    assert "nothing more is charged" in asks(newsroom, "stop")


def test_withdraw_gives_the_first_payment_back_and_ends_the_pledge(newsroom: World) -> None:
    pledged(newsroom)
    withdraw, guest = link(asks(newsroom, "withdraw"), "withdraw"), newsroom.browser()
    assert "Take €5.00 back" in guest.get(withdraw).text
    assert refunds(newsroom) == []
    for _ in range(2):
        answer = guest.post(withdraw)
        assert (answer.status_code, answer.location) == (303, withdraw)
    assert "Your pledge has ended." in guest.get(withdraw).text
    newsroom.work()
    newsroom.settle()
    assert refunds(newsroom) == [(500, "succeeded", "requested_by_customer")]
    assert payment_states(newsroom) == ["refunded"]
    pledge = pledge_of(newsroom)
    assert (pledge.live, pledge.stripe_status) == (False, "canceled")
    newsroom.advance(40 * DAY)
    newsroom.settle()
    with newsroom.session() as session:
        assert session.scalar(select(func.count()).select_from(Payment)) == 1


def test_a_donation_without_an_account_is_withdrawn_once_in_a_year(newsroom: World) -> None:
    for _ in range(2):
        newsroom.give_and_pay(newsroom.browser(), again="1")
    newsroom.settle()
    text = asks(newsroom, "withdraw", DONOR)
    first, second = re.findall(r"http://localhost:8000(/links/withdraw/\S+)", text)
    guest = newsroom.browser()
    assert guest.post(first).status_code == 303
    assert guest.post(second).status_code == 409
    newsroom.work()
    newsroom.settle()
    assert refunds(newsroom) == [(500, "succeeded", "requested_by_customer")]
    assert "Nothing here can be taken back by a link." in asks(newsroom, "withdraw", DONOR)


def test_a_link_to_withdraw_lives_a_day_and_the_right_to_it_fourteen(newsroom: World) -> None:
    pledged(newsroom)
    withdraw, guest = link(asks(newsroom, "withdraw"), "withdraw"), newsroom.browser()
    newsroom.advance(DAY + 60)
    assert guest.post(withdraw).status_code == 410
    newsroom.advance(13 * DAY - 60 - 3600)
    late = link(asks(newsroom, "withdraw"), "withdraw")
    newsroom.advance(2 * 3600)
    assert guest.post(late).status_code == 409
    assert "The 14 days for taking a payment back are over." in guest.get(late).text
    assert refunds(newsroom) == []
    assert pledge_of(newsroom).live


def test_what_a_bank_asks_for_is_not_given_back_besides(newsroom: World) -> None:
    disputed = "4000000000000259"
    answer = newsroom.give(newsroom.browser(), cadence="month", email=PATRON)
    assert pays(newsroom, answer.location, card_number=disputed).status == 303
    newsroom.settle()
    assert "Nothing here can be taken back by a link." in asks(newsroom, "withdraw")


def test_a_renewal_is_not_withdrawn(newsroom: World) -> None:
    pledged(newsroom)
    until = pledge_of(newsroom).period_end_at + timedelta(hours=2)
    newsroom.advance(int((until - newsroom.clock.now()).total_seconds()))
    newsroom.settle()
    assert payment_states(newsroom) == ["paid", "paid"]
    assert "Nothing here can be taken back by a link." in asks(newsroom, "withdraw")


def test_a_newsroom_may_switch_withdrawing_off(newsroom: World) -> None:
    pledged(newsroom)
    withdraw = link(asks(newsroom, "withdraw"), "withdraw")
    with newsroom.session() as session, transaction(session):
        keep(session, "withdrawal", {"offered": False}, now=newsroom.clock.now())
    assert newsroom.browser().post(withdraw).status_code == 409
    assert refunds(newsroom) == []


def test_links_of_one_act_do_no_other_and_altered_ones_do_nothing(newsroom: World) -> None:
    pledged(newsroom)
    text, guest = asks(newsroom, "withdraw"), newsroom.browser()
    stop, withdraw = link(text, "stop"), link(text, "withdraw")
    for path in (stop.replace("/stop/", "/withdraw/"), withdraw.replace("/withdraw/", "/stop/"), stop[:-4] + "AAAA"):
        assert guest.post(path).status_code == 404
    assert pledge_of(newsroom).cancel_at is None
    assert refunds(newsroom) == []


def test_an_old_stop_link_leaves_a_newer_pledge_alone(newsroom: World) -> None:
    pledged(newsroom)
    stop = link(asks(newsroom, "stop"), "stop")
    with newsroom.session() as session:
        old = session.scalars(select(Pledge.subscription)).one()
    newsroom.api.v1.subscriptions.cancel(old)
    newsroom.settle()
    pledged(newsroom)
    assert newsroom.browser().post(stop).status_code == 303
    with newsroom.session() as session:
        (live,) = session.scalars(select(Pledge).where(Pledge.live)).all()
    assert live.cancel_at is None
    assert "This pledge has ended" in newsroom.browser().get(stop).text


@pytest.mark.parametrize("email", [PATRON, "nobody@example.org"])
def test_nobodys_letter_box_is_filled(newsroom: World, email: str) -> None:
    pledged(newsroom)
    guest = newsroom.browser()
    answers = [guest.post("/support/help", data={"topic": "find", "email": email}) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [303, 303, 303, 429, 429]
    assert "Retry-After" in answers[-1].headers
    assert f'value="{email}"' in answers[-1].text
    newsroom.work()
    assert len(newsroom.letters("Your question to")) == 3


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"topic": "find", "email": ""}, "Write your e-mail address."),
        ({"topic": "find", "email": "nobody"}, "is not an e-mail address."),
        ({"topic": "money", "email": PATRON}, "Choose what we can help with."),
        ({"topic": "find", "email": "a@example.org\r\nBcc: b@example.org"}, "is not an e-mail address."),
    ],
)
def test_a_wrong_form_is_named_and_writes_nothing(newsroom: World, form: dict[str, str], sentence: str) -> None:
    answer = newsroom.browser().post("/support/help", data=form)
    assert answer.status_code == 422
    assert sentence in answer.text
    newsroom.work()
    assert newsroom.letters("Your question to") == []


def test_another_site_cannot_ask_in_a_readers_name(newsroom: World) -> None:
    client = newsroom.app.test_client()
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert client.post("/support/help", data={"topic": "find", "email": PATRON}, headers=headers).status_code == 403


def test_a_good_card_number_stands_in_no_letter(newsroom: World) -> None:
    pledged(newsroom)
    text = asks(newsroom, "find")
    assert GOOD not in text
    assert "€5.00, received" in text
