"""Nobody holds rows while the network is asked: a whole life of money, with a watch on every socket."""

import socket
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import local
from typing import Any

import pytest
from sqlalchemy import Connection, event, select

from membership.db import Database, transaction
from membership.money import Money
from membership.payments.models import Dispute, Payment, Refund
from membership.payments.refunding import Asker, ask_refund
from tests.behaviours.acts import pledged, signed_in
from tests.money import DAY, World

DISPUTED = "4000000000000259"


@dataclass
class Watch:
    """Counts what goes over the network, and notes what went while this thread had a transaction open."""

    asked: int = 0
    caught: list[str] = field(default_factory=list)
    thread: local = field(default_factory=local)

    def follow(self, database: Database) -> None:
        event.listen(database.engine, "begin", self._begun)
        event.listen(database.engine, "commit", self._ended)
        event.listen(database.engine, "rollback", self._ended)

    def over(self, name: str, act: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*words: Any, **named: Any) -> Any:
            self.asked += 1
            if getattr(self.thread, "writes", False):
                self.caught.append(name)
            return act(*words, **named)

        return watched

    def _begun(self, connection: Connection) -> None:
        options = connection.get_execution_options()
        self.thread.writes = bool(options.get("writes")) or options.get("isolation_level") == "READ COMMITTED"

    def _ended(self, _connection: Connection) -> None:
        self.thread.writes = False


@pytest.fixture
def watch(newsroom: World, monkeypatch: pytest.MonkeyPatch) -> Watch:
    watch = Watch()
    watch.follow(newsroom.database)
    for name in ("connect", "sendall"):
        monkeypatch.setattr(socket.socket, name, watch.over(name, getattr(socket.socket, name)))
    # Waiting for somebody else who asks is asking.
    monkeypatch.setattr(Future, "result", watch.over("result", Future.result))
    monkeypatch.setattr(newsroom.mail, "send", watch.over("mail", newsroom.mail.send))
    return watch


def refund(newsroom: World) -> None:
    asker = Asker("staff", account_id=None)
    with newsroom.session() as session, transaction(session):
        payment = session.scalars(select(Payment).where(Payment.state == "paid").order_by(Payment.id).limit(1)).one()
        ask_refund(
            session, payment, Money(200, "EUR"), reason=None, note=None, asked_by=asker, now=newsroom.clock.now()
        )


def test_the_watch_sees_somebody_who_asks_stripe_inside_of_a_transaction(newsroom: World, watch: Watch) -> None:
    gateway = newsroom.app.extensions["gateway"]
    gateway.balance()
    assert (watch.asked > 0, watch.caught) == (True, [])
    with newsroom.session() as session, transaction(session):
        session.execute(select(1))
        gateway.balance()
    assert watch.caught


def test_nothing_is_asked_over_the_network_inside_of_a_transaction(newsroom: World, watch: Watch) -> None:
    reader = newsroom.browser()
    reader.get(newsroom.give_and_pay(reader))
    newsroom.settle()
    pledged(newsroom)
    refund(newsroom)
    newsroom.work()
    newsroom.pay(newsroom.give(newsroom.browser()).location, DISPUTED)
    newsroom.advance(40 * DAY)
    newsroom.settle()
    signed_in(newsroom).post("/account/pledge/cancellation")
    newsroom.settle()
    newsroom.collect()
    with newsroom.session() as session:
        assert session.scalars(select(Refund.state)).all() == ["succeeded"]
        assert len(session.scalars(select(Dispute.id)).all()) == 1
        assert len(session.scalars(select(Payment.id)).all()) == 4
    assert watch.asked > 60
    assert watch.caught == []
