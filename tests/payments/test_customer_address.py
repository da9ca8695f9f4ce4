"""Stripe's customer has the address that its payer has here: after a change, told by a worker."""

import re

from sqlalchemy import select

from membership.db import transaction
from membership.outbox.models import OutboxRow
from membership.outbox.rows import put_off
from membership.payments.models import Payer
from tests.behaviours.acts import PATRON, pledged, signed_in, text_of
from tests.money import World

NEW = "patron.new@example.net"


def has_moved(newsroom: World, email: str = NEW) -> None:
    """Changes the patron's address, and confirms it on both sides."""
    client = signed_in(newsroom)
    assert client.post("/account/address", data={"email": email}).status_code == 303
    newsroom.work()
    for address in (PATRON, email):
        letter = next(each for each in reversed(newsroom.mail.sent) if str(each["To"]) == address)
        link = re.search(r"http://localhost:8000(/links/address-\S+)", text_of(letter))
        assert link
        assert client.post(link[1]).status_code == 303


def customers(newsroom: World) -> list[str | None]:
    return [each.email for each in newsroom.api.v1.customers.list({}).data]


def test_a_change_of_address_reaches_stripe(newsroom: World) -> None:
    pledged(newsroom)
    assert customers(newsroom) == [PATRON]
    has_moved(newsroom)
    assert customers(newsroom) == [PATRON]
    newsroom.work()
    assert customers(newsroom) == [NEW]


def test_what_waits_names_no_person_and_tells_what_is_true_when_it_is_carried_out(newsroom: World) -> None:
    pledged(newsroom)
    has_moved(newsroom)
    with newsroom.session() as session, transaction(session):
        row = session.scalars(select(OutboxRow).where(OutboxRow.kind == "customer_address")).one()
        payer = session.scalars(select(Payer)).one()
        assert (row.key, row.payload) == (payer.reference, {"payer": payer.reference})
        payer.email = payer.email_key = "later@example.net"
    newsroom.work()
    assert customers(newsroom) == ["later@example.net"]


def test_a_customer_who_is_gone_is_left_alone(newsroom: World) -> None:
    pledged(newsroom)
    has_moved(newsroom)
    newsroom.api.v1.customers.delete(newsroom.api.v1.customers.list({}).data[0].id)
    newsroom.work()
    assert is_done(newsroom)


def test_an_erased_payer_is_not_told_of(newsroom: World) -> None:
    pledged(newsroom)
    with newsroom.session() as session, transaction(session):
        payer = session.scalars(select(Payer)).one()
        payer.email = payer.email_key = None
        now = newsroom.clock.now()
        put_off(session, "customer_address", payer.reference, {"payer": payer.reference}, due_at=now, now=now)
    newsroom.work()
    assert is_done(newsroom)
    assert customers(newsroom) == [PATRON]


def is_done(newsroom: World) -> bool:
    with newsroom.session() as session:
        row = session.scalars(select(OutboxRow).where(OutboxRow.kind == "customer_address")).one()
        return row.done_at is not None and row.last_error is None
