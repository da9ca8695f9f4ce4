"""Privacy as a person meets it: the table that everybody may read, the export, and the erasure with its preview."""

import json
import re
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.accounts.erasing import NOBODY
from membership.accounts.models import Account, SignInSession
from membership.accounts.own_data import as_json, everything_about
from membership.db import transaction
from membership.mail.delivery import deliver
from membership.mail.letters import Letter
from membership.mail.transport import ListTransport
from membership.outbox.dropping import drop_naming
from membership.outbox.models import OutboxRow
from membership.outbox.rows import enqueue
from membership.payments.models import Payer, Payment, Receipt
from membership.periods import RETENTION
from membership.wiring import PERSONAL_DATA
from tests.behaviours.acts import PATRON, pledged, signed_in, text_of
from tests.money import World
from tests.payments.conftest import newsroom, sandbox, settings

__all__ = ["newsroom", "sandbox", "settings"]


@pytest.fixture
def patron(newsroom: World) -> FlaskClient:
    """The browser of a patron who has paid once."""
    pledged(newsroom)
    return signed_in(newsroom)


def test_the_table_of_periods_is_printed_for_everybody(newsroom: World) -> None:
    answer = newsroom.browser().get("/privacy")
    assert "public" in answer.headers["Cache-Control"]
    with newsroom.app.test_request_context():
        assert [str(period.says) for period in RETENTION if str(period.says) not in answer.text] == []
    assert "10 years" in answer.text
    assert "2 days" in answer.text


@pytest.mark.parametrize("path", ["/account/privacy", "/account/privacy/export", "/account/privacy/export.json"])
def test_nobody_sees_anything_of_it_without_signing_in(newsroom: World, path: str) -> None:
    answer = newsroom.browser().get(path)
    assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/sign-in")


def test_the_export_tells_everything_in_both_forms(newsroom: World, patron: FlaskClient) -> None:
    told = json.loads(patron.get("/account/privacy/export.json").text)
    assert told["account"][0]["email"] == PATRON
    assert told["payments"][0]["amount"] == {"amount_minor": 500, "currency": "EUR"}
    assert told["pledges"][0]["card_last4"] == "4242"
    assert told["browsers"]
    page = patron.get("/account/privacy/export")
    assert page.headers["Cache-Control"] == "no-store"
    for text in (PATRON, "€5.00", "4242", told["payments"][0]["receipt"]):
        assert text in page.text


def test_the_export_tells_nothing_of_anybody_else(newsroom: World, patron: FlaskClient) -> None:
    newsroom.give_and_pay(newsroom.browser(), email="other@example.org")
    newsroom.settle()
    assert "other@" not in patron.get("/account/privacy/export.json").text


def test_the_preview_says_what_goes_and_which_receipts_the_law_keeps(newsroom: World, patron: FlaskClient) -> None:
    page = patron.get("/account/privacy").text
    with newsroom.session() as session:
        number = session.scalars(select(Receipt)).one()
    assert f"{number.year}-{number.number:05d}" in page
    assert "Your pledge ends at once" in page


def test_nobody_is_erased_by_a_slip(newsroom: World, patron: FlaskClient) -> None:
    answer = patron.post("/account/privacy/erasure", data={"email": "somebody@example.org"})
    assert answer.status_code == 422
    assert "This is not the address of this account" in answer.text
    assert patron.get("/account").status_code == 200


def test_who_is_erased_is_signed_out_everywhere_and_may_come_back_as_a_stranger(
    newsroom: World, patron: FlaskClient
) -> None:
    other = signed_in(newsroom)
    assert patron.post("/account/privacy/erasure", data={"email": PATRON.upper()}).status_code == 303
    assert patron.get("/account").status_code == other.get("/account").status_code == 303
    assert "erased" in patron.get("/account/privacy/erased").text
    newsroom.settle()
    again = signed_in(newsroom)
    assert "€5.00" not in again.get("/account").text
    with newsroom.session() as session:
        assert session.scalar(select(func.count()).select_from(Account)) == 2


def test_of_a_receipt_number_date_amount_and_addressee_stay(newsroom: World, patron: FlaskClient) -> None:
    with newsroom.session() as session:
        before = _receipts(session)
    patron.post("/account/privacy/erasure", data={"email": PATRON})
    newsroom.settle()
    with newsroom.session() as session:
        assert [row[:4] for row in _receipts(session)] == [row[:4] for row in before]
        assert [row[4] for row in _receipts(session)] == [row[4] or PATRON for row in before]
        assert {(each.email, each.name, each.email_key) for each in session.scalars(select(Payer))} == {(None,) * 3}


def test_links_in_letters_die_with_the_account(newsroom: World) -> None:
    newsroom.give_and_pay(newsroom.browser(), email=PATRON)
    newsroom.settle()
    path = re.search(r"http://localhost:8000(/links/\S+)", text_of(newsroom.letters("Receipt")[0]))
    assert path
    assert newsroom.browser().get(path[1]).status_code == 200
    signed_in(newsroom).post("/account/privacy/erasure", data={"email": PATRON})
    assert newsroom.browser().get(path[1]).status_code == 410


def test_a_letter_that_waits_is_dropped_and_one_to_a_longer_address_is_not(session: Session, now: datetime) -> None:
    with transaction(session):
        enqueue(session, "sign_in", "one", {"email": "An@example.org"}, now=now)
        enqueue(session, "sign_in", "two", {"email": "dan@example.org"}, now=now)
        assert drop_naming(session, ["an@example.org"], now=now) == 1
    assert session.scalars(select(OutboxRow.key).where(OutboxRow.done_at.is_(None))).all() == ["two"]


def test_a_letter_to_nobody_is_not_sent(now: datetime) -> None:
    post = ListTransport()
    deliver(Letter(to=NOBODY, subject="", blocks=(), key="k"), transport=post, sender="N <n@example.org>", now=now)
    assert post.sent == []


def test_a_session_that_was_ended_long_ago_is_forgotten_by_night(newsroom: World, patron: FlaskClient) -> None:
    patron.post("/sign-out")
    newsroom.advance(31 * 86_400)
    keep = next(period for period in RETENTION if period.name == "sessions")
    assert keep.apply is not None
    keep.apply(newsroom.app.extensions["seams"], keep.after)  # type: ignore[arg-type]  # this one has a plain length
    with newsroom.session() as session:
        assert session.scalars(select(SignInSession)).all() == []


def test_every_package_tells_its_part_even_of_a_stranger(session: Session, app: Flask, now: datetime) -> None:
    with transaction(session):
        account = Account(reference="r", email="e@x.org", email_key="e@x.org", language="en", created_at=now)
        session.add(account)
    with app.test_request_context():
        told = as_json(everything_about(session, account, PERSONAL_DATA), now=now)
    assert told["account"][0]["email"] == "e@x.org"
    assert {name for name, rows in told.items() if rows == []} >= {"payments", "pledges", "proposals", "browsers"}


def _receipts(session: Session) -> list[tuple[object, ...]]:
    statement = select(Receipt, Payment).join(Payment, Payment.id == Receipt.payment_id).order_by(Receipt.number)
    return [
        (receipt.number, receipt.issued_at, payment.paid_at, payment.amount, receipt.addressee)
        for receipt, payment in session.execute(statement)
    ]
