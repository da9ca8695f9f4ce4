"""The ledger against the sandbox's own balance, and what accountants get of it."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import chain, islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import Result
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from membership.db import transaction
from membership.money import Money
from membership.outbox.periodic import EPOCH
from membership.payments import ledger, ledger_commands
from membership.payments.balance_check import check_balance
from membership.payments.export import COLUMNS
from membership.payments.gateway import StripeAway
from membership.payments.ledger import collect_movements, read_back_to
from membership.payments.mirror import Cause
from membership.payments.models import Movement, Payer, Payment, PaymentSource
from membership.payments.period_export import PERIOD_COLUMNS, Period
from membership.payments.receipts import issue
from membership.payments.records import BalanceTransaction
from membership.payments.states import move
from membership.payments.stripe_gateway.gateway import StripeGateway
from tests.behaviours.acts import console
from tests.money import DECLINED, World

KYIV = ZoneInfo("Europe/Kyiv")


def some_money(newsroom: World) -> None:
    newsroom.give_and_pay(newsroom.browser(), amount="10")
    newsroom.give_and_pay(newsroom.browser(), currency="UAH", amount="400")
    newsroom.pay(newsroom.give(newsroom.browser(), amount="25").location, DECLINED)
    newsroom.give(newsroom.browser(), amount="50")
    newsroom.settle()
    newsroom.collect()


def test_the_ledger_equals_stripes_balance_in_each_currency(newsroom: World) -> None:
    some_money(newsroom)
    with newsroom.app.app_context():
        check = check_balance(newsroom.database, newsroom.app.extensions["gateway"])
    assert check.verdict == "equal"
    assert all(ours == theirs for _, ours, theirs in check.lines)


def test_a_missing_line_is_found(newsroom: World) -> None:
    some_money(newsroom)
    with newsroom.session() as session, transaction(session):
        session.add(_invented(session.scalars(select(Movement)).first()))
    with newsroom.app.app_context():
        assert check_balance(newsroom.database, newsroom.app.extensions["gateway"]).verdict == "differs"
        result = newsroom.app.test_cli_runner().invoke(args=["ledger", "check"])
    assert result.exit_code == 1
    assert "difference 0.01" in result.output


class Breaking(StripeGateway):
    """A gateway whose list of lines breaks off after so many."""

    after = 12

    def balance_transactions(
        self, since: datetime | None, until: datetime | None = None
    ) -> Iterator[BalanceTransaction]:
        yield from islice(super().balance_transactions(since, until), self.after)
        raise StripeAway("it hangs")


def with_a_past(newsroom: World) -> None:
    given = {"email": "donor@example.org", "amount_minor": 700, "currency": "eur"}
    donations = [{**given, "days_ago": days} for days in range(1, 21)]
    console(newsroom, "seed", {"donations": donations})


def test_an_account_with_a_past_is_read_back_from_where_it_was_left_until_all_is_here(
    newsroom: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_a_past(newsroom)
    with monkeypatch.context() as patch:
        patch.setattr(ledger_commands, "check_balance", partial(check_balance, most_back=8))
        result = command(newsroom, "check")
    assert (result.exit_code, bool(re.search(r"incomplete before 20\d\d-\d\d-\d\d", result.output))) == (3, True)
    with newsroom.app.app_context():
        gateway = newsroom.app.extensions["gateway"]
        first = check_balance(newsroom.database, gateway, most_back=8)
        assert (first.verdict, first.incomplete_before is not None) == ("incomplete", True)
        second = check_balance(newsroom.database, gateway, most_back=8)
        assert (second.incomplete_before or EPOCH) < (first.incomplete_before or EPOCH)
        assert check_balance(newsroom.database, gateway).verdict == "equal"
        assert check_balance(newsroom.database, gateway).verdict == "equal"


def test_what_was_read_back_before_stripe_was_away_is_not_read_again(
    newsroom: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_a_past(newsroom)
    monkeypatch.setattr(ledger, "BATCH", 5)
    url = newsroom.app.extensions["settings"].stripe_api_base
    breaking = Breaking("sk_test_invented", url)
    with pytest.raises(StripeAway):
        collect_movements(newsroom.database, breaking)
    with newsroom.session() as session:
        kept, back_to = len(session.scalars(select(Movement.id)).all()), read_back_to(session)
    assert (kept >= 10, back_to is not None) == (True, True)
    assert newsroom.collect() > 0
    with newsroom.app.app_context():
        assert check_balance(newsroom.database, newsroom.app.extensions["gateway"]).verdict == "equal"


def test_the_check_says_when_stripe_is_not_settled_yet_or_away(
    newsroom: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    some_money(newsroom)
    moving = iter(range(100))
    monkeypatch.setattr(newsroom.app.extensions["gateway"], "balance", lambda: {"EUR": next(moving)})
    result = command(newsroom, "check")
    assert (result.exit_code, result.output.splitlines()[-1]) == (2, "not settled yet")

    def away() -> None:
        raise StripeAway("it hangs")

    monkeypatch.setattr(newsroom.app.extensions["gateway"], "balance", away)
    assert command(newsroom, "check").exit_code == 5


def test_equal_books_in_which_something_is_not_true_are_not_well(newsroom: World) -> None:
    some_money(newsroom)
    assert command(newsroom, "check").exit_code == 0
    with newsroom.session() as session, transaction(session):
        session.execute(text("UPDATE payments SET paid_at = NULL"))
    result = command(newsroom, "check")
    assert result.exit_code == 4
    assert "Not so: " in result.output


def test_money_by_bank_paypal_and_in_cash_stands_beside_the_equation_and_in_the_exports(newsroom: World) -> None:
    some_money(newsroom)
    for source in ("bank", "paypal", "cash"):
        by_hand(newsroom, source)
    check = command(newsroom, "check")
    assert check.exit_code == 0, check.output
    rows = [row for row in json.loads(command(newsroom, "export").output) if row["source"] != "stripe"]
    assert {(row["source"], row["gross_minor"], row["fee_minor"], row["net_minor"]) for row in rows} == {
        (source, 5000, 0, 5000) for source in ("bank", "paypal", "cash")
    }
    closing = json.loads(command(newsroom, "export", "--from", "2026-01-01").output)["closing"]
    assert {each["source"]: each["amount_minor"] for each in closing if each["source"] != "stripe"} == dict.fromkeys(
        ("bank", "paypal", "cash"), 5000
    )


def by_hand(newsroom: World, source: str) -> None:
    """Keeps €50 that came in otherwise, as the page for it will."""
    amount, now = Money(5000, "EUR"), newsroom.clock.now()
    with newsroom.session() as session, transaction(session):
        payer = Payer(reference=source, name="A reader", created_at=now)
        session.add(payer)
        session.flush()
        payment = Payment(reference=source, payer_id=payer.id, source=source, amount=amount, created_at=now)
        move(session, payment, "paid", Cause("staff"), now=now)
        payment.paid_at = now
        issue(session, payment, payer, addressee=payer.name, of_pledge=False, zone=KYIV, now=now)
        session.add(PaymentSource(source_id=f"{source}_1", payment_id=payment.id))
        line = {"source": source, "transaction_id": f"{source}_1", "part": "gross", "kind": "payment"}
        moments = {"occurred_at": now, "available_at": now}
        session.add(Movement(**line, **moments, source_id=f"{source}_1", amount=amount))


def test_a_period_is_exported_with_its_balances_its_refunds_and_its_papers(newsroom: World) -> None:
    some_money(newsroom)
    charge = newsroom.api.v1.charges.list().data[-1]
    newsroom.api.v1.refunds.create({"charge": charge.id, "amount": 300})
    newsroom.settle()
    newsroom.collect()
    today = newsroom.clock.now().astimezone(KYIV).date()
    found = json.loads(command(newsroom, "export", "--from", f"{today}", "--to", f"{today}").output)
    assert (found["time_zone"], found["opening"], len(found["payments"])) == ("Europe/Kyiv", [], 2)
    assert sums_of(found["opening"], found["movements"]) == sums_of(found["closing"])
    assert [(each["amount_minor"], each["state"], each["asked_by"]) for each in found["refunds"]] == [
        (300, "succeeded", "stripe")
    ]
    assert [each["number"] for each in found["credit_notes"]] == [each["credit_note"] for each in found["refunds"]]
    assert all(each["receipt"].startswith("20") for each in found["payments"])
    later = json.loads(command(newsroom, "export", "--from", f"{today + timedelta(days=1)}").output)
    assert (later["opening"], later["movements"], later["payments"]) == (found["closing"], [], [])


def sums_of(*tables: list[dict[str, Any]]) -> dict[tuple[str, str], int]:
    total: Counter[tuple[str, str]] = Counter()
    for each in chain(*tables):
        total[each["source"], each["currency"]] += each["amount_minor"]
    return dict(total)


def test_a_period_is_also_one_table(newsroom: World) -> None:
    some_money(newsroom)
    output = command(newsroom, "export", "--from", "2026-01-01", "--format", "csv").output
    rows = list(csv.DictReader(io.StringIO(output)))
    assert tuple(rows[0]) == PERIOD_COLUMNS
    assert {row["kind"] for row in rows} == {"movements", "closing", "payment"}


def test_the_days_of_a_period_are_those_of_the_newsrooms_zone() -> None:
    period = Period(date(2026, 3, 29), date(2026, 3, 30), KYIV)
    assert (period.start, period.end) == (
        datetime(2026, 3, 28, 22, tzinfo=UTC),
        datetime(2026, 3, 29, 21, tzinfo=UTC),
    )


def test_a_period_that_ends_before_it_begins_is_refused(newsroom: World) -> None:
    result = command(newsroom, "export", "--from", "2026-02-01", "--to", "2026-01-01")
    assert result.exit_code == 2
    assert "2026-01-01 lies before 2026-02-01" in result.output


def command(newsroom: World, *words: str) -> Result:
    with newsroom.app.app_context():
        return newsroom.app.test_cli_runner().invoke(args=["ledger", *words])


def _invented(like: Movement | None) -> Movement:
    assert like is not None
    return Movement(
        source="stripe",
        transaction_id="txn_invented",
        part="gross",
        kind="charge",
        amount=like.amount.__class__(1, "EUR"),
        occurred_at=like.occurred_at,
        available_at=like.available_at,
    )


def test_listing_twice_inserts_nothing_new(newsroom: World) -> None:
    some_money(newsroom)
    with newsroom.app.app_context():
        assert collect_movements(newsroom.database, newsroom.app.extensions["gateway"]) == 0


@pytest.mark.parametrize("statement", ["UPDATE movements SET amount_minor = 1", "DELETE FROM movements"])
def test_movements_are_facts(newsroom: World, statement: str) -> None:
    some_money(newsroom)
    with newsroom.session() as session, pytest.raises(DBAPIError, match="its rows are facts"), transaction(session):
        session.execute(text(statement))


def test_the_export_has_a_row_for_each_payment_and_each_attempt_without_one(newsroom: World) -> None:
    some_money(newsroom)
    with newsroom.app.app_context():
        rows = json.loads(newsroom.app.test_cli_runner().invoke(args=["ledger", "export"]).output)
    assert [row["status"] for row in rows].count("paid") == 2
    assert sorted(row["status"] for row in rows) == ["paid", "paid", "started", "started"]
    paid = [row for row in rows if row["status"] == "paid"]
    assert rows[:2] == paid
    for row in paid:
        assert tuple(row) == COLUMNS
        assert row["settled_currency"] == "EUR"
        assert row["gross_minor"] - row["fee_minor"] == row["net_minor"]
        assert row["paid_at"].endswith("Z")
    assert {(row["currency"], row["amount_minor"]) for row in paid} == {("EUR", 1000), ("UAH", 40000)}


def test_the_export_is_also_a_table(newsroom: World) -> None:
    some_money(newsroom)
    with newsroom.app.app_context():
        output = newsroom.app.test_cli_runner().invoke(args=["ledger", "export", "--format", "csv"]).output
    assert len(list(csv.DictReader(io.StringIO(output)))) == 4


def test_setting_up_twice_makes_nothing_twice(newsroom: World) -> None:
    (newsroom.app.extensions["settings"].instance / "settings.env").write_text("MEMBERSHIP_MODE=demo\n")
    with newsroom.app.app_context():
        runner = newsroom.app.test_cli_runner()
        outputs = [runner.invoke(args=["stripe", "set-up"]).output for _ in range(2)]
    assert "settings.env" in outputs[0]
    assert "as it was" in outputs[1]
    endpoints = newsroom.api.v1.webhook_endpoints.list().data
    assert [each.url for each in endpoints].count("http://localhost:8000/stripe/webhook") == 1
