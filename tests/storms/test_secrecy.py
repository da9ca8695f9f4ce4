"""After a secret round nobody can tell who chose what: not by rows, order, times or logs, and not in the files."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from math import sqrt
from pathlib import Path
from random import Random

import pytest
from flask import Flask
from sqlalchemy import text

from membership.clock import SteppedClock
from membership.db import Database
from membership.topics.models import OpenBallot, RollEntry, Round
from tests.storms.matching import Choice, Dump, Guess, dump_of, guesses, hits
from tests.storms.secret_round import Held, hold_secretly
from tests.topics.people import WEEK, writing

SMALL, FULL = 60, 10_000
# The first of the open ballots, so large that its number is found in no file by accident.
FIRST_BALLOT = 0x5A17_C0DE_0001
SPARE = 0.01
# What chance may add to that among few voters, in standard errors. Of many it gives one way less than the per cent.
CHANCE_OF_FEW, CHANCE_OF_MANY = 4, 0


def test_what_a_round_leaves_behind_leads_from_no_voter_to_a_ballot(
    app: Flask, database: Database, clock: SteppedClock, chance: Random, capsys: pytest.CaptureFixture[str]
) -> None:
    held = hold_secretly(app, database, clock, SMALL, chance)
    nobody_can_match(held, _left_behind(database, capsys), chance, CHANCE_OF_FEW)


@pytest.mark.storm_full
def test_ten_thousand_voters_cannot_be_matched(
    app: Flask, database: Database, clock: SteppedClock, chance: Random, capsys: pytest.CaptureFixture[str]
) -> None:
    held = hold_secretly(app, database, clock, FULL, chance)
    nobody_can_match(held, _left_behind(database, capsys), chance, CHANCE_OF_MANY)


def nobody_can_match(held: Held, dump: Dump, chance: Random, errors: float) -> None:
    """Lets a matcher find its best way with one half of the voters, and judges that way by the other half.

    The best of many ways is partly lucky where it was chosen; where it was not, it is as good as it is.
    """
    tried_on, judged_on = halves(held.truth, chance)
    way = best_of(dump, held.truth, tried_on)
    print(f"{way.way}: {hits(way, judged_on):.4f}, allowed {bound(judged_on, errors):.4f}")  # noqa: T201 - by `make storm`
    assert hits(way, judged_on) <= bound(judged_on, errors), way.way
    # Whoever finds nothing must be able to find something: they do, once it is there.
    for leaky in (_in_the_order_of_votes(dump, held), _with_codes_in_the_log(dump, held)):
        assert hits(best_of(leaky, held.truth, tried_on), judged_on) > bound(judged_on, errors)


def test_the_files_of_the_database_hold_no_open_ballot_any_more(
    app: Flask, database: Database, clock: SteppedClock, chance: Random
) -> None:
    _leave_one_open(database, FIRST_BALLOT - 1, clock)
    held = hold_secretly(app, database, clock, 10, chance)
    content = _files(database)
    assert _as_stored(database, FIRST_BALLOT - 1) in content  # it is here that open ballots are kept
    assert min(number for number, _roll_id, _code in held.ballots) == FIRST_BALLOT
    for number, _roll_id, code in held.ballots:
        assert _as_stored(database, number) not in content
        # Counted: once as a row, once in the index; PostgreSQL repeats there the key at which a page was split.
        copies = content.count(code.encode())
        assert copies == 2 or (copies == 3 and not database.is_sqlite)


def halves(truth: Mapping[int, Choice], chance: Random) -> tuple[Mapping[int, Choice], Mapping[int, Choice]]:
    """Divides the voters by chance."""
    voters = chance.sample(sorted(truth), len(truth))
    middle = len(voters) // 2
    return {each: truth[each] for each in voters[:middle]}, {each: truth[each] for each in voters[middle:]}


def best_of(dump: Dump, truth: Mapping[int, Choice], tried_on: Mapping[int, Choice]) -> Guess:
    return max(guesses(dump, truth), key=lambda guess: hits(guess, tried_on))


def bound(truth: Mapping[int, Choice], errors: float) -> float:
    """Returns the best guess from the published results alone, 1 % more, and so many standard errors."""
    best = Counter(truth.values()).most_common(1)[0][1] / len(truth)
    return best + SPARE + errors * sqrt(best * (1 - best) / len(truth))


def _left_behind(database: Database, capsys: pytest.CaptureFixture[str]) -> Dump:
    written = capsys.readouterr()
    dump = dump_of(database, (written.out + written.err).splitlines())
    assert any("/ballot" in line for line in dump.log)
    return dump


def _in_the_order_of_votes(dump: Dump, held: Held) -> Dump:
    rows = {str(row["receipt"]): row for row in dump.tables["counted_ballots"]}
    ordered = [{**rows[code], "stored_as": number} for number, _roll_id, code in held.ballots]
    return replace(dump, tables={**dump.tables, "counted_ballots": ordered})


def _with_codes_in_the_log(dump: Dump, held: Held) -> Dump:
    keys = {row["id"]: row["key"] for row in dump.tables["roll"]}
    lines = [f"sent {code} to {keys[roll_id]}" for _number, roll_id, code in held.ballots]
    return replace(dump, log=[*dump.log, *lines])


def _leave_one_open(database: Database, number: int, clock: SteppedClock) -> None:
    with writing(database) as session:
        later = {"opens_at": clock.at, "joins_until": clock.at + 9 * WEEK, "closes_at": clock.at + 9 * WEEK}
        round_ = Round(slug="other", title="O", question="?", choices=1, winners=1, created_at=clock.at, **later)
        session.add(round_)
        session.flush()
        entry = RollEntry(round_id=round_.id, key="other", standing="patron", added_at=clock.at, reason="opening")
        session.add(entry)
        session.flush()
        session.add(OpenBallot(id=number, roll_id=entry.id, receipt="OTHER", version=1, changed_at=clock.at))
        if not database.is_sqlite:
            session.execute(text("SELECT setval('open_ballots_id_seq', :number)"), {"number": number})


def _files(database: Database) -> bytes:
    if database.is_sqlite:
        path = str(database.url.database)
        return b"".join(Path(each).read_bytes() for each in (path, f"{path}-wal"))
    with database.engine.connect() as connection:
        # The counter holds the last number that it gave; that tells how many ballots there were, and no more.
        connection.exec_driver_sql("SELECT nextval('open_ballots_id_seq')")
        connection.exec_driver_sql("CHECKPOINT")
        folder = connection.exec_driver_sql(
            "SELECT current_setting('data_directory') || '/base/' || oid FROM pg_database "
            "WHERE datname = current_database()"
        ).scalar_one()
    return b"".join(each.read_bytes() for each in Path(folder).iterdir())


def _as_stored(database: Database, number: int) -> bytes:
    # https://www.sqlite.org/fileformat2.html#record_format: six bytes suffice, the highest first. PostgreSQL: as here.
    return number.to_bytes(6, "big") if database.is_sqlite else number.to_bytes(8, "little")
