"""Letters about a second pledge: which one was meant, and what became of it. To the account's own address alone."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from membership.accounts.links import link_path
from membership.accounts.models import Account
from membership.mail.letters import Button, Facts, Letter, Line
from membership.money import Money
from membership.newsroom.signed_letter import signed
from membership.newsroom.words import current_newsroom
from membership.patrons.duplicates import BOTH, NEWER, Outcome, Question, outcome_of, questions_of
from membership.patrons.live import REPLACED
from membership.patrons.models import Pledge
from membership.patrons.pledges import live_pledge
from membership.web.current import now
from membership.web.filters import day, moment, money

DUPLICATE = "duplicate"


def which_was_meant(session: Session, payload: Mapping[str, Any], *, base_url: str) -> Letter | None:
    """Asks which of two pledges was meant; `None` if it has been settled meanwhile."""
    row = _owner(session, payload["pledge"])
    asked = questions_of(session, row.Account.id) if row else ()
    question = next((each for each in asked if each.reference == payload["pledge"]), None)
    if row is None or question is None:
        return None
    link = link_path(DUPLICATE, question.reference, row.Account, now=now())
    return signed(
        row.Account.email,
        subject=str(_("You have started a second pledge: which one did you mean?")),
        blocks=(
            Line(str(_("You give already, and a second pledge was started with your address. Both are charged now."))),
            Facts(_two(question)),
            Line(str(_("Keep the first, keep the second, or make one of both:"))),
            Button(str(_("Choose (no sign-in)")), f"{base_url}{link}"),
            Line(
                str(
                    _(
                        "If you do nothing, the first goes on, the second ends on %(day)s, and what it took goes back "
                        "to you. The same if it was not you who started it.",
                        day=day(question.until),
                    )
                )
            ),
        ),
        key=f"duplicate_choice.{question.reference}.{question.until:%Y%m%d%H%M%S}",
    )


def what_became(session: Session, payload: Mapping[str, Any], *, base_url: str) -> Letter | None:
    """Tells the owner of two pledges which one goes on; `None` if neither does any more."""
    row = _owner(session, payload["pledge"])
    outcome = outcome_of(session, row.Pledge.id) if row else None
    kept = live_pledge(session, row.Account.id) if row else None
    if row is None or outcome is None or kept is None:
        return None
    return signed(
        row.Account.email,
        subject=str(_("One pledge goes on: yours to %(newsroom)s", newsroom=current_newsroom().name)),
        blocks=(
            *(Line(text) for text in told(outcome)),
            Facts(_kept(kept, outcome)),
            Button(str(_("My account")), f"{base_url}/account"),
        ),
        key=f"duplicate_settled.{row.Pledge.reference}",
    )


def told(outcome: Outcome) -> tuple[str, ...]:
    """Says in sentences what became of a second pledge."""
    if outcome.choice == REPLACED:
        return (
            str(_("Your new pledge counts from now on. The earlier one had stopped or could not be charged.")),
            str(_("We have ended the earlier one: it asks your bank for nothing more.")),
        )
    if outcome.choice == NEWER:
        return (
            str(_("You kept the second pledge. The first has ended: it asks your bank for nothing more.")),
            str(_("If the first was charged after the second had begun, that goes back to you.")),
        )
    if outcome.choice == BOTH:
        return (
            str(_("Both were meant: one pledge over the sum takes their place, from the next charge on. Thank you.")),
            str(_("The second has ended; what it took stays with us, as you meant it.")),
        )
    first = (
        _("You kept the first pledge.") if outcome.by == "patron" else _("Seven days are over, so the first goes on.")
    )
    return str(first), str(_("The second has ended, and all that it took goes back to you, the same way it came."))


def often(amount: Money, cadence: str) -> str:
    """Writes what a pledge takes, and how often: `€5.00 every month`."""
    written = money(amount)
    return str(
        _("%(amount)s every year", amount=written) if cadence == "year" else _("%(amount)s every month", amount=written)
    )


def _two(question: Question) -> tuple[tuple[str, str], ...]:
    sides = ((_("The first"), question.older), (_("The second"), question.newer))
    return tuple(
        (str(name), f"{often(side.money, side.cadence)}, {_('since %(time)s', time=moment(side.since))}")
        for name, side in sides
    )


def _kept(kept: Pledge, outcome: Outcome) -> tuple[tuple[str, str], ...]:
    # Stripe may not have heard of the sum yet.
    amount = outcome.together or kept.amount
    return (
        (str(_("Your pledge")), often(amount, kept.cadence)),
        (str(_("Next charge")), day(kept.period_end_at)),
    )


def _owner(session: Session, reference: str) -> Row[Pledge, Account] | None:
    statement = select(Pledge, Account).join(Account, Account.id == Pledge.account_id)
    return session.execute(statement.where(Pledge.reference == reference, Account.erased_at.is_(None))).first()
