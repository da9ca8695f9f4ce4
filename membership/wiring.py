"""Tables only: what goes upward or sideways between packages is listed here, in the order in which it runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint
from sqlalchemy.orm import Session

from membership.accounts import forgetting, letter
from membership.accounts import routes as accounts_routes
from membership.appeals import words as appeal_words
from membership.articles import feed, sections
from membership.articles import routes as articles_routes
from membership.clock import Clock
from membership.dashboard import routes as dashboard_routes
from membership.db import Database
from membership.mail.posting import posting
from membership.mail.transport import MailTransport
from membership.newsroom import routes as newsroom_routes
from membership.newsroom import words
from membership.outbox.periodic import Every
from membership.outbox.rows import Task, oldest_due_at
from membership.patrons import letters as patrons_letters
from membership.patrons import routes as patrons_routes
from membership.patrons import tiers
from membership.patrons.syncing import sync_invoice, sync_pledge_checkout, sync_subscription
from membership.payments import looks
from membership.payments import routes as payments_routes
from membership.payments.forgetting import forget_traces
from membership.payments.gateway import Gateway
from membership.payments.inbox import Rules, Sync, drain, oldest_waiting
from membership.payments.ledger import collect_movements, list_soon
from membership.payments.looks import Look
from membership.payments.mirror import Mirror
from membership.payments.notices import staff_notice
from membership.payments.payers import claim_payers
from membership.payments.syncing import sync_payment
from membership.settings import Settings
from membership.support import letters as support_letters
from membership.support import routes as support_routes
from membership.support import words as support_words
from membership.topics import ballot_routes, keeping, listing, own_ballot, staff_routes, traces
from membership.topics import letters as topic_letters
from membership.topics import routes as topics_routes
from membership.topics.roll import may_vote_now
from membership.web import health


@dataclass(frozen=True)
class Seams:
    """What a process works with: the database, and the three seams behind which the world lies."""

    settings: Settings
    database: Database
    clock: Clock
    mail: MailTransport
    gateway: Gateway

    @property
    def mirror(self) -> Mirror:
        return Mirror(self.database, self.gateway, self.clock, may_vote_now=MAY_VOTE_NOW)


Load = Callable[..., None]


def _list_the_account(seams: Seams) -> int:
    return collect_movements(seams.database, seams.gateway)


BLUEPRINTS: tuple[Blueprint, ...] = (
    newsroom_routes.blueprint,
    articles_routes.blueprint,
    feed.blueprint,
    accounts_routes.blueprint,
    topics_routes.blueprint,
    ballot_routes.blueprint,
    staff_routes.blueprint,
    payments_routes.blueprint,
    patrons_routes.blueprint,
    support_routes.blueprint,
    dashboard_routes.blueprint,
    health.blueprint,
)

# Which package reads which table of newsroom.toml: (session, table, now=).
LOADERS: Mapping[str, Load] = {
    "newsroom": words.load,
    "coffee": appeal_words.load_coffee,
    "appeal": appeal_words.load_appeal,
    "sections": sections.load,
    "tiers": tiers.load,
    "amounts": support_words.load_amounts,
    "other_ways": support_words.load_other_ways,
}

# What carries out which side effect. Each runs outside of any transaction.
TASKS: Mapping[str, Callable[[Seams, Task], object]] = {
    "sign_in": letter.send,
    "receipt": posting(support_letters.receipt),
    "welcome": posting(patrons_letters.welcome),
    "staff_notice": posting(staff_notice),
    "expire_checkout": lambda seams, task: seams.gateway.expire_checkout(task.payload["checkout"]),
    "movements": lambda seams, _task: _list_the_account(seams),
    "ballot_receipt": topic_letters.send_ballot_receipt,
    "round_results": topic_letters.send_round_results,
    "ballot_traces": traces.erase_traces,
}

# What brings an object of a kind up to date from Stripe: (mirror, its id, cause).
SYNCS: Mapping[str, Sync] = {
    "account": list_soon,
    "checkout": sync_pledge_checkout,
    "invoice": sync_invoice,
    "payment": sync_payment,
    "subscription": sync_subscription,
}

# Which event of Stripe's makes us look at what. What is not named here is stored and ignored.
LOOKS: Mapping[str, tuple[Look, ...]] = {
    "checkout.session.completed": (looks.itself("checkout"),),
    "checkout.session.async_payment_succeeded": (looks.itself("checkout"),),
    "checkout.session.async_payment_failed": (looks.itself("checkout"),),
    "checkout.session.expired": (looks.itself("checkout"),),
    "payment_intent.succeeded": (looks.itself("payment"),),
    "payment_intent.payment_failed": (looks.itself("payment"),),
    "payment_intent.canceled": (looks.itself("payment"),),
    "charge.succeeded": (looks.account, looks.its_payment),
    "charge.updated": (looks.account, looks.its_payment),
    "customer.subscription.created": (looks.itself("subscription"),),
    "customer.subscription.updated": (looks.itself("subscription"),),
    "customer.subscription.deleted": (looks.itself("subscription"),),
    "invoice.paid": (looks.itself("invoice"),),
    "invoice.payment_failed": (looks.itself("invoice"),),
    "invoice.upcoming": (looks.its_subscription,),
}

EVENTS = Rules(LOOKS, SYNCS)

# What comes round by the clock, and how often.
PERIODIC: Mapping[str, tuple[Every, Callable[[Seams], object]]] = {
    "forget sign-in requests": (Every(timedelta(hours=1)), forgetting.forget_requests),
    "forget traces of attempts": (Every(timedelta(hours=1)), forget_traces),
    "list the Stripe account": (
        Every(timedelta(minutes=15)),
        _list_the_account,
    ),
    "sweep rolls": (Every(timedelta(minutes=1)), keeping.sweep_rolls),
}

# What every worker looks at in each turn, before side effects and periodic tasks.
ROUNDS: tuple[Callable[[Seams], int], ...] = (
    lambda seams: drain(seams.mirror, EVENTS),
    keeping.keep_rounds,
)

# Since when the oldest thing waits that a worker should have done, for /readyz.
WAITS: Mapping[str, Callable[[Session], datetime | None]] = {
    "oldest_event_seconds": oldest_waiting,
    "oldest_side_effect_seconds": oldest_due_at,
}

# Told, in the caller's transaction, that somebody has signed in: (session, account, now=).
SIGNED_IN: tuple[Callable[..., object], ...] = (claim_payers,)

# Asked, in the caller's transaction, when an account comes to have the right to vote: (session, account_id, now=).
MAY_VOTE_NOW: tuple[Callable[..., object], ...] = (may_vote_now,)

# What the account page says of an open ballot: (session, account_id, now=).
BALLOT_OF: Callable[..., object] = own_ballot.ballot_of

# What the account page says of topics that an editor has not answered yet: (session, account_id).
PROPOSALS_OF: Callable[..., object] = listing.proposals_of

# What the layout of every page may use besides the newsroom's own words; each must be remembered, not queried.
LAYOUT: Mapping[str, Callable[[], Any]] = {
    "sections": sections.all_sections,
}

__all__ = [
    "BALLOT_OF",
    "BLUEPRINTS",
    "EVENTS",
    "LAYOUT",
    "LOADERS",
    "MAY_VOTE_NOW",
    "PERIODIC",
    "PROPOSALS_OF",
    "ROUNDS",
    "SIGNED_IN",
    "TASKS",
    "WAITS",
    "Seams",
]
