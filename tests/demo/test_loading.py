"""`demo load`: a newsroom with a past, made once."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from threading import Thread

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.serving import BaseWSGIServer, make_server

from membership.clock import ShiftedClock
from membership.demo.letters import KEPT
from membership.factory import create_app
from membership.mail.transport import ListTransport
from membership.patrons.models import Pledge
from membership.payments.ledger import sums
from membership.payments.models import Attempt, Payment, Receipt, StripeEvent
from membership.settings import Settings
from membership.stripe_sandbox.server import Sandbox, running
from membership.topics.models import Follow, Round, RoundResult, Topic


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with running(state=tmp_path / "sandbox.db", clock=tmp_path / "clock") as sandbox:
        yield sandbox


@pytest.fixture
def demo(settings: Settings, sandbox: Sandbox, mail: ListTransport, tmp_path: Path) -> Iterator[Flask]:
    """The application as it runs in the demo: over the sandbox, which sends it its events."""
    server, app = _served(settings, sandbox, mail, ShiftedClock(tmp_path / "clock"))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield app
    server.shutdown()
    thread.join()
    server.server_close()
    app.extensions["database"].close()


def test_the_demo_is_loaded_once_and_its_books_are_right(demo: Flask, session: Session, mail: ListTransport) -> None:
    runner = demo.test_cli_runner()

    first = runner.invoke(args=["demo", "load"])
    after_first = _counts(session)
    second = runner.invoke(args=["demo", "load"])
    checked = runner.invoke(args=["ledger", "check"])

    assert first.exit_code == 0, first.output
    assert after_first["pledges"] == 40
    assert after_first["payments"] >= 200
    assert second.output == "The demo newsroom was loaded already.\n"
    assert _counts(session) == after_first
    assert len({message["Message-ID"] for message in mail.sent}) == len(mail.sent)
    assert checked.output.splitlines()[-1] == "equal"
    assert {"EUR", "JPY", "USD"} <= set(sums(session))
    _has_a_year_behind_it(session, mail, now=demo.extensions["clock"].now())
    _rounds_have_their_results_and_one_is_open(session, now=demo.extensions["clock"].now())
    _what_was_chosen_goes_on(session, now=demo.extensions["clock"].now())
    _more_patrons_may_come(demo, session)


def test_without_a_sandbox_the_reason_is_told(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["demo", "load"])

    assert result.exit_code == 1
    assert "The Stripe sandbox does not answer at http://127.0.0.1:1" in result.output


def test_outside_of_the_demo_nothing_is_loaded(settings: Settings) -> None:
    app = create_app(replace(settings, mode="test", stripe_api_base=None, mail_url="smtp://localhost"))

    result = app.test_cli_runner().invoke(args=["demo", "load"])

    assert result.exit_code == 1
    assert "demo mode alone; this is test mode" in result.output
    app.extensions["database"].close()


def _has_a_year_behind_it(session: Session, mail: ListTransport, *, now: datetime) -> None:
    statuses = Counter(session.scalars(select(Pledge.stripe_status)))
    assert statuses["active"] >= 25
    assert statuses["canceled"] >= 3
    assert statuses["past_due"] >= 1
    assert set(session.scalars(select(StripeEvent.state))) == {"handled"}
    attempts = session.scalars(select(Attempt)).all()
    assert {(attempt.state, attempt.checkout_id is None) for attempt in attempts} == {("paid", False)}
    assert min(attempt.created_at for attempt in attempts) < now - timedelta(days=300)
    _numbers_follow_the_days(session)
    receipts = [message for message in mail.sent if message["Subject"].startswith("Receipt")]
    newer = select(func.count()).where(Payment.paid_at >= now - KEPT)
    assert 10 <= len(receipts) == session.scalar(newer)


def _rounds_have_their_results_and_one_is_open(session: Session, *, now: datetime) -> None:
    *closed, opened = session.scalars(select(Round).order_by(Round.closes_at))
    for round_ in closed:
        votes = session.scalars(select(RoundResult.votes).where(RoundResult.round_id == round_.id)).all()
        assert round_.closed_at == round_.closes_at
        assert len(votes) == 3
        assert sum(votes) >= 5
    assert opened.closed_at is None
    assert opened.opens_at < now < opened.joins_until


def _what_was_chosen_goes_on(session: Session, *, now: datetime) -> None:
    topics = {topic.state: topic for topic in session.scalars(select(Topic))}
    assert topics["published"].outcome_url == "/articles/how-long-is-temporary"
    assert (topics["reporting"].promised_on or now.date()) > now.date()
    assert (topics["postponed"].postponed_to or now.date()) > now.date()
    assert topics["declined"].person is None
    followed = select(func.count()).where(Follow.topic_id == topics["reporting"].id)
    assert session.scalar(followed) == 3


def _more_patrons_may_come(demo: Flask, session: Session) -> None:
    for patrons, pledges in (("1", 41), ("3", 43), ("2", 43)):
        assert demo.test_cli_runner().invoke(args=["demo", "load", "--patrons", patrons]).exit_code == 0
        assert _counts(session)["pledges"] == pledges


def _numbers_follow_the_days(session: Session) -> None:
    """The sandbox sends two events at a time: one may overtake another now and then."""
    receipts = session.execute(select(Receipt.year, Receipt.issued_at).order_by(Receipt.year, Receipt.number)).all()
    overtaken = [each for each, following in pairwise(receipts) if tuple(each) > tuple(following)]
    assert len(overtaken) <= len(receipts) / 10


def _counts(session: Session) -> dict[str, int]:
    session.rollback()
    return {
        model.__tablename__: session.scalar(select(func.count()).select_from(model)) or 0
        for model in (Payment, Pledge, Round)
    }


def _served(
    settings: Settings, sandbox: Sandbox, mail: ListTransport, clock: ShiftedClock
) -> tuple[BaseWSGIServer, Flask]:
    server = make_server("127.0.0.1", 0, lambda _environ, _start: [], threaded=True)
    settings = replace(settings, base_url=f"http://localhost:{server.server_port}", stripe_api_base=sandbox.url)
    first = create_app(settings, clock=clock, mail=mail)
    result = first.test_cli_runner().invoke(args=["stripe", "set-up"])
    assert result.exit_code == 0, result.output
    first.extensions["database"].close()
    secret = (settings.instance / "settings.env").read_text().strip().partition("=")[2]
    app = create_app(replace(settings, stripe_webhook_secrets=(secret,)), clock=clock, mail=mail, look_every_seconds=0)
    server.app = app
    return server, app
