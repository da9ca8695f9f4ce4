"""Mending a mistyped address: for a day the browser that gave may name another; it holds once that one has confirmed.

What it does plays no part in whether the new address is known here: the same rows, the same letter, the same answer.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.accounts import sessions
from membership.accounts.addresses import clean_email, email_key
from membership.accounts.audit import record
from membership.accounts.erasing import erase
from membership.accounts.models import Account
from membership.accounts.own_data import PersonalData
from membership.accounts.people import account_for, find_account, verify
from membership.accounts.roles import roles_of
from membership.db import locked
from membership.errors import NotAllowed, Refusal, TooMany, WrongState
from membership.outbox.rows import enqueue
from membership.outbox.waiting import call_off, count_since, take_waiting, waiting_payload
from membership.patrons.handing_over import (
    gave_the_place,
    hand_over_pledge,
    has_another_pledge,
    has_made_account,
    is_taken_on,
    payments_of_pledge,
    pledge_of_attempt,
)
from membership.patrons.models import Pledge, PledgeChange
from membership.patrons.who import standing_of
from membership.payments.attempts import SETTLED, find_attempt, hold_form
from membership.payments.handing_over import MENDING, Addressee, hand_over_payments, is_known_by
from membership.payments.models import Attempt, Payer, Payment
from membership.payments.payers import claim_payers
from membership.payments.receipts import send_to_another
from membership.support.help import count_letter
from membership.topics.handing_over import bar_since, hand_over_votes
from membership.topics.roll import may_vote_now

LIFE = timedelta(days=1)
HOUR = timedelta(hours=1)
MOST_AN_HOUR = 3

# The wish waits as a side effect, which a day later is carried out by forgetting it.
WISH = MENDING
LETTER = "mend_address"


def may_be_mended(attempt: Attempt) -> bool:
    """Says whether the address of an attempt may be another: a guest gave it, and it has not been mended."""
    return attempt.account_id is None and attempt.state in SETTLED


def ask_to_mend(session: Session, reference: str, email: str, *, network_key: str | None, now: datetime) -> None:
    """Keeps the wish and writes to the new address alone: the old one is most likely somebody else's.

    Raises a `Refusal` of field `email`, `NotAllowed` if the attempt cannot be mended, and `TooMany`.
    """
    address, key = clean_email(email), email_key(email)
    attempt = hold_form(session, reference)
    if attempt is None or not may_be_mended(attempt):
        raise NotAllowed("The address of this payment cannot be changed here any more. Please write to us.")
    if key == _present_key(session, attempt):
        raise Refusal("This is the address that we have already.", field="email")
    _refuse_too_many(session, attempt, now=now)
    count_letter(session, key, network_key, now=now)
    # The newest letter alone holds.
    call_off(session, WISH, f"{attempt.reference}.", now=now)
    wish = f"{attempt.reference}.{uuid4()}"
    enqueue(session, WISH, wish, {"email": address}, now=now, due_at=now + LIFE)
    enqueue(session, LETTER, wish, {"wish": wish}, now=now)


def forget_wishes(session: Session, account: Account, *, now: datetime) -> None:
    """Calls off what somebody who is erased wished with their attempts, and the letters about it."""
    theirs = (Attempt.email_key == account.email_key) | (Attempt.account_id == account.id)
    for reference in session.scalars(select(Attempt.reference).where(theirs)):
        for kind in (WISH, LETTER):
            call_off(session, kind, f"{reference}.", now=now)


def wished_address(session: Session, wish: str) -> str | None:
    """Returns the address that a wish is about; `None` if it was granted, replaced, or forgotten."""
    payload = waiting_payload(session, WISH, wish)
    return payload["email"] if payload else None


def attempt_of(session: Session, wish: str) -> Attempt | None:
    """Returns the attempt that a wish is about."""
    return find_attempt(session, wish.partition(".")[0])


def mend(session: Session, wish: str, parts: Sequence[PersonalData], *, now: datetime) -> None:
    """Grants a wish whose address has confirmed; one that is over changes nothing.

    The pledge, its payments and its votes go over to the account of the new address, which is made if there is none;
    of the old one stays nothing if this attempt alone had made it. `parts`: what erasing an account takes.
    Raises `WrongState` if whoever reads the letters at the old one has made the pledge their own.
    """
    attempt = hold_form(session, wish.partition(".")[0])
    wished = take_waiting(session, WISH, wish, now=now)
    if attempt is None or wished is None or not may_be_mended(attempt):
        return
    pledge = pledge_of_attempt(session, attempt)
    to = _addressee(session, attempt, wished["email"], now=now)
    mistaken = session.get(Account, pledge.account_id) if pledge else None
    for account_id in sorted(each.id for each in (to.account, mistaken) if each is not None):
        locked(session, Account, account_id)
    if to.account is not None:
        verify(session, to.account, now=now)
        claim_payers(session, to.account, now=now)
    payments = _payments(session, attempt, pledge)
    hand_over_payments(session, attempt, payments, to, payer_id=pledge.payer_id if pledge else None, now=now)
    if pledge is not None and to.account is not None and mistaken is not None and mistaken is not to.account:
        _hand_over(session, attempt, pledge, mistaken, to.account, parts, now=now)
    for payment in payments:
        send_to_another(session, payment.reference, wish.partition(".")[2], now=now)
    if to.account is not None:
        record(session, "address mended", "account", to.account.reference, actor_id=to.account.id, now=now)


def _present_key(session: Session, attempt: Attempt) -> str | None:
    if attempt.email_key is not None:
        return attempt.email_key
    # Typed at Stripe. Of an account it is perhaps another one by now, which is nobody's business.
    payer = select(Payer.email_key).join(Payment, Payment.payer_id == Payer.id)
    return session.scalar(payer.where(Payment.attempt_id == attempt.id, Payer.account_id.is_(None)))


def _refuse_too_many(session: Session, attempt: Attempt, *, now: datetime) -> None:
    if count_since(session, WISH, f"{attempt.reference}.", since=now - HOUR) >= MOST_AN_HOUR:
        raise TooMany(
            "You have tried several addresses within an hour. Please try again later, or write to us.",
            field="email",
            retry_after=int(HOUR.total_seconds()),
        )


def _addressee(session: Session, attempt: Attempt, email: str, *, now: datetime) -> Addressee:
    # A donation needs no account; a pledge does.
    if attempt.cadence == "once":
        return Addressee(email, find_account(session, email))
    account, _made = account_for(session, email, language=attempt.language, now=now)
    return Addressee(email, account)


def _payments(session: Session, attempt: Attempt, pledge: Pledge | None) -> list[Payment]:
    first = session.scalars(select(Payment).where(Payment.attempt_id == attempt.id))
    found = {payment.id: payment for payment in (*first, *(payments_of_pledge(session, pledge) if pledge else ()))}
    return list(found.values())


def _hand_over(
    session: Session,
    attempt: Attempt,
    pledge: Pledge,
    mistaken: Account,
    owner: Account,
    parts: Sequence[PersonalData],
    *,
    now: datetime,
) -> None:
    if is_taken_on(session, pledge):
        # Else somebody's own card would go on paying for another's pledge.
        raise WrongState("This pledge has been changed under its present address, and stays there. Please write to us.")
    # Asked before: with the pledge goes the proof.
    is_nobodys = has_made_account(session, pledge) and mistaken.verified_at is None
    has_place = gave_the_place(pledge)
    hand_over_pledge(session, pledge, owner, now=now)
    sessions.end_to_vote(session, mistaken, now=now)
    if is_nobodys:
        owner.name = owner.name or mistaken.name
    if is_nobodys and has_place:
        hand_over_votes(session, mistaken.id, owner.id, now=now)
    elif not standing_of(session, mistaken.id, now=now).may_vote:
        bar_since(session, mistaken.id, since=_began_at(session, pledge), now=now)
    may_vote_now(session, owner.id, now=now)
    enqueue(session, "welcome", f"{pledge.subscription}.mended", {"subscription": pledge.subscription}, now=now)
    if is_nobodys and not _is_anothers(session, mistaken, attempt, pledge):
        erase(session, mistaken.id, parts, now=now)


def _is_anothers(session: Session, account: Account, attempt: Attempt, pledge: Pledge) -> bool:
    return (
        has_another_pledge(session, account.id, pledge)
        or bool(roles_of(session, account.id))
        or is_known_by(session, account.email_key, besides=attempt)
    )


def _began_at(session: Session, pledge: Pledge) -> datetime:
    known = session.scalar(select(func.min(PledgeChange.at)).where(PledgeChange.pledge_id == pledge.id))
    return known or pledge.started_at
