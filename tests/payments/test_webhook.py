"""What is not signed by Stripe just now is refused and leaves nothing; what is not for us is stored and ignored."""

import json
import time
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from membership.payments.models import Alarm, Payment, StripeEvent
from membership.payments.webhook import FUTURE
from tests.money import World


def event(**changes: Any) -> bytes:
    values = {
        "id": "evt_invented",
        "object": "event",
        "type": "payment_intent.succeeded",
        "created": int(time.time()),
        "livemode": False,
        "api_version": "2026-10-28.endive",
        "data": {"object": {"id": "pi_invented", "object": "payment_intent"}},
        **changes,
    }
    return json.dumps(values).encode()


def stored(newsroom: World) -> list[tuple[str, str | None]]:
    with newsroom.session() as session:
        return [(each.state, each.reason) for each in session.scalars(select(StripeEvent))]


def test_a_signed_event_is_stored_once(newsroom: World) -> None:
    for _ in range(3):
        assert newsroom.post_event(event()).status_code == 200
    assert stored(newsroom) == [("waiting", None)]


def headers(newsroom: World, body: bytes) -> dict[str, str]:
    now = int(time.time())
    good = newsroom.sign(body)
    return {
        "forged": newsroom.sign(body, secret="whsec_another"),
        "stale": newsroom.sign(body, at=now - 301),
        "a year ahead": newsroom.sign(body, at=now + 365 * 86_400),
        "truncated": good[:-4],
        "empty": "",
        "not ascii": "t=1,v1=é",
        "no time": good.partition(",")[2],
        "letters for time": good.replace("t=", "t=x"),
    }


@pytest.mark.parametrize(
    "kind", ["forged", "stale", "a year ahead", "truncated", "empty", "not ascii", "no time", "letters for time"]
)
def test_a_bad_signature_is_refused_and_stores_nothing(newsroom: World, kind: str) -> None:
    body = event()
    assert newsroom.post_event(body, headers(newsroom, body)[kind]).status_code == 400
    assert stored(newsroom) == []


def test_a_good_signature_of_the_future_is_an_alarm_and_a_forged_or_an_old_one_is_none(newsroom: World) -> None:
    body, now = event(), int(time.time())
    newsroom.post_event(body, newsroom.sign(body, at=now + 900, secret="whsec_another"))
    newsroom.post_event(body, newsroom.sign(body, at=now - 900))
    newsroom.post_event(body, newsroom.sign(body, at=now + 290))
    assert alarms(newsroom) == []
    for _ in range(3):
        assert newsroom.post_event(body, newsroom.sign(body, at=now + 900)).status_code == 400
    assert alarms(newsroom) == [FUTURE]


