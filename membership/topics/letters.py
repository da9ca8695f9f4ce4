"""The mails about a vote, rendered when they are sent: no code and no choice ever stands in the outbox."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.mail_choices import Told
from membership.accounts.models import Account
from membership.clock import Clock
from membership.db import Database, transaction
from membership.mail.delivery import deliver
from membership.mail.letters import Block, Button, Code, Letter, Line, Link
from membership.mail.transport import MailTransport
from membership.newsroom.words import current_newsroom
from membership.outbox.rows import Task, put_off
from membership.settings import Settings
from membership.topics.ballots import Ballot, ballot_of, letter_due_at
from membership.topics.models import RollEntry, Round
from membership.topics.results import Results, results_of
from membership.topics.roll import WITHHELD_UNDER
from membership.web.filters import moment

# The kind of news that a result is.
RESULTS: Final = "results"


class Post(Protocol):
    """What of the process's seams it takes to look a vote up and to send a letter about it."""

    @property
    def settings(self) -> Settings: ...

    @property
    def database(self) -> Database: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def mail(self) -> MailTransport: ...


@dataclass(frozen=True)
class Written:
    """What a letter says, before it has an addressee."""

    subject: str
    blocks: tuple[Block, ...]
    edition: str = ""


def send_ballot_receipt(post: Post, task: Task) -> None:
    """Carries out the task `ballot_receipt`: what stands on the ballot now, not when the mail was planned."""
    now = post.clock.now()
    with post.database.session() as session:
        entry, round_, email = _addressee(session, task)
        if round_.called_off_at is not None:
            return  # a notice of its own says so
        if entry.barred_at is not None:
            return  # it was called off then; whoever had taken it up already must not say that the vote counts
        ballot = ballot_of(session, entry.id)
        due_at = now if ballot.changed_at is None else letter_due_at(ballot.changed_at, round_.closes_at)
        if now < due_at:
            # Whoever changes a ballot again and again does not move this row each time: it asks when it is due.
            with transaction(session):
                put_off(session, task.kind, task.key, task.payload, due_at=due_at, now=now)
            return
        written = _about_ballot(entry, round_, ballot, base_url=post.settings.base_url, now=now)
    _send(post, task, email, written, now=now)


def results_told(session: Session, payload: Mapping[str, Any], *, base_url: str) -> Told:
    """Writes the news of a closed round."""
    round_ = session.scalars(select(Round).where(Round.slug == payload["round"])).one()
    results = results_of(session, round_)
    return Told(
        _("Results: %(round)s", round=round_.title),
        (
            *_chosen(results),
            *_how_many_voted(results, counted=payload.get("counted", True)),
            *([Line(_("You hear what becomes of it."))] if any(each.is_public for each in results.winners) else ()),
            Button(_("See the results"), f"{base_url}/rounds/{round_.slug}/results"),
            *_to_follow(results, base_url=base_url),
        ),
    )


def _addressee(session: Session, task: Task) -> tuple[RollEntry, Round, str | None]:
    roll_id: Any = task.payload["roll_id"]
    row = session.execute(
        select(RollEntry, Round, Account)
        .join(Round, Round.id == RollEntry.round_id)
        .outerjoin(Account, Account.id == RollEntry.account_id)
        .where(RollEntry.id == roll_id)
    ).one()
    entry, round_, account = row[0], row[1], row[2]
    return entry, round_, None if account is None or account.erased_at is not None else account.email


def _send(post: Post, task: Task, email: str | None, written: Written, *, now: datetime) -> None:
    if email is None:
        return
    newsroom = current_newsroom()
    letter = Letter(
        to=email,
        subject=written.subject,
        blocks=written.blocks,
        key=f"{task.kind}.{task.key}{written.edition}",
        reply_to=newsroom.reply_to,
        language=newsroom.language,
    )
    deliver(letter, transport=post.mail, sender=post.settings.mail_from, now=now)


