"""The part of pledges in what stands here about a person: what was promised, how it changed, what failed."""

from datetime import datetime

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.models import Account
from membership.accounts.own_data import Fate, PersonalData, Section, section
from membership.patrons.dropping import DROPPED, let_go
from membership.patrons.models import FailedRenewal, Pledge, PledgeChange
from membership.payments.erased import forget_told


def export(session: Session, account: Account) -> tuple[Section, ...]:
    """Tells of every pledge of an account, of each of its changes, and of renewals that failed."""
    return _pledges(session, account), _changes(session, account), _failures(session, account)


def foretell(session: Session, account: Account) -> Fate:
    """Says that a pledge that goes on ends at once, without another charge."""
    theirs = select(Pledge.id).where(Pledge.account_id == account.id, Pledge.ended_at.is_(None)).limit(1)
    if session.scalar(theirs) is None:
        return Fate()
    return Fate(
        goes=(
            _("Your pledge ends at once, also at Stripe. Nothing more is charged, and your card is forgotten."),
            _("What you have paid stays with us. If you want the paid time first, stop the pledge and erase later."),
        )
    )


def erase(session: Session, account: Account, *, now: datetime) -> None:
    """Ends what goes on; of pledges stay amounts and times, of cards nothing."""
    theirs = select(Pledge).where(Pledge.account_id == account.id).order_by(Pledge.id).with_for_update()
    pledges = session.scalars(theirs, execution_options={"populate_existing": True}).all()
    for pledge in pledges:
        pledge.card_brand = pledge.card_last4 = pledge.card_expires = None
        if pledge.ended_at is None and pledge.why != DROPPED:
            let_go(session, pledge, now=now)
    forget_told(session, (pledge.subscription for pledge in pledges), now=now)
    session.flush()


OWN_PLEDGES = PersonalData(export, foretell, erase)


def _pledges(session: Session, account: Account) -> Section:
    labels = {
        "started_at": _("Since"),
        "amount": _("Amount"),
        "cadence": _("How often"),
        "stripe_status": _("Stripe’s word for it"),
        "period_end_at": _("Paid until"),
        "cancel_at": _("Ends on"),
        "paused_until": _("Paused until"),
        "moved_until": _("Charge moved to"),
        "ended_at": _("Ended"),
        "why": _("Why it does not count"),
        "card_brand": _("Card"),
        "card_last4": _("Its last digits"),
        "card_expires": _("Works until"),
        "subscription": _("Number at Stripe"),
        "reference": _("Reference"),
    }
    theirs = select(Pledge).where(Pledge.account_id == account.id).order_by(Pledge.id)
    return section("pledges", _("Pledges"), labels, session.scalars(theirs))


def _changes(session: Session, account: Account) -> Section:
    labels = {"at": _("When"), "what": _("What"), "was": _("Was"), "now": _("Became"), "cause": _("By")}
    theirs = (
        select(PledgeChange)
        .join(Pledge, Pledge.id == PledgeChange.pledge_id)
        .where(Pledge.account_id == account.id)
        .order_by(PledgeChange.id)
    )
    return section("pledge_changes", _("Changes of pledges"), labels, session.scalars(theirs))


def _failures(session: Session, account: Account) -> Section:
    labels = {
        "failed_at": _("When"),
        "cause": _("Declined because"),
        "next_try_at": _("Next try"),
        "over_at": _("Over"),
    }
    theirs = (
        select(FailedRenewal)
        .join(Pledge, Pledge.id == FailedRenewal.pledge_id)
        .where(Pledge.account_id == account.id)
        .order_by(FailedRenewal.id)
    )
    return section("failed_renewals", _("Renewals that failed"), labels, session.scalars(theirs))
