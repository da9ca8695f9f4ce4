"""Pledges: the mirror of Stripe's subscriptions, with one live pledge for each account."""

from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.models import Account
from membership.accounts.people import account_for
from membership.db import locked
from membership.newsroom.words import current_newsroom
from membership.outbox.rows import enqueue
from membership.patrons.models import PLEDGE_CADENCES, Pledge, PledgeChange
from membership.patrons.standing import GIVES_STANDING
from membership.payments.attempts import lock_attempt
from membership.payments.mirror import Cause
from membership.payments.models import Attempt
from membership.payments.payers import payer_for
from membership.payments.records import Subscription
from membership.payments.syncing import require_ours

GRACE = timedelta(days=14)
OVER = frozenset(("canceled", "incomplete_expired"))
# Of these nothing stands yet: Stripe has not taken a first payment.
NOT_BEGUN = frozenset(("incomplete",))


def keep_subscription(session: Session, seen: Subscription, cause: Cause, now: datetime) -> None:
    """Applies a subscription: makes the account and the pledge when it first stands, then notes what changed.

    Raises `NotOurs` if it bears no mark of this site.
    """
    require_ours(session, seen.tags)
    _lock_owner(session, seen.id)
    pledge = find_pledge(session, seen.id)
    if pledge is None:
        if seen.status in NOT_BEGUN:
            return
        pledge = _begin(session, seen, now=now)
    changes = _changes(pledge, seen)
    _apply(pledge, seen, now=now)
    session.flush()
    for what, was, becomes in changes:
        session.add(
            PledgeChange(pledge_id=pledge.id, at=now, what=what, was=was, now=becomes, cause=cause.id or cause.kind)
        )
    settle_live(session, pledge.account_id, now=now)


def _lock_owner(session: Session, subscription_id: str) -> None:
    # The account before its pledges, as everybody locks them.
    account_id = session.scalar(select(Pledge.account_id).where(Pledge.subscription == subscription_id))
    if account_id is not None:
        locked(session, Account, account_id)


def find_pledge(session: Session, subscription_id: str) -> Pledge | None:
    """Returns the pledge behind a subscription, read anew and locked."""
    statement = select(Pledge).where(Pledge.subscription == subscription_id).with_for_update()
    return session.scalar(statement, execution_options={"populate_existing": True})


def live_pledge(session: Session, account_id: int) -> Pledge | None:
    """Returns the one pledge that counts for an account, or `None`."""
    return session.scalar(select(Pledge).where(Pledge.account_id == account_id, Pledge.live))


def settle_live(session: Session, account_id: int, *, now: datetime) -> None:
    """Decides, under the account's lock, which pledge is live: the oldest that goes on, one that is paid before one
    whose card fails. The rest say why not.

    A second one that goes on is a duplicate, of which staff hear once.
    """
    locked(session, Account, account_id)
    pledges = session.scalars(
        select(Pledge).where(Pledge.account_id == account_id).order_by(Pledge.started_at, Pledge.id)
    )
    going_on = []
    for pledge in pledges.all():
        if pledge.ended_at is not None:
            pledge.live, pledge.why = False, "ended"
        else:
            going_on.append(pledge)
    going_on.sort(key=lambda pledge: pledge.stripe_status not in GIVES_STANDING)
    for pledge in going_on[1:]:
        if pledge.why != "duplicate":
            _tell_staff(session, pledge, now=now)
        pledge.live, pledge.why = False, "duplicate"
    # The index knows one live pledge: the others must have stepped aside before one steps forward.
    session.flush()
    for pledge in going_on[:1]:
        pledge.live, pledge.why = True, None
    session.flush()


def _begin(session: Session, seen: Subscription, *, now: datetime) -> Pledge:
    attempt = lock_attempt(session, seen.tags.attempt or "")
    payer = payer_for(session, attempt, customer=seen.customer, email=seen.email, name=seen.name, now=now)
    account = _account_of(session, attempt, payer.email, seen, now=now)
    payer.account_id = account.id
    pledge = Pledge(
        reference=str(uuid4()),
        account_id=account.id,
        payer_id=payer.id,
        attempt_id=attempt.id if attempt else None,
        subscription=seen.id,
        started_at=seen.started_at,
        live=False,
    )
    session.add(pledge)
    return pledge


def _account_of(
    session: Session, attempt: Attempt | None, email: str | None, seen: Subscription, *, now: datetime
) -> Account:
    # A signed-in person's pledge is theirs, whatever address was typed at Stripe.
    if attempt is not None and attempt.account_id is not None:
        return session.get_one(Account, attempt.account_id)
    language = attempt.language if attempt else current_newsroom().language
    account, made = account_for(session, email or seen.email or "", language=language, now=now)
    if made:
        account.name = seen.name
    return account


def _changes(pledge: Pledge, seen: Subscription) -> list[tuple[str, str | None, str | None]]:
    promised = f"{seen.amount.minor} {seen.amount.currency} a {seen.interval}"
    if pledge.id is None:
        return [("started", None, promised)]
    pairs = (
        ("status", pledge.stripe_status, seen.status),
        ("amount", f"{pledge.amount.minor} {pledge.amount.currency} a {pledge.cadence}", promised),
        ("cancel_at", _iso(pledge.cancel_at), _iso(seen.cancel_at)),
        ("card", pledge.card_last4, seen.card_last4),
    )
    return [pair for pair in pairs if pair[1] != pair[2]]


def _apply(pledge: Pledge, seen: Subscription, *, now: datetime) -> None:
    # Somebody may have set a week at Stripe: the rest of what happens to the pledge still has to come through.
    if seen.interval in PLEDGE_CADENCES:
        pledge.cadence = seen.interval
    pledge.amount = seen.amount
    pledge.stripe_status = seen.status
    pledge.cancel_at, pledge.period_end_at = seen.cancel_at, seen.period_end_at
    pledge.card_brand, pledge.card_last4 = seen.card_brand, seen.card_last4
    pledge.ended_at = (seen.ended_at or now) if seen.status in OVER else None
    if seen.status != "past_due":
        pledge.grace_until = None
    elif pledge.grace_until is None:
        # The renewal that failed opened this period, however late we hear of it.
        pledge.grace_until = seen.period_start_at + GRACE


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _tell_staff(session: Session, pledge: Pledge, *, now: datetime) -> None:
    notice = {"about": "duplicate", "reference": pledge.reference}
    enqueue(session, "staff_notice", f"duplicate:{pledge.reference}", notice, now=now)
