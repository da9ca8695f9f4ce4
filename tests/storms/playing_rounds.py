"""Random lives of rounds: whoever may do something does it, and a small model remembers what must have come of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.erasing import erase
from membership.accounts.models import Account
from membership.clock import SteppedClock
from membership.db import Database
from membership.errors import NotAllowed, NotFound, Refusal, WrongState
from membership.topics.announcing import CHECKS, announce, take_back
from membership.topics.answering import decline, shortlist
from membership.topics.ballots import cast, voter_in
from membership.topics.barring import follow_money
from membership.topics.calling_off import call_off
from membership.topics.danger import endanger
from membership.topics.drafting import draft
from membership.topics.following import follow
from membership.topics.keeping import keep_rounds, sweep_rolls
from membership.topics.models import RollEntry, Round, RoundTopic, Topic
from membership.topics.proposing import propose, withdraw
from membership.topics.roll import may_vote_now
from membership.topics.round_terms import Candidate, Terms
from membership.wiring import PERSONAL_DATA, Seams
from tests.accounts.doors import mails
from tests.storms.matching import Choice
from tests.topics.people import lapse, patron, writing

FEWEST_TOPICS = 4


@dataclass
class Play:
    """A newsroom in which things happen by chance. `chosen`: by round and place on its roll, the votes taken."""

    app: Flask
    database: Database
    clock: SteppedClock
    chance: Random
    people: list[Account] = field(default_factory=list)
    chosen: dict[int, dict[int, Choice]] = field(default_factory=dict)
    made: int = 0

    @property
    def acts(self) -> dict[Callable[[], object], int]:
        """What may happen, and how often beside the others."""
        return {
            self.proposes: 4,
            self.answers: 4,
            self.drafts_and_announces: 3,
            self.takes_back: 1,
            self.joins: 3,
            self.votes: 16,
            self.withdraws_a_vote: 2,
            self.votes_for_nonsense: 2,
            self.lapses: 1,
            self.goes_back: 1,
            self.is_erased: 1,
            self.endangers: 1,
            self.calls_off: 1,
            self.follows: 1,
            self.time_passes: 6,
            self.the_worker_comes: 4,
        }

    def goes_on(self) -> str:
        """Lets one thing happen; returns its name. A refusal is an answer like any other."""
        act = self.chance.choices([*self.acts], [*self.acts.values()])[0]
        try:
            act()
        except Refusal:
            return f"{act.__name__}: refused"
        return act.__name__

    def proposes(self) -> None:
        self.made += 1
        person = self.chance.choice(self.people)
        with writing(self.database) as session:
            topic = propose(session, person.id, f"Topic {self.made}", "Why not?", now=self.clock.at)
            if self.chance.random() < 0.1:
                withdraw(session, topic, by=person.id, now=self.clock.at)

    def answers(self) -> None:
        with writing(self.database) as session:
            for topic in self._topics(session, "proposed"):
                if self.chance.random() < 0.15:
                    decline(session, topic, "No.", by=None, now=self.clock.at)
                else:
                    shortlist(session, topic, by=None, now=self.clock.at)

    def drafts_and_announces(self) -> None:
        self.made += 1
        opens_at = self.clock.at + timedelta(hours=self.chance.randint(1, 20))
        with writing(self.database) as session:
            topics = self._topics(session, "shortlisted")
            if len(topics) < FEWEST_TOPICS:
                return
            taken = self.chance.sample(topics, self.chance.randint(2, min(6, len(topics))))
            choices, winners = self.chance.randint(1, len(taken)), self.chance.randint(1, len(taken) - 1)
            closes_at = opens_at + timedelta(hours=self.chance.randint(2, 120))
            secret = self.chance.random() < 0.8
            terms = Terms(f"Round {self.made}", "What next?", opens_at, closes_at, choices, winners, secret=secret)
            round_ = draft(session, terms, [Candidate(each.slug) for each in taken], by=None, now=self.clock.at)
            if self.chance.random() < 0.9:
                announce(session, round_.id, CHECKS, by=None, now=self.clock.at)

    def takes_back(self) -> None:
        with writing(self.database) as session:
            round_ = self._any_round(session)
            if round_ is not None:
                take_back(session, round_.id, by=None, now=self.clock.at)

    def joins(self) -> None:
        self.made += 1
        person = patron(self.database, f"person{self.made}@example.org", now=self.clock.at)
        self.people.append(person)
        with writing(self.database) as session:
            may_vote_now(session, person.id, now=self.clock.at)

    def votes(self) -> None:
        with self.database.session() as session:
            round_ = self._any_round(session)
            slugs = [] if round_ is None else self.slugs_of(session, round_.id)
        if round_ is not None and slugs:
            some = self.chance.sample(slugs, self.chance.randint(1, min(round_.choices, len(slugs))))
            self.vote(round_, self.chance.choice(self.people), tuple(sorted(some)))

    def withdraws_a_vote(self) -> None:
        with self.database.session() as session:
            round_ = self._any_round(session)
        if round_ is not None:
            self.vote(round_, self.chance.choice(self.people), ())

    def votes_for_nonsense(self) -> None:
        """Votes for what no ballot may hold, or under a version of long ago: refused, whatever the time."""
        person = self.chance.choice(self.people)
        with self.database.session() as session:
            round_ = self._any_round(session)
            slugs = [] if round_ is None else self.slugs_of(session, round_.id)
            others = [each.slug for each in session.scalars(select(Topic)) if each.slug not in slugs]
        if round_ is None or not slugs:
            return
        wrong = [[slugs[0], slugs[0]], [*others[:1], "no-such-topic"], [*slugs, "one-more"]]
        try:
            with writing(self.database) as session:
                cast(session, round_.id, person.id, self.chance.choice(wrong), version=0, clock=self.clock)
        except Refusal:
            return
        raise AssertionError("taken")

    def vote(self, round_: Round, person: Account, choices: Choice) -> bool:
        """Votes as from a fresh page, and remembers it if it was taken; returns whether. It must not be out of time."""
        with self.database.session() as session:
            voter = voter_in(session, round_.id, person.id)
        try:
            with writing(self.database) as session:
                version = voter.ballot.version if voter else 0
                cast(session, round_.id, person.id, choices, version=version, clock=self.clock)
        except (WrongState, NotAllowed, NotFound):
            return False
        assert round_.opens_at <= self.clock.at < round_.closes_at, "taken out of time"
        assert voter is not None, "taken from nobody on the roll"
        held = self.chosen.setdefault(round_.id, {})
        held.pop(voter.roll_id, None)
        if choices:
            held[voter.roll_id] = choices
        return True

    def lapses(self) -> None:
        person = self.chance.choice(self.people)
        with writing(self.database) as session:
            lapse(session, person, now=self.clock.at)

    def goes_back(self) -> None:
        """Takes a payment back, or brings it again: until the close, the votes that rest on it go and come with it."""
        with writing(self.database) as session:
            entry = self.chance.choice([*session.scalars(select(RollEntry).order_by(RollEntry.id)), None])
            if entry is None or entry.payment_id is None:
                return
            follow_money(session, entry.payment_id, self.chance.choice(("refunded", None)), now=self.clock.at)

    def is_erased(self) -> None:
        if len(self.people) > 6:
            person = self.people.pop(self.chance.randrange(len(self.people)))
            with writing(self.database) as session:
                lapse(session, person, now=self.clock.at)  # else Stripe would be asked to end the pledge
                erase(session, person.id, PERSONAL_DATA, now=self.clock.at)

    def endangers(self) -> None:
        with writing(self.database) as session:
            round_ = self._any_round(session)
            if round_ is not None:
                slug = self.chance.choice(self.slugs_of(session, round_.id))
                endanger(session, round_.id, slug, "It was shelled.", by=None, now=self.clock.at)

    def calls_off(self) -> None:
        with writing(self.database) as session:
            round_ = self._any_round(session)
            if round_ is not None and self.chance.random() < 0.2:
                call_off(session, round_.id, "Nobody can work there.", by=None, now=self.clock.at)

    def follows(self) -> None:
        with writing(self.database) as session:
            topics = self._topics(session, "in_round", "shortlisted")
            if topics:
                follow(session, self.chance.choice(self.people).id, self.chance.choice(topics), now=self.clock.at)

    def time_passes(self) -> None:
        self.clock.advance(timedelta(minutes=self.chance.randint(1, 60 * 12)))

    def all_time_passes(self) -> None:
        """Lets every round come to its close; everybody votes too late, then the worker counts."""
        self.the_worker_comes()
        self.clock.advance(timedelta(days=7))
        with self.database.session() as session:
            rounds = list(session.scalars(select(Round)))
            slugs = {each.id: self.slugs_of(session, each.id) for each in rounds}
        for round_ in rounds:
            assert not self.vote(round_, self.chance.choice(self.people), (slugs[round_.id][0],))
        self.the_worker_comes()

    def the_worker_comes(self) -> None:
        seams: Seams = self.app.extensions["seams"]
        sweep_rolls(seams)
        keep_rounds(seams)
        mails(self.app)

    def slugs_of(self, session: Session, round_id: int, *, can_win: bool = False) -> list[str]:
        """Returns the topics of a round; or of them only those that `can_win`."""
        of_round = select(Topic.slug).join(RoundTopic, RoundTopic.topic_id == Topic.id)
        if can_win:
            of_round = of_round.where(RoundTopic.endangered_at.is_(None))
        return list(session.scalars(of_round.where(RoundTopic.round_id == round_id).order_by(Topic.slug)))

    def _any_round(self, session: Session) -> Round | None:
        rounds = list(session.scalars(select(Round).order_by(Round.id.desc()).limit(4)))
        return self.chance.choice(rounds) if rounds else None

    def _topics(self, session: Session, *states: str) -> list[Topic]:
        return list(session.scalars(select(Topic).where(Topic.state.in_(states)).order_by(Topic.id)))
