"""An editors' desk for tests of acts that meet: each act is made first, and run later in a thread of its own."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.models import Account
from membership.clock import SteppedClock
from membership.db import Database, locked
from membership.errors import WrongState
from membership.topics.answering import decline, shortlist
from membership.topics.closing import close
from membership.topics.keeping import seal_due
from membership.topics.models import Round, Topic
from membership.topics.opening import open_round
from membership.topics.proposing import propose
from membership.topics.roll import may_vote_now
from tests.topics.people import WEEK, patrons, vote, writing


class Desk:
    """Makes fresh topics for each meeting, and the acts of editors and patrons as threads may run them."""

    def __init__(self, database: Database, *, now: datetime) -> None:
        self.database, self.now = database, now
        self.people = patrons(database, 6, now=now)
        self._made = 0

    def topics(self, count: int = 3, state: str = "shortlisted") -> list[str]:
        self._made += 1
        slugs = [f"topic-{self._made}-{number}" for number in range(count)]
        with writing(self.database) as session:
            for slug in slugs:
                session.add(Topic(slug=slug, title=slug, why="Why not?", state=state, proposed_at=self.now))
        return slugs

    def opens(self, slugs: Sequence[str], title: str = "Winter") -> Callable[[], object]:
        def act() -> object:
            with writing(self.database) as session:
                return open_round(
                    session,
                    title,
                    "What next?",
                    slugs,
                    closes_at=self.now + WEEK,
                    choices=1,
                    winners=1,
                    by=self.people[0].id,
                    now=self.now,
                ).id

        return _or_refused(act)

    def proposes(self, number: int) -> Callable[[], object]:
        def act() -> object:
            at = self.now + timedelta(days=number)
            with writing(self.database) as session:
                topic = propose(session, self.people[number % 6].id, f"Proposal {number}", "Why not?", now=at)
                return topic.slug

        return _or_refused(act)

    def declines(self, slug: str) -> Callable[[], object]:
        def act() -> object:
            with writing(self.database) as session:
                decline(session, _topic(session, slug), "No.", by=self.people[1].id, now=self.now)
            return "declined"

        return _or_refused(act)

    def shortlists(self, slug: str) -> Callable[[], object]:
        def act() -> object:
            with writing(self.database) as session:
                shortlist(session, _topic(session, slug), by=self.people[1].id, now=self.now)
            return "shortlisted"

        return _or_refused(act)

    def pays(self, account: Account, *, at: datetime) -> Callable[[], object]:
        """Does what a payment's sync does: holds the account, then asks onto which rolls it comes."""

        def act() -> object:
            with writing(self.database) as session:
                locked(session, Account, account.id)
                return may_vote_now(session, account.id, now=at)

        return act

    def votes(self, round_: Round, account: Account, slug: str, *, clock: SteppedClock) -> Callable[[], object]:
        def act() -> object:
            return vote(self.database, round_, account, slug, clock=clock)

        return act

    def seals(self, *, at: datetime) -> Callable[[], object]:
        def act() -> object:
            return seal_due(self.database, SteppedClock(at))

        return act

    def closes(self, round_: Round, *, at: datetime) -> Callable[[], object]:
        def act() -> object:
            with writing(self.database) as session:
                return close(session, round_.id, clock=SteppedClock(at))

        return act

    def round(self, slugs: Sequence[str], title: str = "Winter") -> Round:
        opened_id = self.opens(slugs, title)()
        with self.database.session() as session:
            return session.get_one(Round, opened_id)


def _or_refused(act: Callable[[], object]) -> Callable[[], object]:
    def outcome() -> object:
        try:
            return act()
        except WrongState:
            return "refused"

    return outcome


def _topic(session: Session, slug: str) -> Topic:
    return session.scalars(select(Topic).where(Topic.slug == slug)).one()
