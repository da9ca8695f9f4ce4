"""What we tell Stripe and what we learn from it, in frozen records of our own.

No object or dictionary of Stripe's passes this line. Statuses are Stripe's words and open: an unknown one is kept.
"""

from dataclasses import dataclass, field
from datetime import date, datetime

from membership.money import Money


@dataclass(frozen=True)
class Tags:
    """Our own marks on an object at Stripe: whose it is, and from which attempt it came."""

    site: str | None = None
    attempt: str | None = None


@dataclass(frozen=True)
class CheckoutOrder:
    """All that a Checkout session is made of. The same order under the same key gives the same session."""

    attempt: str
    site: str
    cadence: str
    amount: Money
    email: str | None
    language: str
    success_url: str
    cancel_url: str
    expires_at: datetime
    key: str


@dataclass(frozen=True)
class Checkout:
    """A Checkout session. `status`: open, complete, expired. `payment_status`: paid, unpaid, no_payment_required."""

    id: str
    url: str | None
    status: str
    payment_status: str
    tags: Tags
    intent: str | None
    subscription: str | None
    email: str | None
    name: str | None


@dataclass(frozen=True)
class Charge:
    """A try to take the money of an intent. `status`: succeeded, pending, failed; `failure`: the bank's reason."""

    id: str
    paid: bool
    created_at: datetime
    email: str | None
    name: str | None
    status: str = "succeeded"
    intent: str | None = None
    amount: Money | None = None
    tags: Tags = field(default_factory=Tags)
    failure: str | None = None


@dataclass(frozen=True)
class Intent:
    """A payment intent with its last charge. `invoice` is set if it pays a subscription's invoice."""

    id: str
    status: str
    amount: Money
    created_at: datetime
    tags: Tags
    customer: str | None
    charge: Charge | None
    invoice: str | None = None
    is_first_of_subscription: bool = False


@dataclass(frozen=True)
class Terms:
    """What a subscription takes from a moment on."""

    amount: Money
    interval: str
    since: datetime


@dataclass(frozen=True)
class Subscription:
    """The subscription behind a pledge. `interval`: month or year; `is_paused`: it stands, and takes nothing.

    `pause` is our word for the pause: skip, or pause. `moved_until`: when its trial ends, by which a charge is moved.
    `becomes`: what its schedule makes of it (a list does not tell). `card_expires`: the card's last day.
    """

    id: str
    status: str
    amount: Money
    interval: str
    started_at: datetime
    period_start_at: datetime
    period_end_at: datetime
    cancel_at: datetime | None
    ended_at: datetime | None
    tags: Tags
    customer: str
    email: str | None
    name: str | None
    card_brand: str | None
    card_last4: str | None
    latest_invoice: str | None
    is_paused: bool = False
    paused_until: datetime | None = None
    pause: str | None = None
    moved_until: datetime | None = None
    anchor_at: datetime | None = None
    schedule: str | None = None
    becomes: Terms | None = None
    card_expires: date | None = None


@dataclass(frozen=True)
class Invoice:
    """An invoice of a subscription, the intents that paid it, and those that were tried or are on their way.

    `tries`: how often its money was asked for, and `next_try_at` when Stripe asks again by itself (`None`: never).
    `hosted_url` is Stripe's own page for it, where whoever has the address can pay. `is_first`: the pledge begins
    with it, which makes it no renewal.
    """

    id: str
    status: str
    subscription: str | None
    tags: Tags
    period_start: datetime
    period_end: datetime
    amount_paid: Money
    intents: tuple[str, ...]
    open_intents: tuple[str, ...] = ()
    tries: int = 0
    next_try_at: datetime | None = None
    hosted_url: str | None = None
    is_first: bool = False


@dataclass(frozen=True)
class BalanceTransaction:
    """One line of the Stripe account, in the settled currency. `net` = `amount` - `fee`, as Stripe signs them."""

    id: str
    kind: str
    source: str | None
    amount: Money
    fee: Money
    created_at: datetime
    available_at: datetime


@dataclass(frozen=True)
class RefundOrder:
    """All that a refund is made of; `reference` is ours, and with it the call may be made again.

    `tries` counts the keys that Stripe keeps a failure of its own under.
    """

    reference: str
    intent: str
    amount: Money
    reason: str | None
    asked_at: datetime
    tries: int = 0

    @property
    def key(self) -> str:
        return f"refund:{self.reference}" + (f":{self.tries}" if self.tries else "")


@dataclass(frozen=True)
class RefundSeen:
    """A refund. `status`: pending, requires_action, succeeded, failed, canceled; `reference` if we asked for it."""

    id: str
    status: str
    amount: Money
    intent: str | None
    charge: str | None
    reason: str | None
    failure: str | None
    created_at: datetime
    reference: str | None


@dataclass(frozen=True)
class DisputeSeen:
    """A dispute. `status`: needs_response, under_review, won, lost, warning_…, prevented, or one not known yet."""

    id: str
    status: str
    amount: Money
    intent: str | None
    charge: str | None
    reason: str | None
    created_at: datetime
    due_at: datetime | None


@dataclass(frozen=True)
class PayoutSeen:
    """A payout. `status`: pending, in_transit, paid, failed, canceled; `transaction` is its own line's id."""

    id: str
    status: str
    amount: Money
    automatic: bool
    transaction: str | None
    failure: str | None
    created_at: datetime
    arrives_at: datetime


@dataclass(frozen=True)
class EventSeen:
    """An event as Stripe lists it; `body` is the text that a webhook would have brought."""

    id: str
    type: str
    object_id: str | None
    created_at: datetime
    livemode: bool
    api_version: str | None
    body: str
