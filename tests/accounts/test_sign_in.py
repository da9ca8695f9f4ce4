"""Signing in by link and by code, and all the ways in which it is refused."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.accounts.models import SignInToken
from membership.accounts.sign_in import Entry, Gone, ask, by_code, by_link, forget_old, print_link, refuse_gone
from membership.accounts.sign_in_limits import WRONG_CODES
from membership.db import Database, transaction
from membership.errors import Refusal, TooMany
from membership.outbox.models import OutboxRow
from tests.accounts.doors import accounts, wrong

MINUTE = timedelta(minutes=1)


def asked(
    session: Session, email: str = "olena@example.org", request_id: str = "r1", *, now: datetime, network: str = "net"
) -> tuple[str, str]:
    """Asks for a mail and returns the token and the code that it will carry."""
    with transaction(session):
        ask(session, email, request_id=request_id, network_key=network, next_path="", now=now)
    payload = session.scalars(select(OutboxRow.payload).order_by(OutboxRow.id.desc()).limit(1)).one()
    return payload["token"], payload["code"]


def enter(session: Session, token: str, *, now: datetime) -> Entry:
    with transaction(session):
        return by_link(session, token, language="en", now=now)


def enter_code(session: Session, request_id: str, code: str, *, now: datetime) -> Entry | None:
    with transaction(session):
        return by_code(session, request_id, code, language="en", now=now)


def reason(act: Callable[[], object]) -> str:
    with pytest.raises(Gone) as gone:
        act()
    return gone.value.reason


def test_a_link_signs_in_and_makes_a_verified_account(session: Session, now: datetime) -> None:
    token, _ = asked(session, "Olena@example.org", now=now)
    account = enter(session, token, now=now + MINUTE).account
    assert (account.email, account.verified_at) == ("Olena@example.org", now + MINUTE)


def test_a_code_signs_in_however_it_is_spaced(session: Session, now: datetime) -> None:
    _, code = asked(session, now=now)
    entry = enter_code(session, "r1", f" {code[:3]}-{code[3:]} ", now=now)
    assert entry is not None
    assert entry.account.email == "olena@example.org"


def test_neither_token_nor_code_nor_request_stands_in_the_row(session: Session, now: datetime) -> None:
    token, code = asked(session, request_id="request-1", now=now)
    row = session.scalars(select(SignInToken)).one()
    kept = " ".join(str(value) for value in vars(row).values())
    assert token not in kept
    assert code not in row.code_hash
    assert "request-1" not in kept


def test_a_used_link_says_so_and_its_code_is_used_with_it(session: Session, now: datetime) -> None:
    token, code = asked(session, now=now)
    enter(session, token, now=now)
    assert reason(lambda: enter(session, token, now=now)) == "used"
    assert reason(lambda: enter_code(session, "r1", code, now=now)) == "used"


def test_a_link_lives_for_ten_minutes(session: Session, now: datetime) -> None:
    token, code = asked(session, now=now)
    refuse_gone(session, token, now=now + 10 * MINUTE - timedelta(seconds=1))
    assert reason(lambda: enter(session, token, now=now + 10 * MINUTE)) == "expired"
    assert reason(lambda: enter_code(session, "r1", code, now=now + 10 * MINUTE)) == "expired"


def test_an_unknown_link_says_so(session: Session, now: datetime) -> None:
    assert reason(lambda: enter(session, "invented", now=now)) == "unknown"
    assert reason(lambda: enter_code(session, "invented", "123456", now=now)) == "unknown"


def test_a_newer_mail_makes_the_older_useless_in_every_spelling(session: Session, now: datetime) -> None:
    old, old_code = asked(session, "olena@bücher.example", "r1", now=now)
    new, _ = asked(session, "OLENA@xn--bcher-kva.example", "r2", now=now)
    assert reason(lambda: enter(session, old, now=now)) == "replaced"
    assert reason(lambda: enter_code(session, "r1", old_code, now=now)) == "replaced"
    assert enter(session, new, now=now).account.email_key == "olena@xn--bcher-kva.example"


def test_another_address_keeps_its_link(session: Session, now: datetime) -> None:
    token, _ = asked(session, "olena@example.org", "r1", now=now)
    asked(session, "taras@example.org", "r2", now=now)
    assert enter(session, token, now=now).account.email == "olena@example.org"


def test_a_code_with_another_forms_request_id_costs_only_that_form_a_try(session: Session, now: datetime) -> None:
    _, code = asked(session, "olena@example.org", "hers", now=now)
    _, his = asked(session, "taras@example.org", "his", now=now)
    foreign = code if code != his else wrong(his)
    assert enter_code(session, "his", foreign, now=now) is None
    tries = {row.email: row.tries for row in session.scalars(select(SignInToken))}
    assert tries == {"olena@example.org": 0, "taras@example.org": 1}


def test_after_five_wrong_codes_the_right_one_is_refused_but_the_link_works(session: Session, now: datetime) -> None:
    token, code = asked(session, now=now)
    for _ in range(5):
        assert enter_code(session, "r1", wrong(code), now=now) is None
    assert reason(lambda: enter_code(session, "r1", code, now=now)) == "tries"
    assert enter(session, token, now=now).account.email == "olena@example.org"


def test_what_is_no_code_is_refused_and_costs_no_try(session: Session, now: datetime) -> None:
    asked(session, now=now)
    for text in ("", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "12345x", "9" * 10_000):
        with pytest.raises(Refusal) as refused:
            enter_code(session, "r1", text, now=now)
        assert refused.value.field == "code"
    assert session.scalars(select(SignInToken.tries)).one() == 0


def test_one_form_sent_twice_is_one_mail(session: Session, now: datetime) -> None:
    first = asked(session, now=now)
    assert asked(session, now=now + timedelta(seconds=5)) == first
    assert asked(session, now=now + 2 * MINUTE) != first


def test_one_network_gets_an_address_five_mails_an_hour(session: Session, now: datetime) -> None:
    for number in range(5):
        asked(session, request_id=f"r{number}", now=now + number * MINUTE)
    with pytest.raises(TooMany) as refused:
        asked(session, "OLENA@example.org", "r9", now=now + 10 * MINUTE)
    assert refused.value.retry_after == 50 * 60 + 1
    assert refused.value.field == "email"
    asked(session, request_id="r10", now=now + 61 * MINUTE)


def test_a_stranger_cannot_shut_the_owner_of_an_address_out(session: Session, now: datetime) -> None:
    refused = 0
    for quarter in range(4 * 24):
        try:
            asked(session, request_id=f"s{quarter}", now=now + 15 * quarter * MINUTE, network="a stranger's")
        except TooMany:
            refused += 1
    assert 4 * 24 - refused == 10
    token, _ = asked(session, request_id="hers", now=now + timedelta(days=1), network="her own")
    assert enter(session, token, now=now + timedelta(days=1)).account.email == "olena@example.org"


def test_callers_of_unknown_network_count_as_one(session: Session, now: datetime) -> None:
    for number in range(6):
        with transaction(session):
            if number == 5:
                with pytest.raises(TooMany):
                    ask(session, "olena@example.org", request_id="r5", network_key=None, next_path="", now=now)
            else:
                ask(session, "olena@example.org", request_id=f"r{number}", network_key=None, next_path="", now=now)


def test_an_address_gets_twenty_mails_an_hour_and_thirty_a_day_from_everywhere(session: Session, now: datetime) -> None:
    for number in range(20):
        asked(session, request_id=f"r{number}", now=now, network=f"net{number}")
    with pytest.raises(TooMany) as hour:
        asked(session, request_id="r20", now=now + MINUTE, network="net20")
    assert hour.value.retry_after == 59 * 60 + 1
    for number in range(20, 30):
        asked(session, request_id=f"r{number}", now=now + 61 * MINUTE, network=f"net{number}")
    with pytest.raises(TooMany) as day:
        asked(session, request_id="r30", now=now + 3 * 60 * MINUTE, network="net30")
    assert day.value.retry_after == 21 * 3600 + 1
    asked(session, request_id="r31", now=now + timedelta(days=1), network="net31")


def test_whoever_guesses_for_a_day_closes_the_codes_of_the_address_and_not_its_links(
    session: Session, now: datetime
) -> None:
    for number in range(WRONG_CODES // 5):
        _, code = asked(session, request_id=f"s{number}", now=now, network=f"net{number}")
        for _ in range(5):
            assert enter_code(session, f"s{number}", wrong(code), now=now) is None
    token, code = asked(session, request_id="hers", now=now + MINUTE, network="her own")
    assert reason(lambda: enter_code(session, "hers", code, now=now + MINUTE)) == "guessed"
    assert enter(session, token, now=now + MINUTE).account.email == "olena@example.org"
    later = now + timedelta(days=1)
    _, code = asked(session, request_id="later", now=later, network="her own")
    assert enter_code(session, "later", code, now=later) is not None


def test_a_network_may_ask_for_twenty_an_hour(session: Session, now: datetime) -> None:
    for number in range(20):
        asked(session, f"reader{number}@example.org", f"r{number}", now=now)
    with pytest.raises(TooMany):
        asked(session, "another@example.org", "r99", now=now)
    asked(session, "another@example.org", "r99", now=now, network="other")


def test_printed_links_count_as_no_mails(session: Session, now: datetime) -> None:
    for _ in range(6):
        with transaction(session):
            token = print_link(session, "olena@example.org", now=now)
    asked(session, now=now)
    assert reason(lambda: enter(session, token, now=now)) == "replaced"


def test_requests_are_forgotten_after_two_days(session: Session, now: datetime) -> None:
    asked(session, "old@example.org", "r1", now=now - timedelta(hours=49))
    asked(session, "new@example.org", "r2", now=now - timedelta(hours=47))
    with transaction(session):
        forget_old(session, now=now)
    assert session.scalars(select(SignInToken.email)).all() == ["new@example.org"]


def test_one_link_used_twice_at_once_signs_in_once(database: Database, now: datetime) -> None:
    with database.session() as session:
        token, _ = asked(session, now=now)
    results = _both(database, lambda session: by_link(session, token, language="en", now=now))
    assert sorted(type(result).__name__ for result in results) == ["Entry", "Gone"]
    assert len(accounts(database)) == 1


def test_wrong_codes_at_once_are_all_counted(database: Database, now: datetime) -> None:
    with database.session() as session:
        _, code = asked(session, now=now)
    for expected in (2, 4):
        _both(database, lambda session: by_code(session, "r1", wrong(code), language="en", now=now))
        with database.session() as session:
            assert session.scalars(select(SignInToken.tries)).one() == expected


def test_the_right_code_typed_twice_at_once_signs_in_once(database: Database, now: datetime) -> None:
    with database.session() as session:
        _, code = asked(session, now=now)
    results = _both(database, lambda session: by_code(session, "r1", code, language="en", now=now))
    assert sorted(type(result).__name__ for result in results) == ["Entry", "Gone"]


def test_two_who_ask_for_one_address_at_once_leave_one_link_that_works(database: Database, now: datetime) -> None:
    numbers = iter(("r1", "r2"))

    def ask_once(session: Session) -> None:
        ask(session, "olena@example.org", request_id=next(numbers), network_key=None, next_path="", now=now)

    _both(database, ask_once)
    with database.session() as session:
        tokens = [payload["token"] for payload in session.scalars(select(OutboxRow.payload).order_by(OutboxRow.id))]
        assert session.scalar(select(func.count()).select_from(SignInToken)) == 2
        assert reason(lambda: enter(session, tokens[0], now=now)) == "replaced"
        enter(session, tokens[1], now=now)


def _both(database: Database, act: Callable[[Session], object]) -> list[object]:
    together = Barrier(2)

    def run(_: int) -> object:
        with database.session() as session:
            together.wait()
            try:
                with transaction(session):
                    return act(session)
            except Gone as gone:
                return gone

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(run, range(2)))
