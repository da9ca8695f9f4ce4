"""A lost mailbox: two facts of payment, three days in which the old address may refuse, then the account moves once."""

import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from smtplib import SMTPRecipientsRefused
from threading import Barrier, Thread
from typing import TypeVar

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from membership.accounts.address_changes import ask_for_change, change_by_reference
from membership.accounts.lost_mailboxes import DELAY, move_if_due, refuse_move
from membership.accounts.models import Account, AddressChange, AuditEntry, Passkey
from membership.accounts.roles import grant
from membership.clock import SteppedClock
from membership.db import Database, transaction
from membership.mail.transport import ListTransport
from membership.money import Money
from membership.patrons.models import Pledge, PledgePayment
from membership.payments.models import Attempt, Payer, Payment, Receipt
from membership.wiring import ADDRESS_MOVED
from tests.accounts.doors import accounts, ask, code_in, mails, person, post_code, sign_in, text_of

OLD, NEW, FINANCE = "olena@example.org", "olena.new@example.net", "finance@example.org"
Row = TypeVar("Row")

PAGE = "/staff/mailboxes"
RECEIPT = {"receipt": "2026-00417"}
PAYMENT = {"paid_on": "2026-11-01", "amount": "5", "currency": "EUR"}
CARD = {"last4": "4242"}


@dataclass
class Desk:
    """Finance at the page, and somebody who pays and whose mailbox is lost."""

    app: Flask
    client: FlaskClient
    database: Database
    clock: SteppedClock
    owner: Account

    def ask(self, *facts: Mapping[str, str], email: str = OLD, new: str = NEW) -> TestResponse:
        form = {"email": email, "new_email": new, "currency": "EUR"}
        for fact in facts:
            form |= fact
        return self.client.post(PAGE, data=form)

    def asked(self) -> AddressChange:
        answer = self.ask(RECEIPT, CARD)
        assert (answer.status_code, answer.location) == (303, PAGE), answer.text
        mails(self.app)
        return self.rows(AddressChange)[-1]

    def wait(self, length: timedelta = DELAY) -> None:
        self.clock.at += length
        mails(self.app)

    def rows(self, model: type[Row]) -> list[Row]:
        with self.database.session() as session:
            return list(session.scalars(select(model).order_by(text("id"))))

    def letters(self, email: str) -> list[str]:
        return [f"{each['Subject']}\n{text_of(each)}" for each in mails(self.app) if each["To"] == email]

    def acts(self) -> list[tuple[str, int | None]]:
        return [(entry.act, entry.actor_id) for entry in self.rows(AuditEntry) if not entry.act.startswith("granted")]


def pays(session: Session, account: Account, number: int, last4: str, paid_at: datetime) -> None:
    payer = Payer(
        reference=f"payer {number}",
        account_id=account.id,
        email=account.email,
        email_key=account.email_key,
        created_at=paid_at,
    )
    session.add(payer)
    session.flush()
    payment = Payment(
        reference=f"payment {number}",
        payer_id=payer.id,
        source="stripe",
        amount=Money(500, "EUR"),
        state="paid",
        paid_at=paid_at,
        created_at=paid_at,
    )
    session.add(payment)
    session.flush()
    session.add(Receipt(year=2026, number=number, payment_id=payment.id, issued_at=paid_at))
    session.add(
        Pledge(
            reference=f"pledge {number}",
            account_id=account.id,
            payer_id=payer.id,
            subscription=f"sub_{number}",
            cadence="month",
            amount=Money(500, "EUR"),
            stripe_status="active",
            period_end_at=paid_at,
            live=True,
            card_brand="visa",
            card_last4=last4,
            started_at=paid_at,
        )
    )


@pytest.fixture
def desk(app: Flask, client: FlaskClient, database: Database, clock: SteppedClock) -> Desk:
    now = clock.now()
    owner = person(database, OLD, now=now)
    other = person(database, "taras@example.org", now=now)
    with database.session() as session, transaction(session):
        paid_at = now.replace(day=1)
        pays(session, owner, 417, "4242", paid_at)
        pays(session, other, 418, "5555", paid_at.replace(day=2))
    sign_in(client, FINANCE, "finance", now=now)
    return Desk(app, client, database, clock, owner)


def link_to_refuse(desk: Desk) -> str:
    found = re.search(r"http://localhost:8000(/links/mailbox-refusal/\S+)", desk.letters(OLD)[-1])
    assert found
    return found[1]


def elsewhere(desk: Desk) -> FlaskClient:
    client = desk.app.test_client()
    client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    return client


