"""What workers do once it is decided which pledge or payment goes on. Each may be done twice, and then does nothing."""

from contextlib import suppress
from typing import Protocol

from sqlalchemy import select

from membership.db import transaction
from membership.money import Money
from membership.outbox.rows import Task, enqueue
from membership.patrons.dropping import DROPPED, RULE
from membership.patrons.models import Pledge, PledgePayment
from membership.patrons.syncing import drop_second, sync_subscription
from membership.payments.gateway import GoneAtStripe
from membership.payments.mirror import Cause, Mirror
from membership.payments.models import Payment
from membership.payments.notices import notify_staff
from membership.payments.refunding import ask_refund, left_to_refund
from membership.payments.second_of_form import is_second
from membership.payments.states import KEPT

BY_RULE = Cause("rule")


class WithMirror(Protocol):
    """What of the process's seams it takes to change something at Stripe."""

    @property
    def mirror(self) -> Mirror: ...


def end_pledge(seams: WithMirror, task: Task) -> None:
    """Cancels a dropped pledge at Stripe, voids what it still asks for, and looks how it stands then."""
    mirror, gateway = seams.mirror, seams.mirror.gateway
    pledge = _pledge(mirror, task)
    if pledge is None or pledge.why != DROPPED:
        return
    # It may have ended before: what it asks for can be open all the same.
    with suppress(GoneAtStripe):
        gateway.cancel(pledge.subscription)
    for invoice in gateway.open_invoices(pledge.subscription):
        gateway.void_invoice(invoice.id)
    sync_subscription(mirror, pledge.subscription, BY_RULE)


def raise_pledge(seams: WithMirror, task: Task) -> None:
    """Sets what the next charges of a pledge take, and looks how it stands then.

    Nothing is raised that is not any more what its owner was shown: they may have changed it meanwhile.
    """
    mirror = seams.mirror
    pledge = _pledge(mirror, task)
    if pledge is None or pledge.ended_at is not None or pledge.amount.minor != task.payload["from_minor"]:
        return
    amount = Money(task.payload["amount_minor"], pledge.amount.currency)
    # It may have ended meanwhile; looking tells so.
    with suppress(GoneAtStripe):
        mirror.gateway.change_amount(pledge.subscription, amount)
    sync_subscription(mirror, pledge.subscription, BY_RULE)


def give_second_back(seams: WithMirror, task: Task) -> None:
    """Gives the later of two payments of one form back by rule, and ends the pledge that it began, if it did."""
    mirror = seams.mirror
    with mirror.database.session() as session, transaction(session):
        payment = session.scalars(select(Payment).where(Payment.reference == task.payload["payment"])).one()
        if not is_second(session, payment):
            return
        now = mirror.clock.now()
        # The account and its pledges before the payment, as everybody locks them.
        begun = select(Pledge).join(PledgePayment).where(PledgePayment.payment_id == payment.id)
        pledge = session.scalar(begun)
        if pledge is not None:
            drop_second(session, pledge, now=now)
        if payment.state not in (*KEPT, "refunded"):
            # A bank is asking for it: we cannot promise that it goes back.
            return
        left = left_to_refund(session, payment)
        if left.minor > 0:
            ask_refund(session, payment, left, reason="duplicate", note=None, asked_by=RULE, now=now)
        notify_staff(session, "superseded", payment.reference, now=now)
        enqueue(session, "second_given_back", payment.reference, {"payment": payment.reference}, now=now)


def _pledge(mirror: Mirror, task: Task) -> Pledge | None:
    with mirror.database.session() as session:
        return session.scalar(select(Pledge).where(Pledge.reference == task.payload["pledge"]))
