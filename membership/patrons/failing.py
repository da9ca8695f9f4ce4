"""A renewal that could not be charged: kept from its invoice, with the letters and the end that follow from it."""

from datetime import datetime, timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from membership.db import insert_ignore, locked
from membership.outbox.rows import enqueue
from membership.patrons.models import FailedRenewal, Pledge, PledgeChange
from membership.patrons.pledges import GRACE
from membership.payments.models import Payment
from membership.payments.records import Invoice

# Names of the links in our letters: one mends what failed, the other stops the pledge.
MEND, STOP = "mend", "stop"

# On which days of the grace we write.
LETTER_DAYS = (0, 3, 7, 13)

EXPIRED, INSUFFICIENT, AUTHENTICATION, LOST, PROCESSOR, OTHER = (
    "expired",
    "insufficient",
    "authentication",
    "lost",
    "processor",
    "other",
)
# Stripe's and the banks' words (https://docs.stripe.com/declines/codes), open: what is not named here is `other`.
KINDS = {
    "expired_card": EXPIRED,
    "insufficient_funds": INSUFFICIENT,
    "card_velocity_exceeded": INSUFFICIENT,
    "withdrawal_count_limit_exceeded": INSUFFICIENT,
    "authentication_required": AUTHENTICATION,
    "payment_intent_authentication_failure": AUTHENTICATION,
    "authentication_not_handled": AUTHENTICATION,
    "lost_card": LOST,
    "stolen_card": LOST,
    "pickup_card": LOST,
    "processing_error": PROCESSOR,
    "issuer_not_available": PROCESSOR,
    "reenter_transaction": PROCESSOR,
    "try_again_later": PROCESSOR,
}


def keep_failure(session: Session, pledge: Pledge, invoice: Invoice, *, now: datetime) -> None:
    """Keeps that a renewal failed, or that it is over; the first failure sets out the letters and the end."""
    failed = failed_renewal(session, invoice.id)
    if failed is not None and failed.over_at is not None:
        return
    if invoice.status != "open":
        if failed is not None:
            failed.over_at, failed.outcome = now, "paid" if invoice.status == "paid" else "void"
        return
    if failed is None:
        failed = _first_failure(session, pledge, invoice, now=now)
    if failed is not None:
        cause, failed_at = _last_try(session, invoice)
        failed.cause, failed.failed_at = cause, failed_at or failed.failed_at
        failed.next_try_at = invoice.next_try_at


def failed_renewal(session: Session, invoice_id: str) -> FailedRenewal | None:
    """Returns what was kept of an invoice that failed, locked."""
    found = session.scalar(select(FailedRenewal.id).where(FailedRenewal.invoice == invoice_id))
    return None if found is None else locked(session, FailedRenewal, found)


def open_failure(session: Session, pledge_id: int) -> FailedRenewal | None:
    """Returns the renewal of a pledge that failed and is not over, the newest; `None`: nothing is to be mended."""
    theirs = (FailedRenewal.pledge_id == pledge_id, FailedRenewal.over_at.is_(None))
    return session.scalars(select(FailedRenewal).where(*theirs).order_by(FailedRenewal.id.desc()).limit(1)).first()


def kind_of(failed: FailedRenewal) -> str:
    """Says why a renewal failed: expired, insufficient, authentication, lost, processor or other."""
    return KINDS.get(failed.cause or "", OTHER)


def is_silent(failed: FailedRenewal) -> bool:
    """Says whether letters rest: its owner has acted since the last try, or it failed by no doing of theirs."""
    has_acted = failed.acted_at is not None and failed.acted_at >= failed.failed_at
    return has_acted or failed.over_at is not None or kind_of(failed) == PROCESSOR


def has_new_card(session: Session, failed: FailedRenewal) -> bool:
    """Says whether the pledge has got another card since the bank last said no."""
    change = (
        PledgeChange.pledge_id == failed.pledge_id,
        PledgeChange.what == "card",
        PledgeChange.at > failed.failed_at,
    )
    return bool(session.scalar(select(exists().where(*change))))


def comes_again(failed: FailedRenewal) -> bool:
    """Says whether the bank is asked again by itself before the grace is over."""
    return failed.next_try_at is not None and failed.next_try_at < failed.ends_at


def is_overtaken(failed: FailedRenewal, day: int, *, now: datetime) -> bool:
    """Says whether the letter of this day is so late that a later one, or the end, is due already."""
    next_day = next((each for each in LETTER_DAYS if each > day), GRACE.days)
    return now >= failed.ends_at - GRACE + timedelta(days=next_day)


def note_act(session: Session, pledge: Pledge, *, now: datetime) -> None:
    """Keeps that the owner of a pledge has set out to mend it."""
    failed = open_failure(session, pledge.id)
    held = None if failed is None else locked(session, FailedRenewal, failed.id)
    if held is not None and held.over_at is None:
        held.acted_at = now


def _first_failure(session: Session, pledge: Pledge, invoice: Invoice, *, now: datetime) -> FailedRenewal | None:
    was_ended = pledge.why == "ended" and pledge.ended_at is not None
    # A first payment that fails is no renewal: its owner stands at the form, or is told by their bank.
    if invoice.tries == 0 or invoice.is_first or not (pledge.live or was_ended):
        return None
    # Ended at Stripe before we heard that it failed: what it still asks for is voided at once.
    ends_at = now if was_ended else _end_of_grace(pledge, invoice)
    insert_ignore(
        session,
        FailedRenewal,
        invoice=invoice.id,
        pledge_id=pledge.id,
        failed_at=now,
        ends_at=ends_at,
    )
    for day, due_at in _letters(ends_at, now=now):
        enqueue(
            session,
            "failed_renewal",
            f"{invoice.id}:{day}",
            {"invoice": invoice.id, "day": day},
            due_at=due_at,
            now=now,
        )
    enqueue(session, "end_of_grace", invoice.id, {"invoice": invoice.id}, due_at=max(ends_at, now), now=now)
    return failed_renewal(session, invoice.id)


def _end_of_grace(pledge: Pledge, invoice: Invoice) -> datetime:
    # A grace that ended before this period began was another renewal's, and nobody has told us yet how that went out.
    known = pledge.grace_until
    return known if known is not None and known > invoice.period_start else invoice.period_start + GRACE


def _letters(ends_at: datetime, *, now: datetime) -> list[tuple[int, datetime]]:
    """Lists the days on which a letter is to go out, and when; of those that are over, the last goes out now."""
    if ends_at <= now:
        return []
    due = [(day, ends_at - GRACE + timedelta(days=day)) for day in LETTER_DAYS]
    over = [(day, now) for day, due_at in due if due_at <= now]
    return over[-1:] + [(day, due_at) for day, due_at in due if due_at > now]


def _last_try(session: Session, invoice: Invoice) -> tuple[str | None, datetime | None]:
    tried = (Payment.payment_intent.in_(invoice.open_intents), Payment.failed_at.is_not(None))
    newest = select(Payment.failure, Payment.failed_at).where(*tried).order_by(Payment.failed_at.desc()).limit(1)
    row = session.execute(newest).first()
    return (row.failure, row.failed_at) if row else (None, None)
