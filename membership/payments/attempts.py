"""Attempts: one intention to pay, kept before Stripe is asked, so that nothing is ever charged twice.

One token (one rendered form) leads to at most one payable Checkout, however often and whatever is sent with it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from membership.db import has_turns, insert_ignore, take_turn, turn_of
from membership.money import Money
from membership.payments.models import Attempt

# Stripe wants at least 30 minutes; exactly 30 may be refused when clocks differ. Short, because of card testing.
CHECKOUT_LIFE = timedelta(minutes=31)
SETTLED = frozenset(("paid", "pending"))
# A form's turn is named for its token.
TURN = "attempt "

# Made once: each is asked for each payment.
_TURN_OF_FORM = select(turn_of(TURN + Attempt.token_hash)).where(Attempt.reference == bindparam("reference"))
_LOCKED = select(Attempt).where(Attempt.reference == bindparam("reference")).with_for_update()


@dataclass(frozen=True)
class Wish:
    """What somebody wants to give, as the form said it, checked. `cadence`: once, month or year."""

    cadence: str
    amount: Money
    email: str | None
    email_key: str | None
    account_id: int | None
    article_slug: str | None
    language: str
    network_key: str | None


@dataclass(frozen=True)
class Begun:
    """The attempt that now stands for the token, and whether it was made just now."""

    attempt: Attempt
    is_new: bool


def begin(session: Session, token_hash: str, wish: Wish, *, now: datetime) -> Begun:
    """Keeps the attempt for a token: the same one for the same content, the next revision for other content.

    A token whose attempt is paid or on its way keeps it, whatever the content: it leads to the thanks page.
    """
    # The current row cannot be locked by a condition that another revision makes untrue while we wait for it.
    _take_turn(session, token_hash)
    settled = _settled(session, token_hash)
    if settled is not None:
        return Begun(settled, is_new=False)
    if _insert(session, token_hash, 1, wish, now=now):
        return Begun(_current(session, token_hash), is_new=True)
    current = _current(session, token_hash)
    if _is_same(current, wish) and _is_payable(current, now=now):
        return Begun(current, is_new=False)
    return _supersede(session, current, wish, now=now)


def find_attempt(session: Session, reference: str) -> Attempt | None:
    """Returns the attempt with this public reference."""
    return session.scalar(select(Attempt).where(Attempt.reference == reference))


def lock_attempt(session: Session, reference: str) -> Attempt | None:
    """Reads an attempt anew by its reference and locks it."""
    return session.scalar(_LOCKED, {"reference": reference}, execution_options={"populate_existing": True})


def hold_form(session: Session, reference: str) -> Attempt | None:
    """Takes the turn of an attempt's form, so that no other payment of it is kept meanwhile, and locks the attempt."""
    if has_turns(session):
        session.execute(_TURN_OF_FORM, {"reference": reference})
    # Read only now: what was done in the turns before is seen.
    return lock_attempt(session, reference)


def replaced(session: Session, attempt: Attempt) -> list[Attempt]:
    """Lists the earlier revisions of an attempt's form that may still be payable at Stripe; most have none."""
    if attempt.revision == 1:
        return []
    earlier = (Attempt.token_hash == attempt.token_hash, Attempt.revision < attempt.revision)
    statement = select(Attempt).where(*earlier, Attempt.state == "open", Attempt.checkout_id.is_not(None))
    return list(session.scalars(statement.order_by(Attempt.revision)))


def _take_turn(session: Session, token_hash: str) -> None:
    take_turn(session, f"{TURN}{token_hash}")


def _settled(session: Session, token_hash: str) -> Attempt | None:
    theirs = select(Attempt).where(Attempt.token_hash == token_hash, Attempt.state.in_(SETTLED))
    return session.scalars(theirs.order_by(Attempt.revision).limit(1)).first()


def _supersede(session: Session, old: Attempt, wish: Wish, *, now: datetime) -> Begun:
    # The index allows one current row for a token: the old one steps aside (to itself) before the new one comes.
    old.superseded_by_id = old.id
    session.flush()
    _insert(session, old.token_hash, old.revision + 1, wish, now=now)
    new = _current(session, old.token_hash)
    old.superseded_by_id = new.id
    return Begun(new, is_new=True)


def _insert(session: Session, token_hash: str, revision: int, wish: Wish, *, now: datetime) -> bool:
    return insert_ignore(
        session,
        Attempt,
        reference=str(uuid4()),
        token_hash=token_hash,
        revision=revision,
        cadence=wish.cadence,
        amount_minor=wish.amount.minor,
        currency=wish.amount.currency,
        account_id=wish.account_id,
        email=wish.email,
        email_key=wish.email_key,
        article_slug=wish.article_slug,
        language=wish.language,
        network_key=wish.network_key,
        tries=0,
        state="open",
        created_at=now,
        expires_at=now.replace(microsecond=0) + CHECKOUT_LIFE,
    )


def _current(session: Session, token_hash: str) -> Attempt:
    statement = (
        select(Attempt).where(Attempt.token_hash == token_hash, Attempt.superseded_by_id.is_(None)).with_for_update()
    )
    return session.scalars(statement, execution_options={"populate_existing": True}).one()


def _is_same(attempt: Attempt, wish: Wish) -> bool:
    return (attempt.cadence, attempt.amount, attempt.email_key, attempt.account_id) == (
        wish.cadence,
        wish.amount,
        wish.email_key,
        wish.account_id,
    )


def _is_payable(attempt: Attempt, *, now: datetime) -> bool:
    return attempt.state == "open" and now < attempt.expires_at
