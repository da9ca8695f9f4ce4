"""Tables only: what goes upward or sideways between packages is listed here, in the order in which it runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint
from flask_babel import lazy_gettext as _
from sqlalchemy.orm import Session

from membership.accounts import (
    address_letters,
    address_routes,
    credit_routes,
    device_letters,
    device_routes,
    farewell,
    forgetting,
    letter,
    link_routes,
    lost_mailbox_letters,
    mail_routes,
    news,
    news_letters,
    passkey_letters,
    passkey_routes,
    privacy_routes,
)
from membership.accounts import routes as accounts_routes
from membership.accounts.address_changes import Follow
from membership.accounts.links import Purpose
from membership.accounts.lost_mailboxes import carry_move
from membership.accounts.mail_choices import Kind, Kinds
from membership.accounts.own_account import OWN_ACCOUNT
from membership.accounts.own_data import PersonalData
from membership.accounts.own_mail import OWN_MAIL
from membership.accounts.retention import apply_periods
from membership.appeals import words as appeal_words
from membership.articles import feed, of_topics, outcomes, sections
from membership.articles import routes as articles_routes
from membership.clock import Clock
from membership.dashboard import routes as dashboard_routes
from membership.db import Database
from membership.mail.posting import posting
from membership.mail.transport import MailTransport
from membership.newsroom import routes as newsroom_routes
from membership.newsroom import words
from membership.newsroom.danger import load_danger
from membership.outbox.periodic import Every
from membership.outbox.rows import Task, oldest_due_at
from membership.patrons import (
    ahead,
    change_routes,
    duplicate_letters,
    duplicate_pages,
    duplicates,
    ending,
    failing,
    failing_letters,
    grace_end,
    mailbox_routes,
    mend_pages,
    receipt_routes,
    stop_letter,
    stop_pages,
    tier_routes,
    tiers,
    withdraw_pages,
)
from membership.patrons import letters as patrons_letters
from membership.patrons import routes as patrons_routes
from membership.patrons.absences import renewals_missed
from membership.patrons.invariants import PLEDGES
from membership.patrons.own_pledges import OWN_PLEDGES
from membership.patrons.reconciling import INVOICES, SUBSCRIPTIONS
from membership.patrons.suspicious import list_suspicious_pairs, suspicious_letter
from membership.patrons.syncing import sync_invoice, sync_pledge_checkout, sync_subscription
from membership.patrons.withdrawal_offer import load_withdrawal
from membership.payments import letters as payments_letters
from membership.payments import looks, second_letter
from membership.payments import routes as payments_routes
from membership.payments.absences import (
    clock_is_behind,
    events_were_given_up,
    inbox_waits,
    no_events,
    no_payments,
    outbox_waits,
)
from membership.payments.alarm_letter import alarm_letter
from membership.payments.alarms import Question, Watch, keep_watch, open_alarms
from membership.payments.customer_address import change_customer_address, tell_stripe_of_account
from membership.payments.disputes import sync_dispute, warn_of_fraud
from membership.payments.erased import erase_customer, forget_customer, forget_events
from membership.payments.forgetting import forget_payloads, forget_traces
from membership.payments.gateway import Gateway
from membership.payments.inbox import Rules, Sync, drain, oldest_waiting
from membership.payments.invariants import Invariant, look_for_violations
from membership.payments.ledger import collect_movements, list_soon
from membership.payments.limits import SAYINGS as BRAKES
from membership.payments.looks import Look
from membership.payments.mirror import KEEPERS, Mirror
from membership.payments.notices import staff_notice
from membership.payments.own_payments import OWN_PAYMENTS
from membership.payments.payers import claim_payers, follow_address
from membership.payments.payouts import sync_payout
from membership.payments.reconciliation import lost_events
from membership.payments.reconciliation.account import LINES, PAYOUTS
from membership.payments.reconciliation.charges import CHARGES, ON_THEIR_WAY
from membership.payments.reconciliation.checkouts import CHECKOUTS
from membership.payments.reconciliation.money_back import DISPUTES, REFUNDS
from membership.payments.reconciliation.nightly import NIGHTLY, RUNS, WEEKLY, reconcile_beside
from membership.payments.reconciliation.surveying import Part
from membership.payments.refunds import sync_refund
from membership.payments.replaying import sync_source
from membership.payments.sending_refunds import send_refund
from membership.payments.sound_books import INBOX, LEDGER, PAPERS
from membership.payments.sound_payments import ATTEMPTS, PAYMENTS
from membership.payments.syncing import sync_payment
from membership.payments.webhook import FUTURE
from membership.periods import RETENTION
from membership.settings import Settings
from membership.support import (
    amount_change,
    danger_routes,
    help_letters,
    help_routes,
    mending,
    mending_letter,
    mending_pages,
    statement_routes,
    thanks_routes,
)
from membership.support import letters as support_letters
from membership.support import routes as support_routes
from membership.support import words as support_words
from membership.support.own_requests import OWN_REQUESTS
from membership.topics import (
    answer_letters,
    answering,
    ballot_routes,
    calling_off,
    danger,
    keeping,
    listing,
    own_ballot,
    own_topics,
    promise_desk,
    promise_routes,
    reminding,
    result_routes,
    round_notices,
    rounds_feed,
    staff_round_acts,
    staff_round_rehearsal,
    staff_round_routes,
    staff_routes,
    stage_news,
    stage_telling,
    stages,
    topic_routes,
    traces,
    vote_routes,
)
from membership.topics import letters as topic_letters
from membership.topics import routes as topics_routes
from membership.topics.barring import follow_money
from membership.topics.own_votes import OWN_VOTES
from membership.topics.roll import join_by_signing_in, may_vote_now
from membership.topics.words import load_topics
from membership.web import health


@dataclass(frozen=True)
class Seams:
    """What a process works with: the database, and the three seams behind which the world lies.

    `keepers`: so many threads keep what came from Stripe.
    """

    settings: Settings
    database: Database
    clock: Clock
    mail: MailTransport
    gateway: Gateway
    keepers: int = KEEPERS

    @property
    def mirror(self) -> Mirror:
        return Mirror(
            self.database,
            self.gateway,
            self.clock,
            may_vote_now=MAY_VOTE_NOW,
            money_went_back=MONEY_WENT_BACK,
            keepers=self.keepers,
        )


Load = Callable[..., None]


def _list_the_account(seams: Seams) -> int:
    return collect_movements(seams.database, seams.gateway)


BLUEPRINTS: tuple[Blueprint, ...] = (
    newsroom_routes.blueprint,
    articles_routes.blueprint,
    feed.blueprint,
    accounts_routes.blueprint,
    device_routes.blueprint,
    address_routes.blueprint,
    passkey_routes.blueprint,
    link_routes.blueprint,
    privacy_routes.blueprint,
    mail_routes.blueprint,
    credit_routes.blueprint,
    topics_routes.blueprint,
    topic_routes.blueprint,
    own_topics.blueprint,
    ballot_routes.blueprint,
    vote_routes.blueprint,
    result_routes.blueprint,
    staff_routes.blueprint,
    promise_routes.blueprint,
    promise_desk.blueprint,
    rounds_feed.blueprint,
    staff_round_routes.blueprint,
    staff_round_acts.blueprint,
    staff_round_rehearsal.blueprint,
    payments_routes.blueprint,
    patrons_routes.blueprint,
    receipt_routes.blueprint,
    tier_routes.blueprint,
    mailbox_routes.blueprint,
    change_routes.blueprint,
    amount_change.blueprint,
    support_routes.blueprint,
    danger_routes.blueprint,
    thanks_routes.blueprint,
    help_routes.blueprint,
    statement_routes.blueprint,
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
    "danger": load_danger,
    "withdrawal": load_withdrawal,
    "topics": load_topics,
}

# What one may be told by letter, at most once a week, and may choose: the name of the choice, and how it is written.
NEWS: Kinds = {
    answer_letters.ANSWERS: Kind(
        _("Answers to your proposals"),
        _("What an editor says to a topic that you proposed."),
        answer_letters.answer_told,
    ),
    topic_letters.RESULTS: Kind(
        _("Results of rounds"),
        _("What was chosen in a round in which you voted."),
        topic_letters.results_told,
    ),
    reminding.REMINDERS: Kind(
        _("Reminders of rounds"),
        _("Two days before a round closes, if you may vote in it and have not. Nobody gets this unasked."),
        reminding.reminder_told,
        is_asked_for=True,
    ),
    stage_telling.OUTCOMES: Kind(
        _("What became of what was chosen"),
        _("Each step of a topic that a round chose in which you voted."),
        stage_news.outcome_told,
    ),
    stage_telling.FOLLOWED: Kind(
        _("Topics you follow"),
        _("Each step of a topic that you follow."),
        stage_news.followed_told,
    ),
}

# What carries out which side effect. Each runs outside of any transaction.
TASKS: Mapping[str, Callable[[Seams, Task], object]] = {
    "sign_in": letter.send,
    "new_device": posting(device_letters.new_device),
    "passkey_added": posting(passkey_letters.passkey_added),
    "address_old": posting(address_letters.to_the_old),
    "address_new": posting(address_letters.to_the_new),
    "address_moved": posting(address_letters.moved),
    "customer_address": change_customer_address,
    mending.LETTER: posting(mending_letter.is_it_yours),
    # Carried out, its payload is erased: that is the forgetting.
    mending.WISH: lambda _seams, _task: None,
    "farewell": posting(farewell.farewell),
    "mailbox_lost": posting(lost_mailbox_letters.mailbox_lost),
    "mailbox_move": lambda seams, task: carry_move(seams, task, ADDRESS_MOVED),
    "mailbox_stays": posting(lost_mailbox_letters.mailbox_stays),
    "receipt": posting(support_letters.receipt),
    "help": posting(help_letters.help_letter),
    "welcome": posting(patrons_letters.welcome),
    "staff_notice": posting(staff_notice),
    "alarm": posting(alarm_letter),
    "suspicious_pairs": posting(suspicious_letter),
    "refund": send_refund,
    "credit_note": posting(payments_letters.refund_on_its_way),
    "duplicate_choice": posting(duplicate_letters.which_was_meant),
    "duplicate_settled": posting(duplicate_letters.what_became),
    "yearly_charge": posting(ahead.yearly_charge),
    "card_expires": posting(ahead.card_expires),
    "failed_renewal": failing_letters.send_failed_renewal,
    "end_of_grace": grace_end.end_of_grace,
    "pledge_ended": posting(failing_letters.pledge_ended_letter),
    "stopped": posting(stop_letter.stopped),
    "end_pledge": ending.end_pledge,
    "raise_pledge": ending.raise_pledge,
    "second_payment": ending.give_second_back,
    "second_given_back": posting(second_letter.second_given_back),
    "expire_checkout": lambda seams, task: seams.gateway.expire_checkout(task.payload["checkout"]),
    "erase_customer": erase_customer,
    "forget_events": forget_events,
    "movements": lambda seams, _task: _list_the_account(seams),
    "ballot_receipt": topic_letters.send_ballot_receipt,
    answering.TELL_PROPOSER: answer_letters.tell_proposer,
    reminding.REMIND_ALL: reminding.remind_all,
    stages.RESULTS_TOLD: stage_telling.tell_round_results,
    stages.STAGE_TOLD: stage_telling.tell_those_concerned,
    news.LETTER: lambda seams, task: news_letters.send_news(seams, task, NEWS),
    danger.TOPIC_ENDANGERED: round_notices.tell_roll,
    calling_off.ROUND_CALLED_OFF: round_notices.tell_roll,
    round_notices.NOTICE: posting(round_notices.notice),
    "ballot_traces": traces.erase_traces,
}

# What brings an object of a kind up to date from Stripe: (mirror, its id, cause).
SYNCS: Mapping[str, Sync] = {
    "account": list_soon,
    "checkout": sync_pledge_checkout,
    "customer": forget_customer,
    "dispute": sync_dispute,
    "fraud_warning": warn_of_fraud,
    "invoice": sync_invoice,
    "payment": sync_payment,
    "payout": sync_payout,
    "refund": sync_refund,
    "source": sync_source,
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
    "charge.failed": (looks.its_payment,),
    "charge.refunded": (looks.account, looks.its_payment),
    "refund.created": (looks.account, looks.itself("refund")),
    "refund.updated": (looks.account, looks.itself("refund")),
    "refund.failed": (looks.account, looks.itself("refund")),
    "charge.dispute.created": (looks.itself("dispute"),),
    "charge.dispute.updated": (looks.itself("dispute"),),
    "charge.dispute.closed": (looks.itself("dispute"),),
    "charge.dispute.funds_withdrawn": (looks.account, looks.itself("dispute")),
    "charge.dispute.funds_reinstated": (looks.account, looks.itself("dispute")),
    "radar.early_fraud_warning.created": (looks.its_suspected_payment,),
    "payout.created": (looks.account, looks.itself("payout")),
    "payout.updated": (looks.itself("payout"),),
    "payout.reconciliation_completed": (looks.itself("payout"),),
    "payout.paid": (looks.account, looks.itself("payout")),
    "payout.failed": (looks.account, looks.itself("payout")),
    "payout.canceled": (looks.account, looks.itself("payout")),
    "balance.available": (looks.account,),
    "customer.deleted": (looks.itself("customer"),),
    "customer.subscription.created": (looks.itself("subscription"),),
    "customer.subscription.updated": (looks.itself("subscription"),),
    "customer.subscription.deleted": (looks.itself("subscription"),),
    "invoice.paid": (looks.itself("invoice"),),
    "invoice.payment_failed": (looks.itself("invoice"),),
    "invoice.payment_action_required": (looks.itself("invoice"),),
    "invoice.voided": (looks.itself("invoice"),),
    "invoice.upcoming": (looks.its_subscription,),
}

EVENTS = Rules(LOOKS, SYNCS)

# What is compared with Stripe, list by list: charges before what is counted under their payments, lines last.
RECONCILED: tuple[Part[Any], ...] = (
    CHECKOUTS,
    CHARGES,
    ON_THEIR_WAY,
    SUBSCRIPTIONS,
    INVOICES,
    REFUNDS,
    DISPUTES,
    PAYOUTS,
    LINES,
    lost_events.part(LOOKS),
)

# What must always be true of the rows: asked every night, and by `ledger check`.
INVARIANTS: tuple[Invariant, ...] = (*ATTEMPTS, *PAYMENTS, *PAPERS, *LEDGER, *INBOX, *PLEDGES)

# What operators are told of, by cause: (session, now=) says in a sentence what is wrong, or `None`.
ALARMS: Mapping[str, Question] = {
    "no_events": no_events,
    "no_payments": no_payments,
    "renewals_missed": renewals_missed,
    "clock_behind": clock_is_behind,
    "inbox_waits": inbox_waits,
    "events_given_up": events_were_given_up,
    "outbox_waits": outbox_waits,
}

# Alarms that whoever meets the cause raises in passing, and after how long without it each is over.
PASSING: Mapping[str, timedelta] = {
    FUTURE: timedelta(hours=1),
    **dict.fromkeys(BRAKES, timedelta(hours=2)),
}

WATCH = Watch("watch for alarms", timedelta(minutes=5), ALARMS, PASSING)

# What stands here about a person, told and erased package by package, from the ground up.
PERSONAL_DATA: tuple[PersonalData, ...] = (OWN_ACCOUNT, OWN_MAIL, OWN_PAYMENTS, OWN_PLEDGES, OWN_VOTES, OWN_REQUESTS)

# What comes round by the clock, and how often.
PERIODIC: Mapping[str, tuple[Every, Callable[[Seams], object]]] = {
    "forget sign-in requests": (Every(timedelta(hours=1)), forgetting.forget_requests),
    "forget traces of attempts": (Every(timedelta(hours=1)), forget_traces),
    "forget the text of old events": (Every(timedelta(days=1)), forget_payloads),
    "keep the periods": (
        Every(timedelta(days=1), after=timedelta(hours=1, minutes=30)),
        lambda seams: apply_periods(seams, RETENTION),
    ),
    "list the Stripe account": (
        Every(timedelta(minutes=15)),
        _list_the_account,
    ),
    "look ahead at charges and cards": (Every(timedelta(days=1), after=timedelta(hours=9)), ahead.look_ahead),
    "settle second pledges": (Every(timedelta(hours=1)), duplicates.settle_by_the_clock),
    NIGHTLY: (
        RUNS[NIGHTLY],
        lambda seams: reconcile_beside(seams.mirror, RECONCILED, SYNCS, full=False),
    ),
    WEEKLY: (
        RUNS[WEEKLY],
        lambda seams: reconcile_beside(seams.mirror, RECONCILED, SYNCS, full=True),
    ),
    "sweep rolls": (Every(timedelta(minutes=1)), keeping.sweep_rolls),
    "remind of rounds": (Every(timedelta(minutes=10)), reminding.plan_reminders),
    "publish topics of articles": (Every(timedelta(minutes=1)), outcomes.publish_due),
    WATCH.name: (Every(WATCH.every), lambda seams: keep_watch(seams, WATCH)),
    "list suspicious pairs": (Every(timedelta(days=1), after=timedelta(hours=4)), list_suspicious_pairs),
    "ask the invariants": (
        Every(timedelta(days=1), after=timedelta(hours=3, minutes=30)),
        lambda seams: look_for_violations(seams, INVARIANTS),
    ),
}

# What the links of letters are for; each name is a part of their address.
LINKS: Mapping[str, Purpose] = {
    duplicate_letters.DUPLICATE: duplicate_pages.LINK,
    "receipt": receipt_routes.RECEIPT_LINK,
    failing.MEND: mend_pages.LINK,
    failing.STOP: stop_pages.LINK,
    withdraw_pages.WITHDRAW: withdraw_pages.LINK,
    device_letters.EVERYWHERE: device_letters.SIGN_OUT_LINK,
    address_letters.OLD: address_routes.OLD_LINK,
    address_letters.NEW: address_routes.NEW_LINK,
    mending_letter.MEND_ADDRESS: mending_pages.LINK,
    lost_mailbox_letters.REFUSE: lost_mailbox_letters.REFUSAL_LINK,
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

# What else an operator reads in /readyz: (session).
TOLD: Mapping[str, Callable[[Session], object]] = {
    "alarms": open_alarms,
}

# Told, in the caller's transaction, that somebody has signed in: (session, account, now=).
SIGNED_IN: tuple[Callable[..., object], ...] = (claim_payers, join_by_signing_in)

# Told, in the caller's transaction, that an account has another address now: (session, account, its old key, now=).
ADDRESS_MOVED: tuple[Follow, ...] = (follow_address, tell_stripe_of_account)

# Asked, in the caller's transaction, when an account comes to have the right to vote: (session, account_id, now=).
MAY_VOTE_NOW: tuple[Callable[..., object], ...] = (may_vote_now,)

# Told, in the caller's transaction, that a payment went back, and why, or that it came again: (session, id, why, now=).
MONEY_WENT_BACK: tuple[Callable[..., object], ...] = (follow_money,)

# What the account page says of an open ballot: (session, account_id, now=).
BALLOT_OF: Callable[..., object] = own_ballot.ballot_of

# What the account page says of topics that an editor has not answered yet: (session, account_id).
PROPOSALS_OF: Callable[..., object] = listing.proposals_of

# What a yearly statement says of articles: (session, slugs of topics, now=).
ARTICLES_OF: Callable[..., Any] = of_topics.articles_of

# What the layout of every page may use besides the newsroom's own words; each must be remembered, not queried.
LAYOUT: Mapping[str, Callable[[], Any]] = {
    "sections": sections.all_sections,
}

__all__ = [
    "ADDRESS_MOVED",
    "ALARMS",
    "ARTICLES_OF",
    "BALLOT_OF",
    "BLUEPRINTS",
    "EVENTS",
    "INVARIANTS",
    "LAYOUT",
    "LINKS",
    "LOADERS",
    "MAY_VOTE_NOW",
    "MONEY_WENT_BACK",
    "NEWS",
    "PERIODIC",
    "PERSONAL_DATA",
    "PROPOSALS_OF",
    "RECONCILED",
    "ROUNDS",
    "SIGNED_IN",
    "TASKS",
    "TOLD",
    "WAITS",
    "Seams",
]
