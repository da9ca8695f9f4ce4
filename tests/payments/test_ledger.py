"""The ledger against the sandbox's own balance, and what accountants get of it."""

import csv
import io
import json

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from membership.db import transaction
from membership.payments.balance_check import check_balance
from membership.payments.export import COLUMNS
from membership.payments.ledger import collect_movements
from membership.payments.models import Movement
from tests.money import DECLINED, World


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
