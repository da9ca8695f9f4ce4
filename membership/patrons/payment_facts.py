"""Facts of payment by which a person shows that an account is theirs: two of three, compared with the rows.

Whoever types them is of the staff, and what they type came from the person. A wrong try is counted in the audit log.
Anybody can pay under somebody else's address, and then knows a receipt of theirs: such payments prove nothing.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, false, func, or_, select
from sqlalchemy.orm import Session

from membership.accounts.audit import record
from membership.accounts.models import Account, AuditEntry
from membership.db import take_turn
from membership.errors import Refusal, TooMany
from membership.money import Money, parse_amount
from membership.patrons.models import Pledge, PledgePayment
from membership.payments.handing_over import was_a_guests
from membership.payments.models import Attempt, Payer, Payment, Receipt
from membership.payments.receipts import ReceiptNumber
from membership.web.errors import said

NEEDED = 2
DAY = timedelta(days=1)
MOST_OF_STAFF, MOST_FOR_ACCOUNT = 10, 5
TRY = "gave wrong facts of payment"
UNKNOWN = "unknown"
# Far above all that anybody gives, and far below what a column holds.
MOST_MINOR = 10**12

_NUMBER = re.compile(r"(\d{4})-(\d{5,9})", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_DIGITS = re.compile(r"\d{4}", re.ASCII)


@dataclass(frozen=True)
class Facts:
    """What somebody knows of payments; `None` is what was left empty. `paid_on` and `amount` are one fact."""

    receipt: ReceiptNumber | None = None
    paid_on: date | None = None
    amount: Money | None = None
    last4: str | None = None


@dataclass(frozen=True)
class _Own:
    """Conditions of the payments and the pledges that nobody but the account's owner has made."""

    payment: ColumnElement[bool]
    pledge: ColumnElement[bool]


def read_facts(form: Mapping[str, str]) -> tuple[Facts, dict[str, str]]:
    """Reads the fields `receipt`, `paid_on`, `amount` (with `currency`) and `last4`; names what is wrong in them."""
    errors: dict[str, str] = {}

    def read(name: str, convert: Callable[[str], object]) -> object:
        text = form.get(name, "").strip()
        try:
            return convert(text) if text else None
        except Refusal as refusal:
            errors[name] = said(refusal)
            return None

    found = {
        "receipt": read("receipt", _receipt),
        "paid_on": read("paid_on", _day),
        "amount": read("amount", lambda text: _amount(text, form.get("currency", ""))),
        "last4": read("last4", _last4),
    }
    facts = Facts(**found)  # type: ignore[arg-type]  # each is what its own reader returns
    if (facts.paid_on is None) != (facts.amount is None) and not errors:
        missing = "amount" if facts.amount is None else "paid_on"
        errors[missing] = said(Refusal("Day and amount are one fact: give both, or neither."))
    given = sum(fact is not None for fact in (facts.receipt, facts.paid_on, facts.last4))
    if given < NEEDED and not errors:
        errors["receipt"] = said(Refusal("Give two of the three facts."))
    return facts, errors


def owner_by_facts(
    session: Session, account: Account | None, facts: Facts, *, by: Account, zone: ZoneInfo, now: datetime
) -> Account | None:
    """Returns the account if all facts fit its payments; else keeps that a try failed, and returns `None`.

    An address without an account is a failed try as any other. `zone` is where days are meant. Raises `TooMany`.
    """
    take_turn(session, "facts of payment")
    _refuse_too_many(session, account, by, now=now)
    if account is not None and account.erased_at is None and _fit(session, account, facts, zone):
        return account
    record(session, TRY, "account", account.reference if account else UNKNOWN, actor_id=by.id, now=now)
    return None


def _fit(session: Session, account: Account, facts: Facts, zone: ZoneInfo) -> bool:
    own, held = _own(session, account), []
    if facts.receipt is not None:
        held.append(_has_receipt(session, own, facts.receipt))
    if facts.paid_on is not None and facts.amount is not None:
        held.append(_has_payment(session, own, facts.paid_on, facts.amount, zone))
    if facts.last4 is not None:
        held.append(_has_card(session, own, facts.last4))
    return len(held) >= NEEDED and all(held)


