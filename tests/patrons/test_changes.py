"""Changing a pledge: another amount, a skipped month, a pause, another card; and stopping, with its proof."""

import html
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from membership.accounts.models import Account
from membership.patrons.models import PledgeChange
from membership.payments.models import Payer
from membership.web.current import zone
from membership.web.filters import day
from tests.behaviours.acts import PATRON, pledge_of, pledged, signed_in, standing_kind, text_of
from tests.money import DAY, FAILS_LATER, World

AMOUNT = "/account/changes/amount"


def patron(newsroom: World, **fields: str) -> FlaskClient:
    pledged(newsroom, **fields)
    return signed_in(newsroom)


def seen(page: str) -> str:
    """Returns what a page says, without its marks."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split()).replace(" .", ".")


def press(client: FlaskClient, path: str, **fields: str) -> int:
    """Presses a button of the page of changes as it stands there."""
    page = client.get("/account/changes").text
    assert f'action="{path}"' in page
    shown = re.search(r'name="shown" value="([^"]+)"', page)
    return client.post(path, data={"shown": shown[1] if shown else ""} | fields).status_code


def days(newsroom: World, count: int) -> None:
    newsroom.advance(count * DAY)
    newsroom.settle()


def charged(newsroom: World) -> list[int]:
    """Returns what was taken, in cents, oldest first."""
    newsroom.settle()
    return [charge.amount for charge in newsroom.api.v1.charges.list({"limit": 100}).data if charge.paid][::-1]


def told_next(newsroom: World, client: FlaskClient, cents: int) -> None:
    """The account says when the next charge comes, how much it is, and from which card."""
    said = seen(client.get("/account").text)
    with newsroom.app.test_request_context():
        found = re.search(r"Next charge: €([0-9.]+) on (\d+ \w+ \d+)\. Visa card ending 4242", said)
    assert found, said
    assert found[1] == f"{cents / 100:.2f}"


def test_another_amount_is_shown_before_its_button_and_taken_at_the_next_charge(newsroom: World) -> None:
    client = patron(newsroom)
    page = client.get(f"{AMOUNT}?amount=7")
    assert page.headers["Cache-Control"] == "no-store"
    with newsroom.app.test_request_context():
        on = day(pledge_of(newsroom).period_end_at)
    said = seen(page.text)
    assert f"From {on} you pay €7.00 every month" in said
    assert f"Next charge: €7.00 on {on}. Visa card ending 4242." in said
    assert pledge_of(newsroom).amount.minor == 500
    assert client.post(AMOUNT, data={"amount": "7"}).status_code == 303
    told_next(newsroom, client, 700)
    assert charged(newsroom) == [500]
    days(newsroom, 32)
    assert charged(newsroom) == [500, 700]
    client = signed_in(newsroom)
    assert client.post(AMOUNT, data={"amount": "3"}).status_code == 303
    told_next(newsroom, client, 300)


NOT_TAKEN = {
    "0.50": "The smallest amount we can take is €1.00.",
    "20000": "By card we take €10,000.00 at most",
    "five": "is not an amount",
    "": "is not an amount",
    "5.001": "2 decimals at most",
}


def test_an_amount_that_we_do_not_take_comes_back_with_its_reason(newsroom: World) -> None:
    client = patron(newsroom)
    for typed, says in NOT_TAKEN.items():
        for answer in (client.get(AMOUNT, query_string={"amount": typed}), client.post(AMOUNT, data={"amount": typed})):
            assert answer.status_code == 422
            assert says in seen(answer.text)
            assert f'value="{typed}"' in answer.text
    assert pledge_of(newsroom).amount.minor == 500


def test_another_currency_is_refused_with_the_way_to_it(newsroom: World) -> None:
    client = patron(newsroom)
    answer = client.post(AMOUNT, data={"amount": "7", "currency": "USD"})
    assert answer.status_code == 422
    assert "stop it and begin a new one" in answer.text


def test_without_a_pledge_there_is_nothing_to_change(newsroom: World) -> None:
    pledged(newsroom)
    stranger = signed_in(newsroom, "other@example.org")
    for path in ("/account/changes", AMOUNT):
        assert stranger.get(path).status_code == 404
        assert newsroom.browser().get(path).status_code == 303
    for path in ("skip", "pause", "return", "card", "withdrawal", "amount"):
        answer = stranger.post(f"/account/changes/{path}", data={"amount": "7", "months": "2"})
        assert answer.status_code == 404
    assert pledge_of(newsroom).amount.minor == 500


def test_a_skipped_month_is_not_charged_and_keeps_the_vote(newsroom: World) -> None:
    client = patron(newsroom)
    assert "One charge is left out; the next one is €5.00 on" in seen(client.get("/account/changes").text)
    assert press(client, "/account/changes/skip") == 303
    told_next(newsroom, client, 500)
    assert standing_kind(newsroom) == "skipping"
    days(newsroom, 32)
    assert charged(newsroom) == [500]
    assert standing_kind(newsroom) == "skipping"
    days(newsroom, 31)
    assert charged(newsroom) == [500, 500]
    assert standing_kind(newsroom) == "live"
    client = signed_in(newsroom)
    page = client.get("/account/changes").text
    assert "You skipped a month within the last six months." in page
    shown = re.search(r'name="shown" value="([^"]+)"', page)
    assert client.post("/account/changes/skip", data={"shown": shown[1] if shown else ""}).status_code == 409


def test_a_skip_that_was_taken_back_is_charged_and_may_be_had_again(newsroom: World) -> None:
    client = patron(newsroom)
    assert press(client, "/account/changes/skip") == 303
    assert press(client, "/account/changes/return") == 303
    assert press(client, "/account/changes/skip") == 303
    assert press(client, "/account/changes/return") == 303
    days(newsroom, 32)
    assert charged(newsroom) == [500, 500]


def test_a_pause_takes_nothing_and_goes_on_by_itself(newsroom: World) -> None:
    client = patron(newsroom)
    assert "While you pause you are no patron, and have no vote." in client.get("/account/changes").text
    assert press(client, "/account/changes/pause", months="2") == 303
    assert standing_kind(newsroom) == "paused"
    told_next(newsroom, client, 500)
    days(newsroom, 31 + 31)
    assert charged(newsroom) == [500]
    days(newsroom, 31)
    assert charged(newsroom) == [500, 500]
    assert standing_kind(newsroom) == "live"


def test_who_goes_on_before_the_paid_time_is_over_is_charged_when_it_is(newsroom: World) -> None:
    client = patron(newsroom)
    press(client, "/account/changes/pause", months="3")
    assert press(client, "/account/changes/return") == 303
    assert charged(newsroom) == [500]
    assert standing_kind(newsroom) == "live"
    days(newsroom, 32)
    assert charged(newsroom) == [500, 500]


def test_who_goes_on_later_is_told_that_today_is_charged(newsroom: World) -> None:
    client = patron(newsroom)
    press(client, "/account/changes/pause", months="3")
    days(newsroom, 40)
    client = signed_in(newsroom)
    assert "€5.00 is charged today" in seen(client.get("/account/changes").text)
    assert press(client, "/account/changes/return") == 303
    assert charged(newsroom) == [500, 500]
    assert standing_kind(newsroom) == "live"
    told_next(newsroom, client, 500)


def test_a_pause_is_for_two_or_three_months(newsroom: World) -> None:
    client = patron(newsroom)
    for months in ("1", "4", "0", "", "two"):
        assert press(client, "/account/changes/pause", months=months) == 422
    assert pledge_of(newsroom).pause_kind is None


def test_a_button_from_before_a_charge_does_not_skip_the_one_after_it(newsroom: World) -> None:
    client = patron(newsroom)
    shown = re.search(r'name="shown" value="([^"]+)"', client.get("/account/changes").text)
    days(newsroom, 32)
    client = signed_in(newsroom)
    assert client.post("/account/changes/skip", data={"shown": shown[1] if shown else ""}).status_code == 409
    assert pledge_of(newsroom).pause_kind is None


def failing(newsroom: World) -> FlaskClient:
    answer = newsroom.give(newsroom.browser(), cadence="month", email=PATRON)
    newsroom.pay(answer.location, FAILS_LATER)
    newsroom.settle()
    days(newsroom, 32)
    assert standing_kind(newsroom) == "grace"
    return signed_in(newsroom)


@pytest.mark.parametrize(("path", "fields"), [("skip", {}), ("pause", {"months": "2"})])
def test_what_failed_is_not_asked_for_any_more_once_it_is_left_out(
    newsroom: World, path: str, fields: dict[str, str]
) -> None:
    client = failing(newsroom)
    assert press(client, f"/account/changes/{path}", **fields) == 303
    newsroom.settle()
    pledge = pledge_of(newsroom)
    assert list(newsroom.app.extensions["gateway"].open_invoices(pledge.subscription)) == []
    assert pledge.live
    days(newsroom, 20)
    assert charged(newsroom) == [500]
    assert pledge_of(newsroom).ended_at is None


def test_another_card_is_put_in_at_stripe_and_charged_next(newsroom: World) -> None:
    client = patron(newsroom)
    answer = client.post("/account/changes/card")
    assert answer.status_code == 303
    assert answer.headers["Cache-Control"] == "no-store"
    path = urlsplit(answer.location).path
    assert answer.location.startswith(newsroom.sandbox.url)
    form = {"card_number": "5555555555554444", "card_expiry": "11/33", "card_cvc": "123", "name": "A Patron"}
    done = newsroom._post(f"{path}/card", form)
    assert (done.status, done.location) == (303, "http://localhost:8000/account")
    newsroom.settle()
    assert "Mastercard card ending 4444" in seen(client.get("/account").text)
    assert str(pledge_of(newsroom).card_expires) == "2033-11-30"
    assert charged(newsroom) == [500]


def test_stripes_page_offers_the_card_and_nothing_else(newsroom: World) -> None:
    client = patron(newsroom)
    for _ in range(2):
        client.post("/account/changes/card")
    ours = [each for each in newsroom.api.v1.billing_portal.configurations.list({"limit": 100}).data if each.metadata]
    features = ours[0].features.to_dict()
    assert len(ours) == 1
    assert [name for name, feature in features.items() if feature["enabled"]] == ["payment_method_update"]


def test_stripes_page_is_made_for_the_card_of_whoever_asks(newsroom: World) -> None:
    pledged(newsroom)
    other = "other@example.org"
    pledged(newsroom, email=other)
    for email in (PATRON, other):
        assert signed_in(newsroom, email).post("/account/changes/card", data={"customer": "cus_1"}).status_code == 303
        made = [event for event in newsroom.events() if event.type == "billing_portal.session.created"][-1]
        with newsroom.session() as session:
            owner = select(Payer.stripe_customer).join(Account, Account.id == Payer.account_id)
            assert made.data.object.customer == session.scalars(owner.where(Account.email == email)).one()
    assert newsroom.browser().post("/account/changes/card").location.startswith("/sign-in")


def test_stopping_takes_two_clicks_and_its_proof_comes_at_once(newsroom: World) -> None:
    client = patron(newsroom)
    assert 'href="/account/pledge/cancellation"' in client.get("/account").text
    page = client.get("/account/pledge/cancellation").text
    assert page.index("Stop my €5.00 every month") < page.index("/account/changes/amount")
    assert client.post("/account/pledge/cancellation", data={"reason": "money"}).status_code == 303
    newsroom.work()
    (proof,) = newsroom.letters("Stopped: your €5.00 every month")
    assert proof["To"] == PATRON
    assert "Nothing is charged any more." in text_of(proof)
    assert "Undo: go on giving" in client.get("/account").text
    client.post("/account/pledge/cancellation")
    newsroom.work()
    assert len(newsroom.letters("Stopped")) == 1
    with newsroom.session() as session:
        why = session.scalars(select(PledgeChange.now).where(PledgeChange.what == "stop_reason")).all()
    assert why == ["money"]


def test_a_reason_that_is_none_of_ours_is_not_kept(newsroom: World) -> None:
    client = patron(newsroom)
    assert client.post("/account/pledge/cancellation", data={"reason": "my whole story"}).status_code == 303
    with newsroom.session() as session:
        assert session.scalars(select(PledgeChange.now).where(PledgeChange.what == "stop_reason")).all() == []


def test_a_stop_in_grace_ends_at_once_and_nothing_more_is_charged(newsroom: World) -> None:
    client = failing(newsroom)
    subscription = pledge_of(newsroom).subscription
    assert client.post("/account/pledge/cancellation").status_code == 303
    newsroom.settle()
    assert "It ended at once." in text_of(newsroom.letters("Stopped")[0])
    invoices = newsroom.api.v1.invoices.list({"subscription": subscription}).data
    assert sorted(str(each.status) for each in invoices) == ["paid", "void"]
    days(newsroom, 20)
    assert charged(newsroom) == [500]


def test_who_comes_back_finds_the_old_amount_filled_in(newsroom: World) -> None:
    client = patron(newsroom, amount="7.50")
    client.post("/account/pledge/cancellation")
    days(newsroom, 32)
    client = signed_in(newsroom)
    link = re.search(r'href="(/support\?[^"]+)"', client.get("/account").text)
    assert link
    page = client.get(html.unescape(link[1])).text
    assert 'value="7.50"' in page


def test_a_stopped_pledge_is_changed_only_after_the_stop_is_taken_back(newsroom: World) -> None:
    client = patron(newsroom)
    client.post("/account/pledge/cancellation")
    assert "Undo: go on giving" in client.get("/account/changes").text
    assert client.post(AMOUNT, data={"amount": "7"}).status_code == 409
    assert pledge_of(newsroom).amount.minor == 500


CADENCE = "/account/changes/cadence"


def test_another_cadence_begins_with_the_next_period_and_costs_nothing_today(newsroom: World) -> None:
    client = patron(newsroom)
    page = client.get(CADENCE)
    assert 'value="60"' in page.text
    said = seen(client.get(f"{CADENCE}?amount=50").text)
    assert re.search(r"From \d+ \w+ \d+ you pay €50.00 every year", said)
    assert client.post(CADENCE, data={"amount": "50", "cadence": "year"}).status_code == 303
    told_next(newsroom, client, 5000)
    assert "From" in seen(client.get("/account").text)
    assert charged(newsroom) == [500]
    days(newsroom, 32)
    assert charged(newsroom) == [500, 5000]
    pledge = pledge_of(newsroom)
    assert (pledge.cadence, pledge.amount.minor, pledge.next_from) == ("year", 5000, None)
    days(newsroom, 40)
    assert charged(newsroom) == [500, 5000]


def test_a_scheduled_change_is_shown_and_can_be_taken_back(newsroom: World) -> None:
    client = patron(newsroom)
    client.post(CADENCE, data={"amount": "50", "cadence": "year"})
    assert "you pay €50.00 every year" in seen(client.get("/account").text)
    assert client.post("/account/changes/withdrawal").status_code == 303
    assert "every year" not in client.get("/account").text
    told_next(newsroom, client, 500)
    days(newsroom, 32)
    assert charged(newsroom) == [500, 500]


def test_a_scheduled_change_gives_way_to_any_other(newsroom: World) -> None:
    client = patron(newsroom)
    others: tuple[tuple[str, dict[str, str]], ...] = (
        (AMOUNT, {"amount": "7"}),
        (CADENCE, {"amount": "70", "cadence": "year"}),
        ("/account/changes/skip", {}),
        ("/account/changes/pause", {"months": "2"}),
        ("/account/pledge/cancellation", {}),
    )
    for path, fields in others:
        client.post(CADENCE, data={"amount": "50", "cadence": "year"})
        first = pledge_of(newsroom).schedule
        assert first is not None
        page = client.get("/account/changes").text
        shown = re.search(r'name="shown" value="([^"]+)"', page)
        assert client.post(path, data=fields | {"shown": shown[1] if shown else ""}).status_code == 303
        pledge = pledge_of(newsroom)
        assert pledge.schedule != first
        assert pledge.next_amount_minor == (7000 if path == CADENCE else None)
        if pledge.pause_kind is not None:
            assert press(client, "/account/changes/return") == 303


def test_a_cadence_that_is_none_or_the_same_is_refused(newsroom: World) -> None:
    client = patron(newsroom)
    for wanted in ("month", "week", ""):
        assert client.post(CADENCE, data={"amount": "50", "cadence": wanted}).status_code == 422
    press(client, "/account/changes/skip")
    assert client.get(CADENCE).status_code == 409
    assert client.post(CADENCE, data={"amount": "50", "cadence": "year"}).status_code == 409


def test_a_yearly_pledge_is_not_skipped_or_paused_and_may_become_monthly(newsroom: World) -> None:
    client = patron(newsroom, cadence="year", amount="60")
    shown = re.search(r'name="shown" value="([^"]+)"', client.get("/account/changes").text)
    for path in ("skip", "pause"):
        data = {"shown": shown[1] if shown else "", "months": "2"}
        assert client.post(f"/account/changes/{path}", data=data).status_code == 409
    assert 'value="5"' in client.get(CADENCE).text
    assert client.post(CADENCE, data={"amount": "5", "cadence": "month"}).status_code == 303
    told_next(newsroom, client, 500)


DATE = "/account/changes/date"


def on(newsroom: World, later: int) -> str:
    """Returns a day so many days after the next charge, as forms write it."""
    with newsroom.app.test_request_context():
        return (pledge_of(newsroom).period_end_at + timedelta(days=later)).astimezone(zone()).date().isoformat()


def test_the_day_of_the_charge_moves_and_the_vote_stays(newsroom: World) -> None:
    client = patron(newsroom)
    to = on(newsroom, 10)
    assert "The next charge moves to" in client.get(DATE, query_string={"on": to}).text
    assert client.post(DATE, data={"on": to}).status_code == 303
    assert on(newsroom, 0) == to
    told_next(newsroom, client, 500)
    assert standing_kind(newsroom) == "moved"
    days(newsroom, 35)
    assert charged(newsroom) == [500]
    days(newsroom, 8)
    assert charged(newsroom) == [500, 500]
    assert standing_kind(newsroom) == "live"


def test_days_are_moved_by_28_in_all_and_may_be_moved_back(newsroom: World) -> None:
    client = patron(newsroom)
    before = on(newsroom, 0)
    for later, status in ((29, 422), (-1, 422), (0, 422), (20, 303), (9, 422), (8, 303), (1, 422)):
        assert client.post(DATE, data={"on": on(newsroom, later)}).status_code == status, later
    assert client.post(DATE, data={"on": before}).status_code == 303
    assert on(newsroom, 0) == before
    for typed in ("tomorrow", "", "2027-02-30"):
        for answer in (client.get(DATE, query_string={"on": typed}), client.post(DATE, data={"on": typed})):
            assert answer.status_code == 422
            assert "is not a day" in answer.text
    press(client, "/account/changes/skip")
    assert client.post(DATE, data={"on": on(newsroom, 3)}).status_code == 409


def test_a_preview_beside_a_scheduled_change_shows_what_was_typed(newsroom: World) -> None:
    client = patron(newsroom)
    client.post(CADENCE, data={"amount": "50", "cadence": "year"})
    said = seen(client.get(f"{AMOUNT}?amount=7").text)
    assert "you pay €7.00 every month" in said
    assert "is taken back by this" in said


def test_through_a_year_what_is_charged_is_what_was_told_before(newsroom: World) -> None:
    client = patron(newsroom)
    acts: dict[int, Callable[[], object]] = {
        1: lambda: client.post(AMOUNT, data={"amount": "7"}),
        3: lambda: press(client, "/account/changes/skip"),
        5: lambda: press(client, "/account/changes/pause", months="2"),
        8: lambda: client.post(DATE, data={"on": on(newsroom, 12)}),
        10: lambda: client.post(CADENCE, data={"amount": "70", "cadence": "year"}),
    }
    told = [500]
    for turn in range(12):
        client = signed_in(newsroom)
        if turn in acts:
            acts[turn]()
        said = re.search(r"Next charge: €([0-9.]+) on .*?datetime=\"([^\"]+)\"", client.get("/account").text, re.DOTALL)
        assert said
        at = datetime.fromisoformat(said[2])
        if at - newsroom.clock.now() > timedelta(days=120):
            break
        newsroom.advance(int((at - newsroom.clock.now()).total_seconds()) - 3600)
        assert charged(newsroom) == told
        newsroom.advance(3 * 3600)
        told.append(round(float(said[1]) * 100))
        assert charged(newsroom) == told
    assert told == [500, 500, *[700] * 9, 7000]
