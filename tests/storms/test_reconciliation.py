"""A mirror with gaps: events were lost, rows were edited, others use the account. Reconciliation names just these."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import insert, text

from membership.db import transaction
from membership.newsroom.site_version import site_id
from membership.payments.models import Attempt
from membership.settings import Settings
from membership.stripe_sandbox.server import Sandbox, running
from membership.wiring import EVENTS
from tests.behaviours.acts import body_of, checked, console
from tests.conftest import demo_settings
from tests.money import World, world
from tests.reconciling import reconcile

MOST_DAYS = 20
EDITS = (
    ("payment", "UPDATE payments SET amount_minor = amount_minor + 1 WHERE payment_intent = :key"),
    ("pledge", "UPDATE pledges SET amount_minor = amount_minor + 1 WHERE subscription = :key"),
    ("payment", "UPDATE payments SET state = 'failed' WHERE payment_intent = :key"),
    ("pledge", "UPDATE pledges SET stripe_status = 'past_due' WHERE subscription = :key"),
)

Named = tuple[str, str]


@dataclass(frozen=True)
class Size:
    """How many give once and every month, of how many nothing is heard, and how many rows are edited.

    A pledge is two objects: itself, and its payment.
    """

    donations: int
    patrons: int
    lost_donations: int
    lost_patrons: int
    edited: int
    foreign_donations: int
    foreign_patrons: int


SMALL = Size(16, 6, lost_donations=4, lost_patrons=2, edited=8, foreign_donations=2, foreign_patrons=1)
# 10,000 objects of ours, of which 1,000 are lost and 100 others edited; 50 of others.
FULL = Size(6000, 2000, lost_donations=600, lost_patrons=200, edited=100, foreign_donations=30, foreign_patrons=10)


@dataclass
class Made:
    """One gift at Stripe: what is counted, and every id by which an event may speak of it."""

    named: list[Named]
    ids: set[str] = field(default_factory=set)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with running(state=tmp_path / "sandbox.db", clock=tmp_path / "clock", deliver=False) as sandbox:
        yield sandbox


@pytest.fixture
def settings(database_url: str, tmp_path: Path, sandbox: Sandbox) -> Settings:
    return demo_settings(database_url, tmp_path, stripe_api_base=sandbox.url)


@pytest.fixture
def newsroom(settings: Settings, sandbox: Sandbox) -> Iterator[World]:
    with world(settings, sandbox) as made:
        yield made


def test_what_was_lost_or_edited_is_named_and_mended(newsroom: World, chance: Random) -> None:
    storm(newsroom, SMALL, chance)


@pytest.mark.storm_full
def test_a_thousand_that_were_lost_and_a_hundred_that_were_edited_are_named_and_mended(
    newsroom: World, chance: Random
) -> None:
    storm(newsroom, FULL, chance)


def storm(newsroom: World, size: Size, chance: Random) -> None:
    """Lets things be lost and edited, then reconciles: dry, mending, and once more."""
    donations, patrons = give(newsroom, size, chance)
    lost = chance.sample(donations, size.lost_donations) + chance.sample(patrons, size.lost_patrons)
    deliver_all_but(newsroom, {each for gift in lost for each in gift.ids})
    newsroom.work()
    newsroom.collect()
    edited = edit(newsroom, size.edited, [gift for gift in donations + patrons if gift not in lost], chance)
    wrong = [named for gift in lost for named in gift.named] + edited
    foreign = size.foreign_donations + 2 * size.foreign_patrons
    mails_before = len(newsroom.mail.sent)

    dry = reconcile(newsroom, "--full")
    assert (dry.code, sorted(dry.named)) == (1, sorted(wrong)), dry.text
    assert f"{foreign} belong to others" in dry.text
    newsroom.work()
    assert len(newsroom.mail.sent) == mails_before

    mended = reconcile(newsroom, "--full", "--apply")
    assert (mended.code, len(mended.named)) == (0, len(wrong))
    newsroom.work()
    assert (checked(newsroom).verdict, everything(newsroom)) == ("equal", size.donations + size.patrons)
    again = reconcile(newsroom, "--full")
    assert (again.code, again.named) == (0, []), again.text
    assert f"{foreign} belong to others" in again.text
    mails = [str(mail["Message-ID"]) for mail in newsroom.mail.sent]
    assert len(set(mails)) == len(mails) == 2 * size.patrons + size.donations


def give(newsroom: World, size: Size, chance: Random) -> tuple[list[Made], list[Made]]:
    """Lets our donors and patrons pay, and those of others; returns what ours made at Stripe."""
    now = newsroom.clock.now()
    references = [f"{chance.getrandbits(128):032x}" for _ in range(size.donations + size.patrons)]
    cadences = ["once"] * size.donations + ["month"] * size.patrons
    with newsroom.session() as session, transaction(session):
        site = site_id(session)
        pairs = zip(references, cadences, strict=True)
        session.execute(insert(Attempt), [_attempt(reference, cadence, now) for reference, cadence in pairs])
    rows = [_row(chance, reference, cadence, site) for reference, cadence in zip(references, cadences, strict=True)]
    foreign = [_row(chance, f"other {number}", "once", None) for number in range(size.foreign_donations)]
    foreign += [_row(chance, f"others {number}", "month", None) for number in range(size.foreign_patrons)]
    _seed(newsroom, foreign)
    made = _seed(newsroom, rows)
    donations = [
        Made([("payment", each["payment_intent"])], {each["checkout_session"], each["payment_intent"]})
        for each in made["donations"]
    ]
    return donations, [_pledge(newsroom, each) for each in made["patrons"]]


def _seed(newsroom: World, rows: list[dict[str, Any]]) -> Any:
    donations = [row for row in rows if "days_ago" in row]
    return console(newsroom, "seed", {"donations": donations, "patrons": [row for row in rows if "interval" in row]})


def _pledge(newsroom: World, each: dict[str, Any]) -> Made:
    invoice = newsroom.api.v1.invoices.retrieve(each["invoices"][0], {"expand": ["payments"]})
    assert invoice.payments
    intent = str(invoice.payments.data[0].payment.payment_intent)
    ids = {each["checkout_session"], each["customer"], each["subscription"], *each["invoices"], intent}
    return Made([("pledge", each["subscription"]), ("payment", intent)], ids)


def _attempt(reference: str, cadence: str, now: Any) -> dict[str, Any]:
    return {
        "reference": reference,
        "token_hash": reference,
        "revision": 1,
        "cadence": cadence,
        "amount_minor": 500,
        "currency": "EUR",
        "email": f"{reference}@example.org",
        "email_key": f"{reference}@example.org",
        "language": "en",
        "tries": 1,
        "state": "open",
        "created_at": now,
        "expires_at": now,
    }


def _row(chance: Random, reference: str, cadence: str, site: str | None) -> dict[str, Any]:
    days_ago = chance.randint(1, MOST_DAYS)
    when = {"days_ago": days_ago} if cadence == "once" else {"started_days_ago": days_ago, "interval": cadence}
    marks = {"membership_site": site, "membership_attempt": reference} if site else {}
    email = f"{reference.replace(' ', '-')}@example.org"
    return {"email": email, "amount_minor": 500, "currency": "eur", "metadata": marks, **when}


def deliver_all_but(newsroom: World, lost: set[str]) -> None:
    """Posts every event but those that speak of what is lost, the newest first."""
    for event in newsroom.api.v1.events.list({"limit": 100}).auto_paging_iter():
        body = body_of(event)
        if event.type in EVENTS.looks and not any(each in lost for each in _words(body)):
            assert newsroom.post_event(body).status_code == 200


def _words(body: bytes) -> set[str]:
    return set(body.decode().replace('"', " ").split())


def edit(newsroom: World, number: int, gifts: list[Made], chance: Random) -> list[Named]:
    """Edits that many rows of different payments and pledges by hand; returns whose."""
    known: dict[str, list[str]] = {"payment": [], "pledge": []}
    for kind, key in (named for gift in gifts for named in gift.named):
        known[kind].append(key)
    chosen = {kind: iter(chance.sample(keys, min(len(keys), number))) for kind, keys in known.items()}
    edited = []
    with newsroom.session() as session, transaction(session):
        for index in range(number):
            kind, statement = EDITS[index % len(EDITS)]
            key = next(chosen[kind])
            assert session.execute(text(statement), {"key": key}).rowcount == 1  # type: ignore[attr-defined]  # of an UPDATE
            edited.append((kind, key))
    return edited


def everything(newsroom: World) -> int:
    """Counts the payments that were paid and of which nothing went back."""
    with newsroom.session() as session:
        return int(session.scalar(text("SELECT count(*) FROM payments WHERE state = 'paid'")) or 0)
