"""The stage for lives of payments: what people, banks and staff do to a newsroom, and when it hears of it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode, urlsplit

from sqlalchemy import select

from membership.db import transaction
from membership.errors import NotFound, Refusal, WrongState
from membership.money import Money
from membership.patrons.duplicates import choose
from membership.patrons.models import Pledge
from membership.patrons.stopping import resume, stop
from membership.payments.models import Payment
from membership.payments.reconciliation.differences import Survey, Window
from membership.payments.reconciliation.mending import mend
from membership.payments.reconciliation.surveying import take_survey
from membership.payments.refunding import Asker, ask_refund, left_to_refund
from membership.stripe_sandbox.server import running
from membership.support.routes import TOKEN
from membership.web.signing import fresh_token
from membership.wiring import EVENTS, RECONCILED, SYNCS
from tests.behaviours.acts import pays
from tests.conftest import demo_settings
from tests.money import World, world
from tests.storms.asking import ask_once
from tests.storms.forgetting import forgetting
from tests.storms.sandbox import CARD, FORM, Stripe
from tests.storms.written import owners_of

# So many events are told twice at a time, or once more later.
AGAIN = 4
# Stripe lists its events for 30 days.
LISTED_SECONDS = 29 * 86_400
BEGINNING = "beginning"


@dataclass
class Stage:
    """One newsroom and one sandbox for all lives; before each both are as they were at first, and so is the time.

    `told`: events that were delivered; `waiting`: those that were not yet.
    """

    newsroom: World
    forget: Callable[[], None]
    told: list[dict[str, Any]] = field(default_factory=list)
    waiting: list[dict[str, Any]] = field(default_factory=list)

    @property
    def stripe(self) -> Stripe:
        return Stripe(urlsplit(self.newsroom.sandbox.url).port or 0)

    def __post_init__(self) -> None:
        self.stripe.console("snapshot", {"name": BEGINNING})

    def begin(self) -> None:
        """Forgets all who lived before."""
        self.stripe.console("restore", {"name": BEGINNING})
        self.forget()
        self.told, self.waiting = [], []
        self.newsroom.mail.sent.clear()

    def now(self) -> int:
        """Says what time it is, for everybody."""
        return int(self.newsroom.clock.now().timestamp())

    # What people do.

    def form(self) -> str:
        """Returns the token of a form that was just opened."""
        with self.newsroom.app.app_context():
            return fresh_token(TOKEN, now=self.newsroom.clock.now())

    def send(self, token: str, *, amount: int, cadence: str, person: str) -> str:
        """Sends the form and returns the page that it leads to."""
        fields = {"token": token, "amount": str(amount // 100), "cadence": cadence, "email": person}
        answer = self.newsroom.give(self.newsroom.browser(), **fields)
        assert answer.status_code == 303, answer.text
        return answer.location

    def pay(self, page: str, card: str, **typed: str) -> str | None:
        """Types a card into Stripe's page; returns the thanks page, or `None` if the bank refused."""
        answer = pays(self.newsroom, page, card_number=card, **typed)
        return answer.location if answer.status == 303 else None

    def come_back(self, thanks: str) -> None:
        """Follows Stripe's redirect to the thanks page."""
        assert self.newsroom.browser().get(urlsplit(thanks).path).status_code == 200

    def pay_invoice(self, subscription: str) -> None:
        """Pays the newest invoice of a subscription on its own page."""
        invoice = self.stripe.get(f"invoices?subscription={subscription}&limit=1")["data"][0]
        path, headers = urlsplit(invoice["hosted_invoice_url"]).path, FORM | {"Sec-Fetch-Site": "same-origin"}
        assert ask_once(self.stripe.port, "POST", path, urlencode(CARD).encode(), headers).status == 303

    def change(self, subscription: str, amount: int) -> None:
        """Changes at Stripe what the next charges of a subscription take."""
        self.newsroom.app.extensions["gateway"].change_amount(subscription, Money(amount, "EUR"))

    def stop(self, person: str) -> None:
        """A patron stops."""
        self._as_patron(person, stop)

    def resume(self, person: str) -> None:
        """A patron takes that back."""
        self._as_patron(person, resume)

    def _as_patron(self, person: str, act: Callable[..., None]) -> None:
        with self.newsroom.app.app_context(), self.newsroom.session() as session:
            mirror = self.newsroom.app.extensions["mirror"]
            account_id = owners_of(session).get(person)
            if account_id is None:
                raise NotFound("nobody has heard of this person yet")
            act(session, mirror, account_id)

    def choose(self, person: str, choice: str) -> None:
        """The owner of two pledges says which one goes on."""
        with self.newsroom.app.app_context(), self.newsroom.session() as session, transaction(session):
            account_id = owners_of(session)[person]
            asked = select(Pledge).where(Pledge.account_id == account_id, Pledge.duplicate_since.is_not(None))
            (newer,) = session.scalars(asked)
            by = Asker("patron", account_id)
            choose(session, account_id, newer.reference, choice, by=by, now=self.newsroom.clock.now())

    def ask_refund(self, intent: str, amount: int) -> bool:
        """Staff give money back, in the belief that our rows are right; says whether the newsroom let them."""
        with self.newsroom.app.app_context(), self.newsroom.session() as session, transaction(session):
            payment = session.scalar(select(Payment).where(Payment.payment_intent == intent))
            if payment is None or left_to_refund(session, payment).minor < amount:
                return False
            asked, now = Money(amount, payment.amount.currency), self.newsroom.clock.now()
            try:
                ask_refund(session, payment, asked, reason=None, note=None, asked_by=Asker("staff"), now=now)
            except (Refusal, WrongState):
                return False
        return True

    # What travels.

    def advance(self, seconds: int) -> None:
        """Lets time pass, and happen what falls due; what Stripe would have sent meanwhile waits to be delivered."""
        while seconds > 0:
            self.stripe.advance(min(seconds, LISTED_SECONDS))
            self.listen()
            seconds -= LISTED_SECONDS

    def listen(self) -> list[dict[str, Any]]:
        """Returns the events that are still to be delivered."""
        known = {event["id"] for event in (*self.told, *self.waiting)}
        events = [event for event in self.stripe.every("events") if event["type"] in EVENTS.looks]
        self.waiting += [event for event in reversed(events) if event["id"] not in known]
        return self.waiting

    def tell(self, events: list[dict[str, Any]]) -> None:
        """Delivers these events in this order, and lets the workers run."""
        for event in events:
            assert self.newsroom.post_event(json.dumps(event).encode()).status_code == 200
        told = {event["id"] for event in events}
        self.told += [event for event in self.waiting if event["id"] in told]
        self.waiting = [event for event in self.waiting if event["id"] not in told]
        self.newsroom.work()

    def tell_all(self, chance: Random) -> None:
        """Delivers everything, shuffled and some of it twice, until nothing new comes of it."""
        while events := list(self.listen()):
            told = [*self.told, *events]
            events += chance.sample(told, min(AGAIN, len(told)))
            chance.shuffle(events)
            self.tell(events)

    def reconcile(self) -> None:
        """Compares everything with Stripe, mends it, and lets the workers run; then nothing may differ."""
        with self.newsroom.app.app_context():
            mend(self.newsroom.app.extensions["mirror"], SYNCS, self._survey(), tell=_nobody)
        self.newsroom.work()
        with self.newsroom.app.app_context():
            survey = self._survey()
        assert not survey.differences, survey.differences

    def _survey(self) -> Survey:
        mirror = self.newsroom.app.extensions["mirror"]
        window = Window(None, mirror.clock.now())
        return take_survey(mirror.database, mirror.gateway, RECONCILED, window, tell=_nobody)


@contextmanager
def staged(url: str, folder: Path) -> Iterator[Stage]:
    """Sets a stage on a migrated database, for as long as the block lasts."""
    with running(state=folder / "sandbox.db", clock=folder / "clock", deliver=False) as sandbox:
        chosen = demo_settings(url, folder, stripe_api_base=sandbox.url)
        with world(chosen, sandbox) as newsroom:
            yield Stage(newsroom, forgetting(newsroom.database, folder / "kept.db"))


def _nobody(*_args: object) -> None:
    """Tells nobody."""