def test_the_account_moves_after_three_days_and_everything_comes_along(desk: Desk) -> None:
    browser = elsewhere(desk)
    sign_in(browser, OLD, now=desk.clock.now())
    finance = accounts(desk.database)[FINANCE].id
    desk.asked()
    assert "moves to o…w@example.net" in desk.letters(OLD)[0]
    assert "moves to this address" in desk.letters(NEW)[0]
    assert "/links/" not in desk.letters(NEW)[0]
    assert "o…a@example.org → o…w@example.net" in desk.client.get(PAGE).text
    desk.wait(DELAY - timedelta(seconds=1))
    assert NEW not in accounts(desk.database)
    assert browser.get("/account/devices").status_code == 200
    link = link_to_refuse(desk)
    desk.wait(timedelta(seconds=1))
    moved = accounts(desk.database)[NEW]
    assert (moved.id, moved.email, moved.link_version) == (desk.owner.id, NEW, desk.owner.link_version + 1)
    assert {(payer.email, payer.account_id) for payer in desk.rows(Payer) if payer.account_id == moved.id} == {
        (NEW, moved.id)
    }
    assert browser.get("/account/devices").status_code == 303
    assert "has changed" in desk.letters(OLD)[-1]
    assert "has changed" in desk.letters(NEW)[-1]
    assert browser.post(link).status_code == 410
    assert desk.acts() == [("asked to move a lost mailbox", finance), ("address changed", finance)]
    page = desk.client.get(PAGE)
    assert "No account is about to move" in page.text
    assert page.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("facts", [(RECEIPT, PAYMENT), (PAYMENT, CARD), (RECEIPT, PAYMENT, CARD)])
def test_any_two_facts_are_enough(desk: Desk, facts: tuple[Mapping[str, str], ...]) -> None:
    assert desk.ask(*facts, email=OLD.upper()).status_code == 303
    assert len(desk.rows(AddressChange)) == 1


WRONG: tuple[tuple[Mapping[str, str], ...], ...] = (
    ({"receipt": "2026-00418"}, CARD),
    (RECEIPT, {"last4": "5555"}),
    (RECEIPT, {**PAYMENT, "paid_on": "2026-11-02"}),
    (CARD, {**PAYMENT, "amount": "5.01"}),
    (CARD, {**PAYMENT, "currency": "USD"}),
    # Two that fit do not make up for one that does not.
    (RECEIPT, CARD, {**PAYMENT, "amount": "6"}),
)


def test_facts_of_somebody_else_move_nothing_and_are_counted(desk: Desk) -> None:
    for facts in WRONG:
        answer = desk.ask(*facts)
        assert answer.status_code == 422, facts
        assert "These facts do not fit" in answer.text
        desk.clock.at += timedelta(hours=6)
    assert desk.rows(AddressChange) == []
    assert [act for act, _ in desk.acts()] == ["gave wrong facts of payment"] * len(WRONG)


def test_an_unknown_address_is_answered_as_wrong_facts_are(desk: Desk) -> None:
    known, unknown = (
        desk.ask(RECEIPT, {"last4": "5555"}),
        desk.ask(RECEIPT, {"last4": "5555"}, email="nobody@example.org"),
    )
    assert unknown.text.replace("nobody@example.org", OLD) == known.text
    assert len(desk.acts()) == 2


NO_FACTS: tuple[tuple[Mapping[str, str], str], ...] = (
    (RECEIPT, "Give two of the three facts."),
    ({}, "Give two of the three facts."),
    ({"receipt": "417", **CARD}, "looks like 2026-00417"),
    ({**RECEIPT, "last4": "42٤٢"}, "are four, like 4242"),
    ({**RECEIPT, "paid_on": "2026-02-30", "amount": "5"}, "is no day"),
    ({**RECEIPT, "paid_on": "9999-12-31", "amount": "5"}, "is no day"),
    ({**RECEIPT, "paid_on": "2026-11-01"}, "Day and amount are one fact"),
    ({**RECEIPT, "amount": "5"}, "Day and amount are one fact"),
    ({**RECEIPT, "paid_on": "2026-11-01", "amount": "9" * 24}, "Nobody gave us that much"),
    ({**RECEIPT, **PAYMENT, "currency": "€"}, "Choose the currency"),
)


def test_what_cannot_be_compared_is_named_and_no_try(desk: Desk) -> None:
    for facts, says in NO_FACTS:
        answer = desk.ask(facts)
        assert answer.status_code == 422, facts
        assert says in answer.text
        assert f'value="{NEW}"' in answer.text
    assert desk.acts() == []


