"""Pledges: the mirror of Stripe's subscriptions."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.models import Account
from membership.accounts.people import account_for
from membership.db import locked
from membership.newsroom.words import current_newsroom
from membership.patrons.dropping import DROPPED, let_go
from membership.patrons.live import settle_held
from membership.patrons.models import ACCOUNT, MADE, PAUSE, PAUSE_KINDS, PLEDGE_CADENCES, Pledge, PledgeChange
from membership.patrons.standing import IN_GRACE, OVER
from membership.payments.attempts import lock_attempt
from membership.payments.erased import forget_told
from membership.payments.mirror import Cause
from membership.payments.models import Attempt, Payer
from membership.payments.payers import payer_for
from membership.payments.records import Subscription
from membership.payments.syncing import require_ours

GRACE = timedelta(days=14)
# Of these nothing stands yet: Stripe has not taken a first payment.
NOT_BEGUN = frozenset(("incomplete",))


def keep_subscription(session: Session, seen: Subscription, cause: Cause, now: datetime) -> Pledge | None:
    """Applies a subscription: makes the account and the pledge when it first stands, then notes what changed.

    Returns the pledge if this ended its pause, else `None`. Raises `NotOurs` if it bears no mark of this site.
    """
    require_ours(session, seen.tags)
    owner = _lock_owner(session, seen.id)
    pledge, has_made = find_pledge(session, seen.id), False
    if pledge is None:
        if seen.status in NOT_BEGUN:
            return None
        pledge, owner, has_made = _begin(session, seen, now=now)
    if owner is None or owner.id != pledge.account_id:
        # It changed hands while we waited.
        owner = locked(session, Account, pledge.account_id)
    was_paused = pledge.paused_since is not None
    is_erased = owner is not None and owner.erased_at is not None
    if is_erased:
        seen = replace(seen, card_brand=None, card_last4=None, card_expires=None)
    changes = [*_changes(pledge, seen), *([(ACCOUNT, None, MADE)] if has_made else [])]
    _apply(pledge, seen, now=now)
    session.flush()
    if is_erased:
        forget_told(session, (seen.id, seen.customer), now=now)
    for what, was, becomes in changes:
        session.add(
            PledgeChange(pledge_id=pledge.id, at=now, what=what, was=was, now=becomes, cause=cause.id or cause.kind)
        )
    if is_erased and pledge.ended_at is None and pledge.why != DROPPED:
        # It was paid before the erasure, and heard of after it.
        let_go(session, pledge, now=now)
    settle_held(session, pledge.account_id, now=now)
    return pledge if was_paused and not seen.is_paused else None


def _lock_owner(session: Session, subscription_id: str) -> Account | None:
    # The account before its pledges, as everybody locks them.
    owner = select(Account).join(Pledge, Pledge.account_id == Account.id).where(Pledge.subscription == subscription_id)
    held = owner.with_for_update(of=Account, key_share=True)
    return session.scalar(held, execution_options={"populate_existing": True})


def find_pledge(session: Session, subscription_id: str) -> Pledge | None:
    """Returns the pledge behind a subscription, read anew and locked."""
    statement = select(Pledge).where(Pledge.subscription == subscription_id).with_for_update()
    return session.scalar(statement, execution_options={"populate_existing": True})


def pledge_by_reference(session: Session, reference: str) -> Pledge | None:
    """Returns the pledge with this public reference."""
    return session.scalar(select(Pledge).where(Pledge.reference == reference))


def live_pledge(session: Session, account_id: int) -> Pledge | None:
    """Returns the one pledge that counts for an account, or `None`."""
    return session.scalar(select(Pledge).where(Pledge.account_id == account_id, Pledge.live))


def _begin(session: Session, seen: Subscription, *, now: datetime) -> tuple[Pledge, Account, bool]:
    """Returns the new pledge, its account, locked, and whether that was made for it."""
    attempt = lock_attempt(session, seen.tags.attempt or "")
    payer = payer_for(session, attempt, customer=seen.customer, email=seen.email, name=seen.name, now=now)
    account, made = _account_of(session, attempt, payer, seen, now=now)
    # The account before its payers, as signing in locks them when it claims them.
    locked(session, Account, account.id)
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
    return pledge, account, made


def _account_of(
    session: Session, attempt: Attempt | None, payer: Payer, seen: Subscription, *, now: datetime
) -> tuple[Account, bool]:
    if payer.erased_at is not None and payer.account_id is not None:
        return session.get_one(Account, payer.account_id), False
    # A signed-in person's pledge is theirs, whatever address was typed at Stripe.
    if attempt is not None and attempt.account_id is not None:
        return session.get_one(Account, attempt.account_id), False
    language = attempt.language if attempt else current_newsroom().language
    account, made = account_for(session, payer.email or seen.email or "", language=language, now=now)
    if made:
        account.name = seen.name
    return account, made


def _changes(pledge: Pledge, seen: Subscription) -> list[tuple[str, str | None, str | None]]:
    promised = f"{seen.amount.minor} {seen.amount.currency} a {seen.interval}"
    if pledge.id is None:
        return [("started", None, promised)]
    pairs = (
        ("status", pledge.stripe_status, seen.status),
        ("amount", f"{pledge.amount.minor} {pledge.amount.currency} a {pledge.cadence}", promised),
        ("cancel_at", _iso(pledge.cancel_at), _iso(seen.cancel_at)),
        ("card", pledge.card_last4, seen.card_last4),
        ("pause", _pause_said(pledge.pause_kind, pledge.paused_until), _pause_said(_pause_of(seen), seen.paused_until)),
        ("schedule", pledge.schedule, seen.schedule),
    )
    changes = [pair for pair in pairs if pair[1] != pair[2]]
    if seen.moved_until not in (None, pledge.moved_until):
        # From which day to which one the next charge went: what moving it may sum up to is limited.
        changes.append(("moved", _iso(pledge.period_end_at), _iso(seen.moved_until)))
    return changes


def _pause_of(seen: Subscription) -> str | None:
    """Returns what the pause is; one that somebody set at Stripe is a pause."""
    if not seen.is_paused:
        return None
    return seen.pause if seen.pause in PAUSE_KINDS else PAUSE


def _pause_said(kind: str | None, until: datetime | None) -> str | None:
    return " ".join(filter(None, (kind, _iso(until)))) or None


def _apply(pledge: Pledge, seen: Subscription, *, now: datetime) -> None:
    # Somebody may have set a week at Stripe: the rest of what happens to the pledge still has to come through.
    if seen.interval in PLEDGE_CADENCES:
        pledge.cadence = seen.interval
    pledge.amount = seen.amount
    pledge.stripe_status = seen.status
    pledge.cancel_at, pledge.period_end_at = seen.cancel_at, seen.period_end_at
    pledge.card_brand, pledge.card_last4 = seen.card_brand, seen.card_last4
    pledge.card_expires = seen.card_expires
    _apply_what_comes(pledge, seen, now=now)
    pledge.ended_at = (seen.ended_at or now) if seen.status in OVER else None
    if seen.status not in IN_GRACE or seen.is_paused:
        pledge.grace_until = None
    elif seen.status == "past_due" and (pledge.grace_until is None or pledge.grace_until <= seen.period_start_at):
        # The renewal that failed opened this period, however late we hear of it; one that failed before is over.
        pledge.grace_until = seen.period_start_at + GRACE


def _apply_what_comes(pledge: Pledge, seen: Subscription, *, now: datetime) -> None:
    pledge.paused_since = (pledge.paused_since or now) if seen.is_paused else None
    pledge.pause_kind, pledge.paused_until = _pause_of(seen), seen.paused_until
    pledge.moved_until, pledge.anchor_at, pledge.schedule = seen.moved_until, seen.anchor_at, seen.schedule
    becomes = seen.becomes if seen.becomes and seen.becomes.interval in PLEDGE_CADENCES else None
    pledge.next_amount_minor = becomes.amount.minor if becomes else None
    pledge.next_cadence = becomes.interval if becomes else None
    pledge.next_from = becomes.since if becomes else None


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
