"""A refund that was wished is asked of Stripe, once, however often the asking fails."""

from datetime import timedelta
from typing import Protocol

import structlog
from sqlalchemy import select

from membership.db import transaction
from membership.outbox.rows import Task
from membership.payments.gateway import Gateway, GoneAtStripe, KeySpoiled, NotLetIn, StripeAway, StripeRefused
from membership.payments.mirror import Cause, Mirror
from membership.payments.models import Payment, Refund
from membership.payments.money_back import tell_of_money
from membership.payments.notices import notify_staff
from membership.payments.records import RefundOrder, RefundSeen
from membership.payments.refunds import sync_refund

# Clocks differ: a refund of ours is looked for from this long before we asked.
CLOCK_SKEW = timedelta(hours=1)
# Stripe forgets a key after a day (https://docs.stripe.com/api/idempotent_requests): the same call is then a new one.
KEYS_ARE_KEPT = timedelta(hours=23)

log = structlog.get_logger()


class WithMirror(Protocol):
    """What of the process's seams it takes to give money back."""

    @property
    def mirror(self) -> Mirror: ...


def send_refund(seams: WithMirror, task: Task) -> None:
    """Asks Stripe for a refund that was wished, and keeps what came of it.

    Raises `StripeAway`, and `NotLetIn` (the key is wrong, not the refund): to be tried again.
    """
    mirror, reference = seams.mirror, str(task.payload["refund"])
    order, asked_by = _order(mirror, reference)
    if order is None:
        return
    try:
        seen = _made(mirror, order)
    except NotLetIn:
        raise
    except (StripeRefused, GoneAtStripe) as error:
        _give_up(mirror, reference, str(error))
        return
    sync_refund(mirror, seen.id, Cause(asked_by, reference))


def _order(mirror: Mirror, reference: str) -> tuple[RefundOrder | None, str]:
    statement = (
        select(Refund, Payment.payment_intent)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Refund.reference == reference, Refund.state == "asked")
    )
    with mirror.database.session() as session:
        row = session.execute(statement).first()
    if row is None:
        return None, ""
    refund = row.Refund
    order = RefundOrder(reference, row.payment_intent, refund.amount, refund.reason, refund.created_at, refund.tries)
    return order, refund.asked_by_kind


def _made(mirror: Mirror, order: RefundOrder) -> RefundSeen:
    # A new key is a new call: what was done under the one before, perhaps after it had failed, stands in the list.
    if order.tries or mirror.clock.now() - order.asked_at > KEYS_ARE_KEPT:
        made = _made_all_the_same(mirror.gateway, order)
        if made is not None:
            return made
    try:
        return mirror.gateway.create_refund(order)
    except KeySpoiled as error:
        # Stripe keeps its failure under the key; what it did all the same stands in its list.
        made = _made_all_the_same(mirror.gateway, order)
        if made is None:
            _next_try(mirror, order.reference)
            raise StripeAway(str(error)) from error
        return made


def _made_all_the_same(gateway: Gateway, order: RefundOrder) -> RefundSeen | None:
    listed = gateway.refunds(order.asked_at - CLOCK_SKEW)
    return next((seen for seen in listed if seen.reference == order.reference), None)


def _next_try(mirror: Mirror, reference: str) -> None:
    with mirror.database.session() as session, transaction(session):
        refund = session.scalars(select(Refund).where(Refund.reference == reference).with_for_update()).one()
        refund.tries += 1


def _give_up(mirror: Mirror, reference: str, why: str) -> None:
    now = mirror.clock.now()
    with mirror.database.session() as session, transaction(session):
        paid_by = select(Payment).join(Refund, Refund.payment_id == Payment.id).where(Refund.reference == reference)
        payment = session.scalars(paid_by.with_for_update(of=Payment, key_share=True)).one()
        refund = session.scalars(select(Refund).where(Refund.reference == reference).with_for_update()).one()
        if refund.state != "asked":
            return
        refund.state, refund.failure, refund.settled_at = "failed", why, now
        notify_staff(session, "refund_failed", reference, now=now)
        # Who was to get it back has paid after all.
        tell_of_money(mirror, session, payment, now=now)
    log.error("refund.refused", refund=reference, why=why)