NOT_FREE = {
    "": "Write your e-mail address",
    "no address": "is not an e-mail address",
    OLD: "has this address already",
    "taras@example.org": "has an account of its own",
}


def test_an_address_that_cannot_be_taken_is_named(desk: Desk) -> None:
    for new, says in NOT_FREE.items():
        answer = desk.ask(RECEIPT, CARD, new=new)
        assert answer.status_code == 422, new
        assert says in answer.text
    assert desk.rows(AddressChange) == []


def test_wrong_facts_of_one_account_are_braked_and_then_right_ones_too(desk: Desk) -> None:
    for _ in range(5):
        assert desk.ask(RECEIPT, {"last4": "0000"}).status_code == 422
    for facts in ({"last4": "0000"}, CARD):
        answer = desk.ask(RECEIPT, facts)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "86400")
    desk.clock.at += timedelta(days=1, seconds=1)
    assert desk.ask(RECEIPT, CARD).status_code == 303


def test_wrong_facts_of_one_of_the_staff_are_braked(desk: Desk) -> None:
    tries = [desk.ask(RECEIPT, CARD, email=f"nobody{number}@example.org").status_code for number in range(11)]
    assert tries == [422] * 10 + [429]
    assert desk.ask(RECEIPT, CARD).status_code == 429


def test_the_old_address_refuses_by_its_letter_and_finance_hears_of_it(desk: Desk) -> None:
    desk.asked()
    link, mailbox = link_to_refuse(desk), elsewhere(desk)
    for _ in range(3):
        assert f'action="{link}"' in mailbox.get(link).text
    for _ in range(2):
        assert mailbox.post(link).location == link
    assert "Your address stays" in mailbox.get(link).text
    desk.wait()
    assert accounts(desk.database)[OLD].link_version == desk.owner.link_version
    told = desk.letters(FINANCE)
    assert len(told) == 1
    assert "Its owner refused" in told[0]
    assert OLD not in told[0]
    assert desk.acts()[1:] == [("refused to move a lost mailbox", desk.owner.id)]


def test_whoever_is_signed_in_sees_it_and_refuses(desk: Desk) -> None:
    desk.asked()
    browser = elsewhere(desk)
    sign_in(browser, OLD, now=desk.clock.now())
    desk.wait(timedelta(days=2))
    assert "your mailbox is lost" in browser.get("/account/address").text
    assert browser.post("/account/address/withdrawal").status_code == 303
    assert "your mailbox is lost" not in browser.get("/account/address").text
    desk.wait()
    assert OLD in accounts(desk.database)
    assert len(desk.letters(FINANCE)) == 1


def test_the_staff_calls_it_off(desk: Desk) -> None:
    path = f"{PAGE}/{desk.asked().reference}/cancellation"
    assert desk.client.post(path).status_code == 303
    assert desk.client.post(path).status_code == 410
    assert desk.client.post(f"{PAGE}/nothing/cancellation").status_code == 404
    desk.wait()
    assert OLD in accounts(desk.database)


def test_one_move_waits_at_a_time(desk: Desk) -> None:
    desk.asked()
    answer = desk.ask(RECEIPT, CARD, new="another@example.net")
    assert answer.status_code == 409
    assert "Call that off first" in answer.text


def test_an_address_that_somebody_has_by_then_is_not_taken_from_them(desk: Desk) -> None:
    desk.asked()
    person(desk.database, NEW, now=desk.clock.now())
    desk.wait()
    assert accounts(desk.database)[OLD].id == desk.owner.id
    assert accounts(desk.database)[NEW].id != desk.owner.id
    assert "has an account of its own by now" in desk.letters(FINANCE)[-1]
    desk.wait()
    assert len(desk.letters(FINANCE)) == 1


def test_accounts_of_the_staff_are_not_moved(desk: Desk) -> None:
    person(desk.database, OLD, "admin", now=desk.clock.now())
    assert desk.ask(RECEIPT, CARD).status_code == 403
    assert desk.rows(AddressChange) == []


def test_who_comes_to_be_staff_meanwhile_is_not_moved(desk: Desk) -> None:
    desk.asked()
    with desk.database.session() as session, transaction(session):
        grant(session, session.get_one(Account, desk.owner.id), "admin", by=None, now=desk.clock.now())
    desk.wait()
    assert OLD in accounts(desk.database)
    assert "come to be one of the staff" in desk.letters(FINANCE)[-1]