def _about_ballot(entry: RollEntry, round_: Round, ballot: Ballot, *, base_url: str, now: datetime) -> Written:
    if now >= round_.closes_at or round_.closed_at is not None:
        return _after_the_close(entry, round_, base_url=base_url)
    # Each change may bring a mail of its own, which must not pass for a repeat of the one before.
    edition = f".{ballot.version}"
    ballot_url = f"{base_url}/rounds/{round_.slug}/ballot"
    if not ballot.choices:
        return Written(
            _("Your vote in “%(round)s” is withdrawn", round=round_.title),
            (
                Line(_("You withdrew your vote. You can vote again until %(time)s.", time=moment(round_.closes_at))),
                Button(_("To the ballot"), ballot_url),
            ),
            edition,
        )
    return Written(
        _("Your vote in “%(round)s” counts", round=round_.title),
        (
            Line(_("Your vote counts. This is its code:")),
            Code(ballot.receipt),
            Line(
                _(
                    "After %(time)s the ballots are counted under such codes, without names.",
                    time=moment(round_.closes_at),
                )
            ),
            Line(_("Keep it to yourself: whoever has it can read this ballot.")),
            Line(_("Until then you can change or withdraw your vote.")),
            Button(_("To the ballot"), ballot_url),
        ),
        edition,
    )


def _after_the_close(entry: RollEntry, round_: Round, *, base_url: str) -> Written:
    if entry.voted_at is None:
        said = _("You withdrew your vote in “%(round)s” before it closed.", round=round_.title)
    else:
        said = _("Your vote in “%(round)s” is counted. Its code was on the page until the close.", round=round_.title)
    return Written(
        _("“%(round)s” has closed", round=round_.title),
        (Line(said), Button(_("To the round"), f"{base_url}/rounds/{round_.slug}")),
        ".closed",
    )


def _chosen(results: Results) -> tuple[Line, ...]:
    if not results.winners:
        return (Line(_("No topic was chosen.")),)
    named = [Line(_("Chosen: %(title)s", title=each.title)) for each in results.winners if each.is_public]
    if len(named) < len(results.winners):
        # What was withheld since is not named any more, whatever waited to be told of it.
        named.append(Line(_("What was chosen has been withheld for safety since, and is not named here.")))
    return tuple(named)


def _to_follow(results: Results, *, base_url: str) -> tuple[Block, ...]:
    topics = [each for each in results.topics if each.is_public]
    links = [
        Link(_("Follow “%(title)s”", title=each.title), f"{base_url}/topics/{each.slug}/following") for each in topics
    ]
    said = _("A topic can also be followed by itself, whoever chose it; that is tied to no vote:")
    return (Line(said), *links) if links else ()


def _how_many_voted(results: Results, *, counted: bool) -> tuple[Line, ...]:
    if counted:
        return (Line(_turnout_with_you(results)),)
    why = _("Your vote was not counted: the payment behind it went back, or was made for somebody else.")
    return Line(_turnout(results)), Line(why)


def _turnout_with_you(results: Results) -> str:
    if results.turnout is None:
        said = ngettext(
            "%(num)s person could vote; fewer than %(least)s did, you among them.",
            "%(num)s people could vote; fewer than %(least)s did, you among them.",
            results.roll_size,
            least=WITHHELD_UNDER,
        )
    else:
        said = ngettext(
            "%(num)s of %(roll)s who could vote did, you among them.",
            "%(num)s of %(roll)s who could vote did, you among them.",
            results.turnout,
            roll=results.roll_size,
        )
    return str(said)


def _turnout(results: Results) -> str:
    if results.turnout is None:
        said = ngettext(
            "%(num)s person could vote; fewer than %(least)s did.",
            "%(num)s people could vote; fewer than %(least)s did.",
            results.roll_size,
            least=WITHHELD_UNDER,
        )
    else:
        said = ngettext(
            "%(num)s of %(roll)s who could vote did.",
            "%(num)s of %(roll)s who could vote did.",
            results.turnout,
            roll=results.roll_size,
        )
    return str(said)
