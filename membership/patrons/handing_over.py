"""A pledge goes over to another account: its address was mistyped when it began, and the right one confirmed it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from membership.accounts.models import Account
from membership.db import locked
from membership.patrons.dropping import DROPPED
from membership.patrons.live import settle_live
from membership.patrons.models import ACCOUNT, MADE, Pledge, PledgeChange, PledgePayment
from membership.patrons.who import standing_of
from membership.payments.models import Attempt, Payment

MOVED = "moved"


def pledge_of_attempt(session: Session, attempt: Attempt) -> Pledge | None:
    """Returns the pledge that came of an attempt, if one did."""
    return session.scalar(select(Pledge).where(Pledge.attempt_id == attempt.id))


def has_made_account(session: Session, pledge: Pledge) -> bool:
    """Says whether the account of a pledge is there only because of it, and whether it is still under that account."""
    changes = select(PledgeChange.now).where(PledgeChange.pledge_id == pledge.id, PledgeChange.what == ACCOUNT)
    return list(session.scalars(changes)) == [MADE]


def account_to_vote(session: Session, attempt: Attempt, *, now: datetime) -> Account | None:
    """Returns the account for which the browser of an attempt may vote without signing in; `None`: it has to sign in.

    Only if this payment made it, nobody has signed in to it, and it may vote by it (docs/design.md, 3: guests).
    Its row stays locked until the transaction ends.
    """
    pledge = pledge_of_attempt(session, attempt)
    account = locked(session, Account, pledge.account_id) if pledge is not None else None
    if pledge is None or account is None:
        return None
    # Its owner may have signed in, or the address been mended, while we waited.
    session.refresh(pledge)
    is_nobodys = account.verified_at is None and account.erased_at is None
    # Beside another pledge of the account, which is not this browser's, it gives no vote.
    if not (is_nobodys and pledge.live and has_made_account(session, pledge)):
        return None
    return account if standing_of(session, account.id, now=now).may_vote else None


def gave_the_place(pledge: Pledge) -> bool:
    """Says whether the vote of its account rests on a pledge: it counts, or was the last that did."""
    return pledge.why in (None, "ended")


def is_taken_on(session: Session, pledge: Pledge) -> bool:
    """Says whether the account of a pledge has made it its own: by its card, or by choosing it out of two."""
    if pledge.why == DROPPED:
        return False
    has_other_card = exists().where(
        PledgeChange.pledge_id == pledge.id, PledgeChange.what == "card", PledgeChange.was.is_not(None)
    )
    if not pledge.live:
        return bool(session.scalar(select(has_other_card)))
    of_account = select(Pledge.id).where(Pledge.account_id == pledge.account_id)
    has_chosen = exists().where(
        PledgeChange.pledge_id.in_(of_account),
        PledgeChange.what == "duplicate",
        PledgeChange.cause == "patron",
        PledgeChange.at >= pledge.started_at,
    )
    return bool(session.scalar(select(has_other_card | has_chosen)))


def payments_of_pledge(session: Session, pledge: Pledge) -> Sequence[Payment]:
    """Lists what a pledge was paid with."""
    tied = select(PledgePayment.payment_id).where(PledgePayment.pledge_id == pledge.id)
    return session.scalars(select(Payment).where(Payment.id.in_(tied)).order_by(Payment.id)).all()


def has_another_pledge(session: Session, account_id: int, pledge: Pledge) -> bool:
    """Says whether an account has, or had, another pledge than this one."""
    return bool(session.scalar(select(exists().where(Pledge.account_id == account_id, Pledge.id != pledge.id))))


def hand_over_pledge(session: Session, pledge: Pledge, to: Account, *, now: datetime) -> None:
    """Puts a pledge under another account, and settles anew which pledge of each of the two is live.

    Beside a healthy one there it is a duplicate, and its owner is asked. The caller holds both accounts, and has
    handed the payments over.
    """
    was = pledge.account_id
    pledge = locked(session, Pledge, pledge.id) or pledge
    if pledge.why != DROPPED and pledge.ended_at is None:
        # Until it is settled, beside a live one there.
        pledge.live, pledge.why = False, "duplicate"
    pledge.duplicate_since = None
    session.flush()
    pledge.account_id = to.id
    session.add(PledgeChange(pledge_id=pledge.id, at=now, what=ACCOUNT, was=None, now=MOVED, cause="patron"))
    session.flush()
    for account_id in sorted((was, to.id)):
        settle_live(session, account_id, now=now)
