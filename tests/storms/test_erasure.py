"""Random lives that end in erasure: whatever was lived, and whatever is heard late, nothing of the person is left.

Looked for in every column of every table, in what the process logged, and at Stripe.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import MetaData, select
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from membership.accounts.models import Account
from membership.accounts.retention import apply_periods
from membership.db import transaction
from membership.payments.models import Payer, Payment
from membership.payments.refunding import Asker, ask_refund, left_to_refund
from membership.periods import RETENTION
from membership.topics.models import Round
from tests.behaviours.acts import signed_in
from tests.databases import create_postgresql, migrated
from tests.money import DAY, DECLINED, FAILS_LATER, GOOD
from tests.storms.stage import Stage, staged
from tests.storms.written import troubles
from tests.topics.people import opened

MINUTE = 60
SMALL, FULL = 4, 1_000
STEPS = 5
# What the law keeps, and what a chain of hashes holds: design.md §6, docs/data.md.
KEPT = {"receipts.addressee", "audit_entries.subject_id"}


@dataclass
class Life:
    """One person before a newsroom. Everything that names them is in `names`, as soon as it is known."""

    stage: Stage
    chance: Random
    number: int
    names: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.email = f"Ada.{self.number}@Lovelace.example"
        self.name = f"Ada Byron-{self.number}"
        self.names |= {self.email, self.name}

    def live(self) -> None:
        """Does a few of the things that people do, in any order, and lets the newsroom hear of some of them."""
        acts = (self.gives, self.pledges, self.asks_to_sign_in, self.opens_a_page, self.is_refunded, self.waits)
        self.chance.choice((self.gives, self.pledges))()
        for _step in range(STEPS):
            self.chance.choice((*acts, self.votes, self.hears, self.hears))()

    def gives(self, cadence: str = "once") -> None:
        page = self._page(cadence)
        card = self.chance.choice((GOOD, GOOD, GOOD, DECLINED, FAILS_LATER if cadence == "month" else GOOD))
        self._pay(page, card)

    def pledges(self) -> None:
        self.gives("month")

    def opens_a_page(self) -> None:
        self._page(self.chance.choice(("once", "month")))

    def asks_to_sign_in(self) -> None:
        """Signs in, and wishes to be named under articles."""
        self.signs_in().post("/account/credit", data={"name": self.name, "shown": "name"})

    def signs_in(self) -> FlaskClient:
        self.hears()
        return signed_in(self.stage.newsroom, self.email.upper() if self.chance.random() < 0.3 else self.email)

    def is_refunded(self) -> None:
        newsroom = self.stage.newsroom
        with newsroom.app.app_context(), newsroom.session() as session, transaction(session):
            payment = session.scalars(
                select(Payment).where(Payment.state == "paid", Payment.payment_intent.is_not(None))
            ).first()
            left = left_to_refund(session, payment) if payment else None
            if payment is not None and left is not None and left.minor:
                by = Asker("staff")
                ask_refund(session, payment, left, reason=None, note=self.name, asked_by=by, now=newsroom.clock.now())

    def votes(self) -> None:
        """A round opens, and the person proposes a topic and votes, if they may."""
        newsroom, now = self.stage.newsroom, self.stage.newsroom.clock.now()
        person = self.signs_in()
        person.post("/topics", data={"title": f"About me {self.number}", "why": f"I am {self.name}"})
        if self.has_planted():
            return
        with newsroom.app.app_context():
            round_ = opened(newsroom.database, now=now)
        page = person.get(f"/rounds/{round_.slug}/ballot").text
        (topic, *_others) = re.findall(r'name="choices" value="([^"]+)"', page) or [""]
        person.post(f"/rounds/{round_.slug}/ballot", data={"choices": topic, "version": "0"})

    def waits(self) -> None:
        self.stage.advance(self.chance.choice((MINUTE, DAY, 8 * DAY, 32 * DAY)))

    def hears(self) -> None:
        waiting = list(self.stage.listen())
        self.stage.tell(self.chance.sample(waiting, int(len(waiting) * self.chance.choice((0.3, 1)))))

    def is_erased(self) -> None:
        """Signs in and goes for good, whatever is still on its way."""
        person = self.signs_in()
        self._learn_names()
        answer = person.post("/account/privacy/erasure", data={"email": self.email})
        assert answer.status_code == 303, answer.text
        assert person.get("/account").status_code == 303

    def is_heard_of_late(self) -> None:
        """Lets everything come that there is, twice and in any order, and the nights go by."""
        self.stage.tell_all(self.chance)
        self.stage.advance(2 * DAY)
        self.stage.tell_all(self.chance)
        self.stage.advance(2 * DAY)
        newsroom = self.stage.newsroom
        if not self.has_planted():
            self.stage.reconcile()
        with newsroom.app.app_context():
            apply_periods(newsroom.app.extensions["seams"], RETENTION)
        newsroom.work()
        # What is forgotten a minute after it was heard.
        self.stage.advance(2 * MINUTE)
        newsroom.work()

    def has_planted(self) -> bool:
        """Says whether there was a round: those who proposed what stands in it are known to no Stripe."""
        with self.stage.newsroom.session() as session:
            return session.scalar(select(Round.id)) is not None

    def _page(self, cadence: str) -> str:
        amount = self.chance.choice((500, 700, 2000))
        return self.stage.send(self.stage.form(), amount=amount, cadence=cadence, person=self.email)

    def _pay(self, page: str, card: str) -> None:
        from_page = self.stage.pay(page, card, card_name=self.name, email=self.email)
        if from_page is not None and self.chance.random() < 0.5:
            self.stage.come_back(from_page)

    def _learn_names(self) -> None:
        with self.stage.newsroom.session() as session:
            self.names |= {each for each in session.scalars(select(Payer.stripe_customer)) if each}
            theirs = select(Account.reference).where(Account.email_key == self.email.lower())
            self.names |= set(session.scalars(theirs))
        self.names |= {each["id"] for each in self.stage.stripe.every("customers")}


def hits(session: Session, names: set[str]) -> list[str]:
    """Lists the columns in which one of the names stands, however it is written, but for those that may keep it."""
    wanted = [name.casefold() for name in names]
    metadata = MetaData()
    metadata.reflect(session.connection())
    found = set()
    for table in metadata.sorted_tables:
        for row in session.execute(select(table)).mappings():
            told = {f"{table.name}.{key}": json.dumps(value, default=str).casefold() for key, value in row.items()}
            found |= {key for key, value in told.items() if any(name in value for name in wanted)}
    return sorted(found - KEPT)


@pytest.fixture(params=["sqlite", "postgresql"])
def stage(request: pytest.FixtureRequest, sqlite_template: Path, tmp_path: Path) -> Iterator[Stage]:
    """A newsroom and a sandbox for all lives on one kind of database."""
    if request.param == "sqlite":
        path = tmp_path / "membership.db"
        path.write_bytes(sqlite_template.read_bytes())
        url = f"sqlite:///{path}"
    else:
        url = migrated(create_postgresql(request.getfixturevalue("postgresql_url")))
    with staged(url, tmp_path) as made:
        yield made


def live_and_go(stage: Stage, lives: int, chance: Random) -> None:
    """Lets so many people live, go, and be heard of late; nothing of any of them may be left."""
    kept = 0
    for number in range(lives):
        stage.begin()
        life = Life(stage, Random(chance.getrandbits(32)), number)
        with capture_logs() as logs:
            life.live()
            life.is_erased()
            life.is_heard_of_late()
            assert life.has_planted() or troubles(stage.newsroom) == []
        with stage.newsroom.session() as session:
            assert hits(session, life.names) == []
            kept += len(session.scalars(select(Payment.id)).all())
            planted = Account.email.like("proposer%")
            assert session.scalars(select(Account.email).where(~planted)).all() == [""]
        assert [each for each in logs if any(name in json.dumps(each, default=str) for name in life.names)] == []
        assert list(stage.stripe.every("customers")) == []
        assert {each["status"] for each in _subscriptions(stage)} <= {"canceled", "incomplete_expired", "incomplete"}
    assert kept > 0


def _subscriptions(stage: Stage) -> list[dict[str, Any]]:
    return list(stage.stripe.every("subscriptions", status="all"))


def test_nothing_is_left_of_who_was_erased(stage: Stage, chance: Random) -> None:
    live_and_go(stage, SMALL, chance)


@pytest.mark.storm_full
def test_nothing_is_left_of_a_thousand_who_were_erased(stage: Stage, chance: Random) -> None:
    live_and_go(stage, FULL, chance)
