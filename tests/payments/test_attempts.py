"""One form leads to one payable Checkout, however often and with whatever it is sent."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from membership.payments.gateway import KeySpoiled, StripeAway
from membership.payments.models import Attempt
from membership.payments.records import Checkout, CheckoutOrder
from tests.money import World


def checkouts(newsroom: World) -> list[str]:
    sessions = newsroom.api.v1.checkout.sessions.list({"limit": 100})
    return [str(each.status) for each in sessions.data]


def test_the_same_form_sent_again_leads_to_the_same_checkout(newsroom: World) -> None:
    client = newsroom.browser()
    token = newsroom.form_token(client)
    assert newsroom.give(client, token=token).location == newsroom.give(client, token=token).location
    assert checkouts(newsroom) == ["open"]


def test_sixteen_at_the_same_instant_get_one_checkout(newsroom: World) -> None:
    token = newsroom.form_token(newsroom.browser())
    barrier = Barrier(16)

    def send(_number: int) -> str:
        client = newsroom.browser()
        barrier.wait()
        return newsroom.give(client, token=token).location

    with ThreadPoolExecutor(16) as pool:
        places = set(pool.map(send, range(16)))
    assert len(places) == 1
    assert checkouts(newsroom) == ["open"]


def test_another_amount_replaces_the_checkout_before(newsroom: World) -> None:
    client = newsroom.browser()
    token = newsroom.form_token(client)
    first = newsroom.give(client, token=token).location
    second = newsroom.give(client, token=token, amount="10").location
    assert first != second
    assert sorted(checkouts(newsroom)) == ["expired", "open"]
    assert newsroom.pay(first).status == 410
    with newsroom.session() as session:
        old, new = session.scalars(select(Attempt).order_by(Attempt.revision))
        assert (old.superseded_by_id, new.superseded_by_id, new.revision) == (new.id, None, 2)


def test_a_mixture_of_amounts_leaves_one_payable_checkout(newsroom: World) -> None:
    token = newsroom.form_token(newsroom.browser())
    barrier = Barrier(8)

    def send(number: int) -> int:
        client = newsroom.browser()
        barrier.wait()
        return newsroom.give(client, token=token, amount=("5", "10")[number % 2]).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(send, range(8))) == {303}
    assert checkouts(newsroom).count("open") <= 1


def test_a_paid_form_sent_again_leads_to_its_thanks(newsroom: World) -> None:
    client = newsroom.browser()
    token = newsroom.form_token(client)
    newsroom.pay(newsroom.give(client, token=token).location)
    newsroom.settle()
    answer = newsroom.give(client, token=token, amount="25")
    assert "/support/thanks/" in answer.location
    assert checkouts(newsroom) == ["complete"]


def test_an_expired_attempt_can_be_tried_again_with_the_same_form(newsroom: World) -> None:
    client = newsroom.browser()
    token = newsroom.form_token(client)
    first = newsroom.give(client, token=token).location
    newsroom.advance(3600)
    second = newsroom.give(client, token=token).location
    assert first != second
    assert sorted(checkouts(newsroom)) == ["expired", "open"]


def test_a_process_that_dies_before_it_closes_the_older_checkout_leaves_that_to_the_worker(
    newsroom: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = newsroom.browser()
    token = newsroom.form_token(client)
    older = newsroom.give(client, token=token).location

    def die(_checkout_id: str) -> None:
        raise KeyboardInterrupt

    gateway = newsroom.app.extensions["gateway"]
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(gateway, "expire_checkout", die)
        newsroom.give(client, token=token, amount="10")
    newsroom.work()
    assert checkouts(newsroom) == ["expired"]
    assert newsroom.pay(older).status == 410
    assert newsroom.give(client, token=token, amount="10").status_code == 303
    assert sorted(checkouts(newsroom)) == ["expired", "open"]


@pytest.mark.parametrize("amount", ["10", "5"])
def test_a_form_that_is_paid_before_we_heard_of_it_is_not_paid_again(newsroom: World, amount: str) -> None:
    client = newsroom.browser()
    token = newsroom.form_token(client)
    newsroom.pay(newsroom.give(client, token=token).location)
    newsroom.advance(3600)
    answer = newsroom.give(client, token=token, amount=amount)
    assert "/support/thanks/" in answer.location
    assert "Received: €5.00" in client.get(urlsplit(answer.location).path).text
    assert checkouts(newsroom) == ["complete"]
    newsroom.settle()
    assert "/support/thanks/" in newsroom.give(client, token=token, amount=amount).location


def test_a_second_key_beside_the_first_leaves_one_page(newsroom: World, monkeypatch: pytest.MonkeyPatch) -> None:
    client = newsroom.browser()
    token = newsroom.form_token(client)
    gateway = newsroom.app.extensions["gateway"]
    create, places = gateway.create_checkout, list[str]()

    def spoiled_once(order: CheckoutOrder) -> Checkout:
        if not places:
            places.append("the other click is on its way")
            places.append(newsroom.give(newsroom.browser(), token=token).location)
            raise KeySpoiled("a stored answer")
        made: Checkout = create(order)
        return made

    with monkeypatch.context() as patch:
        patch.setattr(gateway, "create_checkout", spoiled_once)
        places.append(newsroom.give(client, token=token).location)
    assert checkouts(newsroom).count("open") == 1
    assert places[1] == places[2]


def test_a_later_post_closes_what_an_earlier_one_could_not(newsroom: World, monkeypatch: pytest.MonkeyPatch) -> None:
    client = newsroom.browser()
    token = newsroom.form_token(client)
    older = newsroom.give(client, token=token).location

    def away(_checkout_id: str) -> bool:
        raise StripeAway("hung up")

    with monkeypatch.context() as patch:
        patch.setattr(newsroom.app.extensions["gateway"], "expire_checkout", away)
        assert newsroom.give(client, token=token, amount="10").status_code == 503
    assert newsroom.give(client, token=token, amount="10").status_code == 303
    assert newsroom.pay(older).status == 410