def test_two_workers_move_it_once(desk: Desk) -> None:
    reference = desk.asked().reference
    desk.clock.at += DELAY

    def work() -> None:
        with desk.database.session() as session, transaction(session):
            move_if_due(session, reference, ADDRESS_MOVED, now=desk.clock.now())

    workers = [Thread(target=work) for _ in range(4)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert [act for act, _ in desk.acts()].count("address changed") == 1
    assert accounts(desk.database)[NEW].link_version == desk.owner.link_version + 1
    assert sum("has changed" in each for each in desk.letters(NEW)) == 1


def test_nothing_moves_once_its_owner_has_erased_the_account(desk: Desk) -> None:
    desk.ask(RECEIPT, CARD)
    browser = elsewhere(desk)
    sign_in(browser, OLD, now=desk.clock.now())
    assert browser.post("/account/privacy/erasure", data={"email": OLD}).status_code == 303
    desk.wait()
    assert {OLD, NEW}.isdisjoint(accounts(desk.database))
    assert desk.letters(NEW) == []
    assert desk.rows(AddressChange) == []


def test_others_find_nothing_there(desk: Desk) -> None:
    reference = desk.asked().reference
    for roles in ((), ("editor",)):
        browser = elsewhere(desk)
        sign_in(browser, "somebody@example.org", *roles, now=desk.clock.now())
        assert browser.get(PAGE).status_code == 404
        assert browser.post(PAGE, data={"email": OLD, "new_email": NEW, **RECEIPT, **CARD}).status_code == 404
        assert browser.post(f"{PAGE}/{reference}/cancellation").status_code == 404


def gives(desk: Desk, number: int, last4: str, *, signed_in: bool) -> None:
    """Begins another pledge under the owner's address, today, as anybody may: by Stripe's customer of their own."""
    now = desk.clock.now()
    with desk.database.session() as session, transaction(session):
        attempt = Attempt(
            reference=f"attempt {number}",
            token_hash=f"token {number}",
            revision=1,
            cadence="month",
            amount=Money(700, "EUR"),
            account_id=desk.owner.id if signed_in else None,
            email_key=OLD,
            state="paid",
            language="en",
            created_at=now,
            expires_at=now,
        )
        payer = Payer(reference=f"payer {number}", account_id=desk.owner.id, email=OLD, email_key=OLD, created_at=now)
        session.add_all([attempt, payer])
        session.flush()
        payment = Payment(
            reference=f"payment {number}",
            attempt_id=attempt.id,
            payer_id=payer.id,
            source="stripe",
            amount=Money(700, "EUR"),
            state="paid",
            paid_at=now,
            created_at=now,
        )
        pledge = Pledge(
            reference=f"pledge {number}",
            account_id=desk.owner.id,
            payer_id=payer.id,
            attempt_id=attempt.id,
            subscription=f"sub_{number}",
            cadence="month",
            amount=Money(700, "EUR"),
            stripe_status="active",
            period_end_at=now,
            live=False,
            why="duplicate",
            card_last4=last4,
            started_at=now,
        )
        session.add_all([payment, pledge])
        session.flush()
        session.add(Receipt(year=2026, number=number, payment_id=payment.id, issued_at=now))
        session.add(PledgePayment(payment_id=payment.id, pledge_id=pledge.id, period_start=now, period_end=now))


@pytest.mark.parametrize("signed_in", [False, True], ids=["a guest", "its owner, signed in"])
def test_what_anybody_may_have_given_under_the_address_proves_nothing(desk: Desk, *, signed_in: bool) -> None:
    gives(desk, 500, "1111", signed_in=signed_in)
    receipt, card = {"receipt": "2026-00500"}, {"last4": "1111"}
    day = {"paid_on": f"{desk.clock.now():%Y-%m-%d}", "amount": "7"}
    if signed_in:
        assert desk.ask(receipt, day, card).status_code == 303
        return
    for facts in ((receipt, day), (receipt, card), (day, card), (RECEIPT, card), (receipt, CARD)):
        assert desk.ask(*facts).status_code == 422, facts
    assert desk.rows(AddressChange) == []


def test_an_account_without_a_payment_of_its_own_is_not_to_be_had_by_paying_once(desk: Desk) -> None:
    desk.clock.at += timedelta(days=1)
    reader = person(desk.database, "reader@example.org", now=desk.clock.now())
    desk.clock.at += timedelta(days=1)
    with desk.database.session() as session, transaction(session):
        pays(session, reader, 501, "1111", desk.clock.now())
    assert desk.ask({"receipt": "2026-00501"}, {"last4": "1111"}, email="reader@example.org").status_code == 422


class Deaf:
    """A mail server that takes nothing for some, or for all."""

    def __init__(self, mail: ListTransport, *deaf: str) -> None:
        self.take, self.deaf = ListTransport.send, deaf
        self.mail = mail

    def __call__(self, message: EmailMessage) -> None:
        if not self.deaf or message["To"] in self.deaf:
            raise SMTPRecipientsRefused({message["To"]: (550, b"no such mailbox")})
        self.take(self.mail, message)


def test_the_three_days_begin_when_somebody_could_be_told(
    desk: Desk, mail: ListTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(mail, "send", Deaf(mail))
        desk.asked()
        desk.wait()
        desk.wait(timedelta(hours=6))
    assert OLD in accounts(desk.database)
    desk.wait(timedelta(hours=6))
    assert len(desk.letters(OLD)) == 1
    desk.wait(DELAY - timedelta(seconds=1))
    assert OLD in accounts(desk.database)
    desk.wait(timedelta(seconds=1))
    assert NEW in accounts(desk.database)


def test_an_old_mailbox_that_takes_nothing_any_more_keeps_nothing_back(
    desk: Desk, mail: ListTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "send", Deaf(mail, OLD))
    desk.asked()
    assert len(desk.letters(NEW)) == 1
    desk.wait()
    assert NEW in accounts(desk.database)
    assert "has changed" in desk.letters(NEW)[-1]


def test_it_may_be_refused_until_it_is_done_however_late_that_is(desk: Desk) -> None:
    desk.asked()
    link = link_to_refuse(desk)
    desk.clock.at += DELAY + timedelta(days=1)
    assert elsewhere(desk).post(link).status_code == 303
    desk.wait(timedelta())
    assert OLD in accounts(desk.database)


def test_whoever_asked_hears_of_it_if_the_owner_asks_for_another_address(desk: Desk) -> None:
    desk.asked()
    browser = elsewhere(desk)
    sign_in(browser, OLD, now=desk.clock.now())
    assert browser.post("/account/address", data={"email": "third@example.net"}).status_code == 303
    desk.wait()
    assert OLD in accounts(desk.database)
    assert "asked for another address" in desk.letters(FINANCE)[-1]
    assert ("refused to move a lost mailbox", desk.owner.id) in desk.acts()


def test_nothing_but_the_new_mailbox_opens_it_then_and_only_that_claims_what_is_known_by_it(desk: Desk) -> None:
    now = desk.clock.now()
    with desk.database.session() as session, transaction(session):
        session.add(
            Passkey(
                reference="key",
                account_id=desk.owner.id,
                credential_id="credential",
                public_key="public",
                sign_count=0,
                name="my telephone",
                created_at=now,
            )
        )
        session.add(Payer(reference="stranger", email=NEW, email_key=NEW, created_at=now))
    desk.asked()
    desk.wait()
    assert accounts(desk.database)[NEW].verified_at is None
    assert desk.rows(Passkey) == []
    assert stranger(desk).account_id is None
    browser = elsewhere(desk)
    request = ask(browser, NEW)
    assert post_code(browser, request, code_in(mails(desk.app)[-1])).status_code == 303
    assert stranger(desk).account_id == desk.owner.id
    assert accounts(desk.database)[NEW].verified_at is not None


def stranger(desk: Desk) -> Payer:
    return next(payer for payer in desk.rows(Payer) if payer.reference == "stranger")


def refuses(session: Session, reference: str, now: datetime) -> None:
    refuse_move(session, reference, now=now)


def asks_for_another(session: Session, reference: str, now: datetime) -> None:
    change = change_by_reference(session, reference)
    ask_for_change(session, session.get_one(Account, change.account_id), "third@example.net", now=now)


@pytest.mark.parametrize("owner_acts", [refuses, asks_for_another])
def test_in_the_very_moment_it_is_moved_or_kept_and_never_both(
    desk: Desk, owner_acts: Callable[[Session, str, datetime], None]
) -> None:
    reference = desk.asked().reference
    desk.clock.at += DELAY
    together = Barrier(2)

    def move() -> None:
        with desk.database.session() as session, transaction(session):
            together.wait()
            move_if_due(session, reference, ADDRESS_MOVED, now=desk.clock.now())

    def keep() -> None:
        with desk.database.session() as session:
            together.wait()
            with transaction(session):
                owner_acts(session, reference, desk.clock.now())

    with ThreadPoolExecutor() as both:
        for done in [both.submit(move), both.submit(keep)]:
            assert done.exception() is None
    is_kept = ("refused to move a lost mailbox", desk.owner.id) in desk.acts()
    assert (OLD in accounts(desk.database)) == is_kept
    assert (NEW in accounts(desk.database)) != is_kept
