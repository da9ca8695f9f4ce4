"""Whoever has the code of a ballot sees how it was counted; nobody learns that they looked."""

import re

import pytest
from flask.testing import FlaskClient

from membership.clock import SteppedClock
from membership.db import Database
from membership.errors import Refusal
from membership.topics.checking import read_code
from tests.topics.counted import GRID, RUBBLE, counted
from tests.topics.people import opened

CHECK = "/rounds/winter-energy/check"
CODE = "K1Q2-9M4D-0XTW-510C"
SIX = ((GRID, RUBBLE), (GRID,), (GRID,), (GRID,), (GRID,), (RUBBLE,))

TYPED = (
    CODE,
    "k1q2-9m4d-0xtw-510c",
    "  K1Q2 9M4D 0XTW 510C\t",
    "K1Q29M4D0XTW510C",
    "KIQ2-9M4D-OXTW-5LoC",
    "klq2–9m4d—oxtw−5i0c",
    "К1Q2-9М4D-0ХТW-51ОС",  # К, М, Х, Т, О and С of a Cyrillic keyboard
    "Ｋ１Ｑ２-９Ｍ４Ｄ-０ＸＴＷ-５１０Ｃ",
    "K1Q2\u200b-9M4D-\u00ad0XTW-510C",
)
MISTYPED = (
    ("", "Type the code"),
    (" - ", "Type the code"),
    ("K1Q2-9M4D", "8 signs long"),
    (f"{CODE}0", "17 signs long"),
    ("0" * 5000, "5000 signs long"),
    (f"{CODE[:-1]}U", "“U” stands in no code"),
    ("<script>alert(1)", "“&lt;” stands in no code"),
)


@pytest.mark.parametrize("typed", TYPED)
def test_a_code_is_read_however_it_was_typed(typed: str) -> None:
    assert read_code(typed) == CODE


@pytest.mark.parametrize(("typed", "said"), MISTYPED[:4])
def test_what_cannot_be_a_code_is_refused_kindly(typed: str, said: str) -> None:
    with pytest.raises(Refusal, match=said):
        read_code(typed)


def test_the_code_shows_the_ballot_as_it_was_counted(
    client: FlaskClient, database: Database, clock: SteppedClock, capsys: pytest.CaptureFixture[str]
) -> None:
    made = counted(database, clock, *SIX)
    code = made.codes[0]
    answer = client.post(CHECK, data={"code": code.lower().replace("-", " ")})
    assert answer.status_code == 200
    assert re.findall(r'<li dir="auto">([^<]+)', answer.text) == ["Where does the rubble go?", "Who repairs the grid?"]
    assert code in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    written = capsys.readouterr()
    assert CHECK in written.out + written.err
    assert code not in (written.out + written.err).upper()


@pytest.mark.parametrize(("typed", "said"), [*MISTYPED, (CODE, f"No ballot with the code {CODE} was counted")])
def test_a_mistyped_code_comes_back_with_a_kind_sentence(
    client: FlaskClient, database: Database, clock: SteppedClock, typed: str, said: str
) -> None:
    counted(database, clock, *SIX)
    answer = client.post(CHECK, data={"code": typed})
    assert answer.status_code == 422
    assert said in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert f'value="{typed[:80].replace("<", "&lt;").replace(">", "&gt;")}"' in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_address_never_takes_a_code(client: FlaskClient, database: Database, clock: SteppedClock) -> None:
    made = counted(database, clock, *SIX)
    asked = client.get(f"{CHECK}?code={made.codes[0]}")
    assert "This ballot was counted" not in asked.text
    assert made.codes[0] not in asked.text
    assert asked.headers["Cache-Control"] == "no-store"
    assert 'method="post"' in asked.text


def test_under_five_ballots_the_code_shows_only_that_it_was_counted(
    client: FlaskClient, database: Database, clock: SteppedClock
) -> None:
    made = counted(database, clock, *SIX[:4])
    answer = client.post(CHECK, data={"code": made.codes[0]})
    assert answer.status_code == 200
    assert "This ballot was counted" in answer.text
    assert "grid" not in answer.text


def test_before_the_close_no_code_says_anything(client: FlaskClient, database: Database, clock: SteppedClock) -> None:
    opened(database, now=clock.at)
    for answer in (client.get(CHECK), client.post(CHECK, data={"code": CODE})):
        assert answer.status_code == 404
        assert "after its close" in answer.text


def test_another_site_may_not_look_a_code_up(client: FlaskClient, database: Database, clock: SteppedClock) -> None:
    counted(database, clock, *SIX)
    answer = client.post(CHECK, data={"code": CODE}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