def test_an_alarm_that_cannot_be_kept_makes_no_difference_to_the_answer(
    newsroom: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OperationalError("INSERT", {}, Exception("the disk is full"))

    monkeypatch.setattr("membership.payments.routes.raise_alarm", broken)
    body = event()
    assert newsroom.post_event(body, newsroom.sign(body, at=int(time.time()) + 900)).status_code == 400
    assert stored(newsroom) == []


def alarms(newsroom: World) -> list[str]:
    with newsroom.session() as session:
        return list(session.scalars(select(Alarm.cause)))


@pytest.mark.parametrize(
    "body",
    [
        b"null",
        b"[]",
        b"1",
        b"{}",
        b"\xff\xfe{}",
        b"",
        b'{"id": 1}',
        event(id="ch_1"),
        event(id="evt_" + "x" * 300),
        event(type=None),
        event(id="evt_\ud800"),
        event(type="a\0b"),
        event(created=1e300),
        event(created=10**17),
        event(created="soon"),
        event(created=10**30),
        event(livemode="no"),
        event(data=None),
        event(data={"object": None}),
        json.dumps({"id": "evt_1", "object": "v2.core.event", "type": "v2.core.event"}).encode(),
        b"[" * 5000,
    ],
)
def test_a_signed_body_that_is_no_event_is_refused(newsroom: World, body: bytes) -> None:
    assert newsroom.post_event(body, newsroom.sign(body)).status_code == 400
    assert stored(newsroom) == []


def test_an_object_with_a_strange_id_is_stored_and_ignored(newsroom: World) -> None:
    assert newsroom.post_event(event(data={"object": {"id": "pi_\0"}})).status_code == 200
    assert newsroom.post_event(event(id="evt_2", data={"object": {"id": 7}})).status_code == 200
    newsroom.work()
    assert all(state != "waiting" for state, _ in stored(newsroom))


def test_half_a_surrogate_in_somebodys_name_is_no_reason_to_refuse_an_event(newsroom: World) -> None:
    body = event(data={"object": {"id": "pi_1", "description": "\ud83d"}})
    assert newsroom.post_event(body).status_code == 200
    assert stored(newsroom) == [("waiting", None)]


def test_one_of_two_signatures_is_enough_while_a_secret_rolls(newsroom: World) -> None:
    body = event()
    stamp, _, ours = newsroom.sign(body).partition(",")
    other = newsroom.sign(body, secret="whsec_another").partition(",")[2]
    assert newsroom.post_event(body, f"{stamp},{other},{ours}").status_code == 200


def test_the_other_mode_and_another_account_are_stored_and_ignored(newsroom: World) -> None:
    newsroom.post_event(event(id="evt_live", livemode=True))
    newsroom.post_event(event(id="evt_account", account="acct_other"))
    assert sorted(stored(newsroom), key=str) == [("ignored", "another account"), ("ignored", "livemode")]


def test_an_unknown_type_is_ignored_the_moment_it_comes(newsroom: World) -> None:
    assert newsroom.post_event(event(type="terminal.reader.invented")).status_code == 200
    assert stored(newsroom) == [("ignored", "nothing here depends on this type")]


def test_an_object_without_our_mark_is_ignored(newsroom: World) -> None:
    checkout = newsroom.api.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "line_items": [
                {
                    "price_data": {"currency": "eur", "unit_amount": 900, "product": "membership_donation"},
                    "quantity": 1,
                }
            ],
            "success_url": "http://localhost:8000/",
        }
    )
    newsroom.pay(str(checkout.url))
    newsroom.settle()
    states = stored(newsroom)
    assert ("ignored", "no mark of this site") in states
    assert all(state != "waiting" for state, _ in states)
    with newsroom.session() as session:
        assert session.scalars(select(Payment)).all() == []


def test_an_object_that_stripe_does_not_know_is_marked_gone(newsroom: World) -> None:
    newsroom.post_event(event())
    newsroom.work()
    assert stored(newsroom) == [("handled", None)]


class Silent(BytesIO):
    """The body of somebody who announces one and sends nothing."""

    def read(self, *_: object) -> bytes:
        raise AssertionError("the body was waited for")

    readline = readinto = read  # type: ignore[assignment]  # whoever reads, by whatever name


@pytest.mark.parametrize(
    ("length", "headers", "status"),
    [(100, {}, 400), (2_000_000, {}, 413), (2_000_000, {"Stripe-Signature": "t=1"}, 413)],
)
def test_what_cannot_be_an_event_is_refused_before_its_body_is_waited_for(
    newsroom: World, length: int, headers: dict[str, str], status: int
) -> None:
    client = newsroom.app.test_client()
    announced = {"CONTENT_LENGTH": str(length)}
    answer = client.post("/stripe/webhook", input_stream=Silent(), environ_overrides=announced, headers=headers)
    assert answer.status_code == status
    assert stored(newsroom) == []


def test_a_large_body_is_refused(newsroom: World) -> None:
    assert newsroom.post_event(b"x" * 10_000_000, "t=1,v1=a").status_code == 413
    assert stored(newsroom) == []
