"""What stands written in a newsroom's database, in the words of the model of lives; and what may never stand there."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, select, text
from sqlalchemy.orm import Session

from membership.outbox.models import OutboxRow
from membership.patrons.who import standing_of
from membership.payments.balance_check import check_balance
from membership.payments.invariants import violations
from membership.wiring import INVARIANTS
from tests.money import World
from tests.storms.model_of_lives import View

# What has an hour to come together must have come: all has been delivered.
LATER = timedelta(hours=2)
ATTEMPTS = "SELECT amount_minor, cadence, state FROM attempts"
PAYMENTS = "SELECT amount_minor, state FROM payments"
REFUNDS = """
SELECT payments.amount_minor, refunds.amount_minor, refunds.state, refunds.stripe_refund IS NOT NULL
FROM refunds JOIN payments ON payments.id = refunds.payment_id
"""
DISPUTES = """
SELECT payments.amount_minor, disputes.amount_minor, disputes.state
FROM disputes JOIN payments ON payments.id = disputes.payment_id
"""
PLEDGES = "SELECT amount_minor, stripe_status, live, why, cancel_at IS NOT NULL AND ended_at IS NULL FROM pledges"
OWNERS = "SELECT DISTINCT accounts.email, accounts.id FROM accounts JOIN pledges ON pledges.account_id = accounts.id"
# What payers brought and got back; not what Stripe sends to the bank, or keeps each month.
GROSS = """
SELECT coalesce(sum(amount_minor), 0) FROM movements
WHERE part = 'gross' AND kind NOT LIKE 'payout%' AND kind <> 'stripe_fee'
"""
UNHEARD = "SELECT type, state, reason FROM stripe_events WHERE state IN ('waiting', 'dead')"


def view(newsroom: World) -> View:
    """Returns what the database says, in the model's words."""
    now = newsroom.clock.now()
    with newsroom.app.app_context(), newsroom.session() as session:

        def rows(sql: str) -> list[Any]:
            return [tuple(row) for row in session.execute(text(sql))]

        refunds, owners = rows(REFUNDS), owners_of(session)
        return {
            "attempts": Counter(rows(ATTEMPTS)),
            "payments": Counter(rows(PAYMENTS)),
            "refunds": Counter(row[:3] for row in refunds if row[3]),
            "refused": Counter(row[:3] for row in refunds if not row[3]),
            "disputes": Counter(rows(DISPUTES)),
            "pledges": Counter((*row[:2], bool(row[2]), row[3], bool(row[4])) for row in rows(PLEDGES)),
            "patrons": {email: standing_of(session, each, now=now).is_patron for email, each in owners.items()},
            "gross": rows(GROSS)[0][0],
            "receipts": rows("SELECT count(*) FROM receipts")[0][0],
        }


def owners_of(session: Session) -> Mapping[str, int]:
    """Returns the accounts that have a pledge, by their addresses."""
    return {row[0]: row[1] for row in session.execute(text(OWNERS))}


def troubles(newsroom: World) -> list[str]:
    """Lists what may never be, whatever was lived."""
    with newsroom.app.app_context():
        check = check_balance(newsroom.database, newsroom.app.extensions["gateway"])
        with newsroom.session() as session:
            found = [f"side effect: {tuple(row)}" for row in session.execute(_undone(newsroom.clock.now()))]
            found += [f"event: {tuple(row)}" for row in session.execute(text(UNHEARD))]
            late = newsroom.clock.now() + LATER
            found += [f"{each.name}: {each.references}" for each in violations(session, INVARIANTS, now=late)]
    if check.verdict != "equal":
        found.append(f"the ledger: {check}")
    keys = Counter(str(letter["Message-ID"]) for letter in newsroom.mail.sent)
    return found + [f"sent {times} times: {key}" for key, times in keys.items() if times > 1]


def _undone(now: datetime) -> Select[str, str | None]:
    """Asks for side effects that are due; letters about a failing card wait for their days."""
    due = (OutboxRow.done_at.is_(None), OutboxRow.due_at <= now, OutboxRow.kind != "movements")
    return select(OutboxRow.kind, OutboxRow.last_error).where(*due)