def _own(session: Session, account: Account) -> _Own:
    # A mistyped address may have been mended to this one: then whoever gave as a guest knows what they gave.
    signed_in = select(Attempt.id).where(Attempt.account_id == account.id, ~was_a_guests())
    first = _first_payment(session, account)
    # A pledge has a payer of its own, known by Stripe's customer; other guests are never put under that.
    began = Pledge.payer_id == first.payer_id if first else false()
    pledge = (Pledge.account_id == account.id) & or_(Pledge.attempt_id.in_(signed_in), began)
    renewals = select(PledgePayment.payment_id).join(Pledge, Pledge.id == PledgePayment.pledge_id).where(pledge)
    is_first = Payment.id == first.id if first else false()
    given = or_(Payment.attempt_id.in_(signed_in), Payment.id.in_(renewals), is_first)
    return _Own((Payer.account_id == account.id) & given, pledge)


def _first_payment(session: Session, account: Account) -> Payment | None:
    # With it the account began; one that was there before its first payment may have been paid for by anybody.
    theirs = (
        select(Payment)
        .join(Payer, Payer.id == Payment.payer_id)
        .where(Payer.account_id == account.id, Payment.paid_at.is_not(None))
        .order_by(Payment.paid_at, Payment.id)
        .limit(1)
    )
    first = session.scalar(theirs)
    if first is None or first.paid_at is None:
        return None
    return first if account.verified_at is None or first.paid_at <= account.verified_at else None


def _has_receipt(session: Session, own: _Own, number: ReceiptNumber) -> bool:
    theirs = (
        select(Receipt.id)
        .join(Payment, Payment.id == Receipt.payment_id)
        .join(Payer, Payer.id == Payment.payer_id)
        .where(own.payment, Receipt.year == number.year, Receipt.number == number.number)
    )
    return session.scalar(theirs) is not None


def _has_payment(session: Session, own: _Own, paid_on: date, amount: Money, zone: ZoneInfo) -> bool:
    begin = datetime.combine(paid_on, time(), zone)
    end = datetime.combine(paid_on + DAY, time(), zone)
    theirs = (
        select(Payment.id)
        .join(Payer, Payer.id == Payment.payer_id)
        .where(own.payment, Payment.paid_at >= begin, Payment.paid_at < end)
        .where(Payment.amount == amount)
        .limit(1)
    )
    return session.scalar(theirs) is not None


def _has_card(session: Session, own: _Own, last4: str) -> bool:
    theirs = select(Pledge.id).where(own.pledge, Pledge.card_last4 == last4).limit(1)
    return session.scalar(theirs) is not None


def _refuse_too_many(session: Session, account: Account | None, by: Account, *, now: datetime) -> None:
    tried = (
        select(AuditEntry.actor_id, AuditEntry.subject_id, func.count())
        .where(AuditEntry.act == TRY, AuditEntry.at > now - DAY)
        .where(or_(AuditEntry.actor_id == by.id, AuditEntry.subject_id == (account.reference if account else "")))
        .group_by(AuditEntry.actor_id, AuditEntry.subject_id)
    )
    rows = session.execute(tried).all()
    by_staff = sum(count for actor, _, count in rows if actor == by.id)
    for_account = sum(count for _, subject, count in rows if account is not None and subject == account.reference)
    if by_staff >= MOST_OF_STAFF or for_account >= MOST_FOR_ACCOUNT:
        raise TooMany(
            "Wrong facts were given too often today. Try again tomorrow, or ask the person to write to us.",
            retry_after=int(DAY.total_seconds()),
        )


def _receipt(text: str) -> ReceiptNumber:
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise Refusal("A receipt number looks like 2026-00417.")
    return ReceiptNumber(int(match[1]), int(match[2]))


def _amount(text: str, currency: str) -> Money:
    if not _CURRENCY.fullmatch(currency):
        raise Refusal("Choose the currency of the amount.")
    amount = parse_amount(text, currency)
    if amount.minor > MOST_MINOR:
        raise Refusal("Nobody gave us that much at once.")
    return amount


def _day(text: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise _no_day(text) from error
    # Nothing was paid earlier or later, and calendars end.
    if not 2000 <= found.year < 2200:
        raise _no_day(text)
    return found


def _no_day(text: str) -> Refusal:
    return Refusal("“%(text)s” is no day. Write it like 2026-11-22.", text=text[:20])


def _last4(text: str) -> str:
    if not _DIGITS.fullmatch(text):
        raise Refusal("The last digits of a card are four, like 4242.")
    return text
