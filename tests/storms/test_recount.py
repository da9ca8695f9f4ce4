"""Whoever runs the published script on the published files comes to the published result, tie for tie."""

from pathlib import Path
from random import Random

import pytest

from membership.db import Database
from tests.conftest import NOW
from tests.storms.recounting import SCRIPT, draw_round, hold_round, recounted, run_script
from tests.topics.people import writing

# On each kind of database; half of them small.
SMALL, FULL = 25, 500


def recount_all(database: Database, rounds: int, chance: Random, folder: Path) -> None:
    for number in range(rounds):
        drawn = draw_round(chance, number, now=NOW)
        with writing(database) as session:
            round_ = hold_round(session, drawn, chance, now=NOW)
            assert recounted(session, round_, folder) == drawn.expected


def test_the_script_counts_fifty_rounds_as_we_did(database: Database, chance: Random, tmp_path: Path) -> None:
    recount_all(database, SMALL, chance, tmp_path)


@pytest.mark.storm_full
def test_the_script_counts_a_thousand_rounds_as_we_did(database: Database, chance: Random, tmp_path: Path) -> None:
    recount_all(database, FULL, chance, tmp_path)


def test_the_script_notices_a_ballot_that_was_slipped_in(database: Database, chance: Random, tmp_path: Path) -> None:
    drawn = draw_round(chance, 1, now=NOW)
    with writing(database) as session:
        recounted(session, hold_round(session, drawn, chance, now=NOW), tmp_path)
    with (tmp_path / "ballots.csv").open("a", encoding="utf-8") as file:
        file.write(f"ZZZZ-ZZZZ-ZZZZ-ZZZZ,{drawn.contenders[0].slug}\n")
    assert any("NOT AS PUBLISHED" in line for line in run_script(tmp_path))


def test_a_stranger_reads_the_script_in_a_minute() -> None:
    lines = SCRIPT.read_text("utf-8").splitlines()
    assert len(lines) <= 40
    assert {line for line in lines if "import" in line} == {"import csv", "import sys", "from hashlib import sha256"}
