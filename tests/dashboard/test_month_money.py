"""The money of a month, against sums made by hand."""

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from membership.dashboard.month_money import CurrencyMonth, money_of
from membership.db import Database
from membership.money import Money
from tests.dashboard.planting import kyiv, month, payment, settled, writing


def of_november(session: Session) -> dict[str, CurrencyMonth]:
    return {each.gross.currency: each for each in money_of(session, month(11)).currencies}


def numbers(each: CurrencyMonth) -> tuple[int, int, int, int]:
    return (each.gross.minor, each.fees.minor, each.given_back.minor, each.net.minor)


def plant_november(database: Database) -> None:
    with writing(database) as session:
        euros = payment(session, Money(500, "EUR"), kyiv(11, 2))
        hryvnias = payment(session, Money(40000, "UAH"), kyiv(11, 3))
        yen = payment(session, Money(1500, "JPY"), kyiv(11, 4))
        settled(session, Money(500, "EUR"), 33, kyiv(11, 2), of=euros)
        settled(session, Money(820, "EUR"), 45, kyiv(11, 3), of=hryvnias)
        settled(session, Money(1500, "JPY"), 94, kyiv(11, 4), of=yen)
        settled(session, Money(-500, "EUR"), 0, kyiv(11, 5), of=euros, kind="refund")
        settled(session, Money(99900, "EUR"), 1500, kyiv(11, 6), of=None)


def test_each_settled_currency_has_its_own_sums(database: Database, session: Session) -> None:
    plant_november(database)

    found = of_november(session)

    # €5.00 and UAH 400 settled as €8.20, less €0.33 and €0.45, less €5.00 given back.
    assert {currency: numbers(each) for currency, each in found.items()} == {
        "EUR": (1320, 78, 500, 742),
        "JPY": (1500, 94, 0, 1406),
    }


def test_the_lines_behind_the_sums_add_up_to_them(database: Database, session: Session) -> None:
    plant_november(database)

    found = money_of(session, month(11))

    behind = [(each.kind, each.count, each.net.minor) for each in found.ours if each.gross.currency == "EUR"]
    assert behind == [("charge", 2, 1242), ("refund", 1, -500)]


def test_a_line_of_nobody_here_is_told_apart(database: Database, session: Session) -> None:
    plant_november(database)

    found = money_of(session, month(11))

    assert [(each.kind, each.count, each.gross, each.fee.minor) for each in found.foreign] == [
        ("charge", 1, Money(99900, "EUR"), -1500)
    ]


def test_a_line_without_a_source_is_not_ours(database: Database, session: Session) -> None:
    with writing(database) as write:
        settled(write, Money(-200, "EUR"), 0, kyiv(11, 30), of=None, kind="stripe_fee")

    assert not money_of(session, month(11)).ours


def test_a_line_belongs_to_the_month_of_the_newsrooms_zone(database: Database, session: Session) -> None:
    with writing(database) as write:
        given = payment(write, Money(100, "EUR"), kyiv(11, 1))
        settled(write, Money(1, "EUR"), 0, kyiv(10, 31, 23, 59, 59), of=given)
        settled(write, Money(10, "EUR"), 0, datetime(2026, 10, 31, 22, 0, tzinfo=UTC), of=given)
        settled(write, Money(100, "EUR"), 0, kyiv(11, 30, 23, 59, 59), of=given)
        settled(write, Money(1000, "EUR"), 0, kyiv(12, 1, 0, 0), of=given)

    assert numbers(of_november(session)["EUR"]) == (110, 0, 0, 110)


def test_a_month_without_movements_has_no_sums(session: Session) -> None:
    assert money_of(session, month(11)).currencies == ()
