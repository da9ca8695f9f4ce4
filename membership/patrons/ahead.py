"""Letters before something happens: two weeks before a yearly charge, and in the last month of a card."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from flask_babel import gettext as _
from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from membership.accounts.links import link_path
from membership.accounts.models import Account
from membership.clock import Clock
from membership.db import Database, transaction
from membership.mail.letters import Block, Button, Letter, Line
from membership.newsroom.signed_letter import signed
from membership.newsroom.words import current_newsroom
from membership.outbox.rows import enqueue
from membership.patrons.failing import STOP
from membership.patrons.live import is_healthy
from membership.patrons.models import Pledge
from membership.patrons.next_charge import next_charge
from membership.patrons.pledges import pledge_by_reference
from membership.web.current import now as current_now
from membership.web.filters import day, money

BEFORE_A_YEARLY_CHARGE = timedelta(days=14)
BEFORE_A_CARD_EXPIRES = timedelta(days=30)


class Keeping(Protocol):
    """What of the process's seams it takes to write by the clock."""

    @property
    def database(self) -> Database: ...

    @property
    def clock(self) -> Clock: ...


def look_ahead(keeping: Keeping) -> None:
    """Has everyone written to whose yearly charge is two weeks away, or whose card is in its last month; each once."""
    with keeping.database.session() as session, transaction(session):
        now = keeping.clock.now()
        for pledge in session.scalars(_soon_charged(now)):
            key = f"{pledge.reference}:{pledge.period_end_at:%Y-%m-%d}"
            enqueue(session, "yearly_charge", key, {"pledge": pledge.reference}, now=now)
        for pledge in session.scalars(_soon_without_card(now)):
            key = f"{pledge.reference}:{pledge.card_last4}:{pledge.card_expires}"
            enqueue(session, "card_expires", key, {"pledge": pledge.reference}, now=now)


def yearly_charge(session: Session, payload: Mapping[str, Any], *, base_url: str) -> Letter | None:
    """Writes that a year's charge is coming; `None` if it is not any more."""
    found = _owned(session, payload["pledge"])
    comes = next_charge(found.Pledge) if found else None
    if found is None or comes is None or comes.cadence != "year":
        return None
    pledge, account = found
    on, amount = day(comes.at), money(comes.money)
    return signed(
        account.email,
        language=account.language,
        subject=str(_("On %(day)s: %(amount)s for another year", day=on, amount=amount)),
        blocks=(
            Line(str(_("You give %(amount)s every year. The next charge is on %(day)s.", amount=amount, day=on))),
            Line(_with_card(pledge)),
            Line(str(_("If that is right, there is nothing to do. To change it, open your account:"))),
            Button(str(_("My account")), f"{base_url}/account"),
            *_stop(pledge, account, base_url),
        ),
        key=f"yearly_charge.{pledge.reference}.{comes.at:%Y%m%d}",
    )


def card_expires(session: Session, payload: Mapping[str, Any], *, base_url: str) -> Letter | None:
    """Writes that a card is in its last month; `None` if there is another one by now."""
    found = _owned(session, payload["pledge"])
    last_day = found.Pledge.card_expires if found else None
    comes = next_charge(found.Pledge) if found else None
    if found is None or last_day is None or comes is None:
        return None
    if last_day > _on(current_now() + BEFORE_A_CARD_EXPIRES):
        return None
    pledge, account = found
    digits = pledge.card_last4 or ""
    return signed(
        account.email,
        language=account.language,
        subject=str(_("Your card ending %(digits)s works until %(day)s", digits=digits, day=day(last_day))),
        blocks=(
            Line(
                str(
                    _(
                        "The next charge, %(amount)s, is on %(day)s.",
                        amount=money(comes.money),
                        day=day(comes.at),
                    )
                )
            ),
            Line(str(_("Some banks tell us the new card by themselves. To be sure, give it in your account:"))),
            Button(str(_("Renew the card")), f"{base_url}/account"),
            *_stop(pledge, account, base_url),
        ),
        key=f"card_expires.{pledge.reference}.{last_day}",
    )


def _going_on() -> Select[Pledge]:
    unended = (Pledge.live, Pledge.ended_at.is_(None), Pledge.cancel_at.is_(None), Pledge.paused_since.is_(None))
    return select(Pledge).where(*unended).order_by(Pledge.id)


def _soon_charged(now: datetime) -> Select[Pledge]:
    soon = (Pledge.period_end_at > now, Pledge.period_end_at <= now + BEFORE_A_YEARLY_CHARGE)
    is_yearly = (Pledge.cadence == "year") | (Pledge.next_cadence == "year")
    # Whoever began it within these two weeks knows.
    return _going_on().where(is_yearly, *soon, Pledge.started_at < now - BEFORE_A_YEARLY_CHARGE)


def _soon_without_card(now: datetime) -> Select[Pledge]:
    return _going_on().where(Pledge.card_expires >= _on(now), Pledge.card_expires <= _on(now + BEFORE_A_CARD_EXPIRES))


def _on(at: datetime) -> date:
    return at.astimezone(current_newsroom().zone).date()


def _owned(session: Session, reference: str) -> Row[Pledge, Account] | None:
    pledge = pledge_by_reference(session, reference)
    if pledge is None or not pledge.live or not is_healthy(pledge):
        return None
    statement = select(Pledge, Account).join(Account, Account.id == Pledge.account_id)
    return session.execute(statement.where(Pledge.id == pledge.id, Account.erased_at.is_(None))).first()


def _with_card(pledge: Pledge) -> str:
    if pledge.card_last4:
        return str(_("It goes to your card ending %(digits)s.", digits=pledge.card_last4))
    return str(_("It goes the same way as the last one."))


def _stop(pledge: Pledge, account: Account, base_url: str) -> tuple[Block, ...]:
    href = base_url + link_path(STOP, pledge.reference, account, now=current_now())
    return (
        Line(str(_("If you would rather stop, that is fine: one button, no sign-in, and nothing more is charged."))),
        Button(str(_("Stop here")), href),
    )
