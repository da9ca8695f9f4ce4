"""`python -m bench.million`: how long `ledger check` takes on a million movements and the rows they belong to."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from bench.mirroring import insert_all
from bench.newsroom import environ_of, named
from bench.processes import Failed
from membership.accounts.models import Account
from membership.db import Database, transaction
from membership.factory import create_app
from membership.patrons.models import Pledge, PledgePayment
from membership.payments.models import (
    Movement,
    Payer,
    Payment,
    PaymentSource,
    PaymentState,
    Receipt,
    ReceiptCounter,
    SyncCursor,
)
from membership.settings import from_environment
from tests.databases import create_postgresql, migrated, postgresql_server
from tests.fake_gateway import FakeGateway

MONTHS = 12
AMOUNT, FEE = 500, 33
BEGAN = datetime(2025, 1, 1, 12, tzinfo=UTC)
MONTH = timedelta(days=30)
MOST_SECONDS = 10

Row = dict[str, Any]


class Stripe(FakeGateway):
    """A Stripe that holds just what the ledger adds up to."""

    held = 0

    def balance(self) -> dict[str, int]:
        return {"EUR": self.held}


@click.command()
@click.option("--movements", default=1_000_000, show_default=True, help="Two for each payment.")
@click.option("--postgresql", is_flag=True)
def main(movements: int, *, postgresql: bool) -> None:
    """Fills the tables, then checks."""
    with (
        postgresql_server() if postgresql else nullcontext() as server_url,
        tempfile.TemporaryDirectory(prefix="membership-bench-") as temporary,
    ):
        folder = Path(temporary)
        url = migrated(create_postgresql(server_url) if server_url else f"sqlite:///{folder / 'membership.db'}")
        gateway = Stripe()
        gateway.held = movements // 2 * (AMOUNT - FEE)
        environ = environ_of(folder, url) | named(MODE="demo", STRIPE_API_BASE="http://127.0.0.1:1")
        app = create_app(from_environment(environ), gateway=gateway)
        begun = time.monotonic()
        _fill(app.extensions["database"], movements // 2)
        click.echo(f"{movements} movements written in {time.monotonic() - begun:.0f} s")
        with app.app_context():
            begun, busy = time.monotonic(), time.process_time()
            result = app.test_cli_runner().invoke(args=["ledger", "check"])
            seconds, busy_seconds = time.monotonic() - begun, time.process_time() - busy
        click.echo(
            f"{result.output.strip()}\nexit {result.exit_code} in {seconds:.1f} s ({busy_seconds:.1f} s on a core)"
        )
        app.extensions["database"].close()
    if result.exit_code or seconds > MOST_SECONDS:
        raise Failed(f"The check must say equal within {MOST_SECONDS} s.")


def _fill(database: Database, payments: int) -> None:
    patrons = -(-payments // MONTHS)
    with database.session() as session, transaction(session):
        insert_all(session, Account, map(_account, range(1, patrons + 1)))
        insert_all(session, Payer, map(_payer, range(1, patrons + 1)))
        insert_all(session, Pledge, map(_pledge, range(1, patrons + 1)))
        owners = [(number - 1) // MONTHS + 1 for number in range(1, payments + 1)]
        insert_all(session, Payment, (_payment(number, owner) for number, owner in enumerate(owners, 1)))
        insert_all(session, PaymentSource, ({"source_id": f"ch_{n}", "payment_id": n} for n in range(1, payments + 1)))
        insert_all(session, PaymentState, map(_state, range(1, payments + 1)))
        insert_all(session, Receipt, map(_receipt, range(1, payments + 1)))
        insert_all(session, ReceiptCounter, iter([{"year": 2025, "last": payments}]))
        insert_all(session, PledgePayment, (_period(number, owner) for number, owner in enumerate(owners, 1)))
        insert_all(session, Movement, _movements(payments))
        insert_all(session, SyncCursor, iter([{"name": "balance_transactions", "position": BEGAN}]))
    database.analyze()


def _account(number: int) -> Row:
    email = f"patron-{number}@example.org"
    known = {"id": number, "reference": f"account {number}", "email": email, "email_key": email}
    return known | {"language": "en", "link_version": 1, "created_at": BEGAN}


def _payer(number: int) -> Row:
    return {"id": number, "reference": f"payer {number}", "account_id": number, "created_at": BEGAN}


def _pledge(number: int) -> Row:
    return {
        "id": number,
        "reference": f"pledge {number}",
        "account_id": number,
        "payer_id": number,
        "subscription": f"sub_{number}",
        "cadence": "month",
        "amount_minor": AMOUNT,
        "currency": "EUR",
        "stripe_status": "active",
        "started_at": BEGAN,
        "period_end_at": BEGAN + MONTHS * MONTH,
        "live": True,
    }


def _at(number: int) -> datetime:
    return BEGAN + (number - 1) % MONTHS * MONTH


def _payment(number: int, owner: int) -> Row:
    return {
        "id": number,
        "reference": f"payment {number}",
        "payer_id": owner,
        "source": "stripe",
        "payment_intent": f"pi_{number}",
        "amount_minor": AMOUNT,
        "currency": "EUR",
        "state": "paid",
        "paid_at": _at(number),
        "created_at": _at(number),
    }


def _state(number: int) -> Row:
    return {"payment_id": number, "now": "paid", "at": _at(number), "cause_kind": "event"}


def _receipt(number: int) -> Row:
    return {"year": 2025, "number": number, "payment_id": number, "issued_at": _at(number)}


def _period(number: int, owner: int) -> Row:
    at = _at(number)
    return {"payment_id": number, "pledge_id": owner, "period_start": at, "period_end": at + MONTH}


def _movements(payments: int) -> Iterator[Row]:
    for number in range(1, payments + 1):
        at = _at(number)
        ids = {"transaction_id": f"txn_{number}", "source_id": f"ch_{number}"}
        common: Row = {"source": "stripe", "kind": "charge", "currency": "EUR", **ids}
        common |= {"occurred_at": at, "available_at": at}
        yield common | {"part": "gross", "amount_minor": AMOUNT}
        yield common | {"part": "fee", "amount_minor": -FEE}


if __name__ == "__main__":
    main()
