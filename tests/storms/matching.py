"""Somebody who holds all that a round leaves behind, and tries to tell who cast which ballot.

They have the database row by row in the order in which it holds them, the outbox, the log, and know the choice of
whomever they ask, but for the one about whom they wonder.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from sqlalchemy import Connection, Table, text

from membership.db import Base, Database

Row = Mapping[str, object]
Choice = tuple[str, ...]

WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{5,}")
# What stands in more rows than these says nothing of one person.
RARE = 6
DEEPEST = 3


@dataclass(frozen=True)
class Dump:
    """All tables, rows in the order in which they are stored, and the lines of the log."""

    tables: Mapping[str, Sequence[Row]]
    log: Sequence[str] = ()


@dataclass(frozen=True)
class Guess:
    """One way to match, and for each roll row the choice that it comes to."""

    way: str
    choices: Mapping[int, Choice]


def dump_of(database: Database, log: Iterable[str] = ()) -> Dump:
    """Reads every table as it is stored, with what the database itself notes of each row."""
    noted = "rowid AS stored_at" if database.is_sqlite else "xmin::text AS written_by, cmin::text AS written_as"
    order = "rowid" if database.is_sqlite else "ctid"
    with database.engine.connect() as connection:
        tables = {table.name: _rows(connection, table, noted, order) for table in Base.metadata.sorted_tables}
    return Dump(tables, tuple(log))


def guesses(dump: Dump, truth: Mapping[int, Choice]) -> Iterator[Guess]:
    """Tries every way. `truth` is what each voter (by roll row) chose: used of all but the one who is guessed."""
    ballots = dump.tables["counted_ballots"]
    yield Guess("shared words", _by_shared_words(dump, truth))
    for trait, voters in _orders_of_voters(dump, truth).items():
        for name, choices in _orders_of_ballots(ballots).items():
            yield Guess(f"{trait} beside {name}", dict(zip(voters, choices, strict=False)))
        yield Guess(f"neighbours by {trait}", {one: truth[other] for one, other in pairwise(voters)})


def hits(guess: Guess, truth: Mapping[int, Choice]) -> float:
    """Returns how many voters were guessed right, 0–1."""
    return sum(guess.choices.get(roll_id) == choice for roll_id, choice in truth.items()) / len(truth)


def _rows(connection: Connection, table: Table, noted: str, order: str) -> Sequence[Row]:
    statement = text(f'SELECT *, {noted} FROM "{table.name}" ORDER BY {order}')  # noqa: S608 - names of our own tables
    return [
        {**row, "stored_as": number} for number, row in enumerate(connection.execute(statement).mappings(), start=1)
    ]


def _orders_of_ballots(ballots: Sequence[Row]) -> dict[str, list[Choice]]:
    orders: dict[str, list[Choice]] = {}
    for name in ballots[0]:
        ordered = sorted(ballots, key=lambda row, name=name: _sortable(row[name]))  # type: ignore[misc]  # bound at once
        orders[name] = [_choice(row) for row in ordered]
        orders[f"{name}, backwards"] = orders[name][::-1]
    return orders


def _orders_of_voters(dump: Dump, truth: Mapping[int, Choice]) -> dict[str, list[int]]:
    """Orders the voters by each thing that stands anywhere about them."""
    traits: dict[str, dict[int, str]] = {}
    by_person = _rows_about(dump, truth)
    for roll_id, rows in by_person.items():
        for table, row in rows:
            for column, value in row.items():
                traits.setdefault(f"{table}.{column}", {})[roll_id] = _sortable(value)
    return {
        trait: sorted(values, key=lambda roll_id, values=values: values[roll_id])  # type: ignore[misc]  # bound at once
        for trait, values in traits.items()
        if len(set(values.values())) > 1
    }


def _rows_about(dump: Dump, truth: Mapping[int, Choice]) -> dict[int, list[tuple[str, Row]]]:
    rolls = {row["id"]: row for row in dump.tables["roll"] if row["id"] in truth}
    accounts = {row["account_id"]: roll_id for roll_id, row in rolls.items() if row["account_id"] is not None}
    keys = {str(row["key"]): roll_id for roll_id, row in rolls.items()}
    about: dict[int, list[tuple[str, Row]]] = {roll_id: [("roll", row)] for roll_id, row in rolls.items()}  # type: ignore[misc]
    for table in Base.metadata.sorted_tables:
        referring = [each.parent.name for each in table.foreign_keys if each.column.table.name == "accounts"]
        for row in dump.tables[table.name]:
            theirs = {accounts.get(row[column]) for column in referring}
            theirs |= {accounts.get(row["id"])} if table.name == "accounts" else set()
            if table.name == "outbox":
                theirs |= {keys.get(part) for part in str(row["key"]).split(".")}
            for roll_id in theirs - {None}:
                about[roll_id].append((table.name, row))  # type: ignore[index]  # None was taken out
    return about


def _by_shared_words(dump: Dump, truth: Mapping[int, Choice]) -> dict[int, Choice]:
    """Goes from each ballot to rows and lines that share a rare word with it, and on, until it meets a roll row."""
    places = [(table, row) for table, rows in dump.tables.items() for row in rows]
    words = [_words(row.values()) for _table, row in places] + [_words([line]) for line in dump.log]
    where: dict[str, list[int]] = {}
    for number, each in enumerate(words):
        for word in each:
            where.setdefault(word, []).append(number)
    found: dict[int, Choice] = {}
    for number, (table, row) in enumerate(places):
        if table == "counted_ballots":
            for met in _reached(number, words, where):
                if met < len(places) and places[met][0] == "roll" and places[met][1]["id"] in truth:
                    found[int(str(places[met][1]["id"]))] = _choice(row)
    return found


def _reached(start: int, words: Sequence[set[str]], where: Mapping[str, Sequence[int]]) -> set[int]:
    reached, edge = {start}, {start}
    for _step in range(DEEPEST):
        edge = {
            place for number in edge for word in words[number] if len(where[word]) <= RARE for place in where[word]
        } - reached
        reached |= edge
    return reached


def _words(values: Iterable[object]) -> set[str]:
    return {word for value in values if value is not None for word in WORD.findall(_sortable(value))}


def _choice(ballot: Row) -> Choice:
    return tuple(re.findall(r"[a-z0-9-]+", str(ballot["choices"])))


def _sortable(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return f"{value:020d}" if isinstance(value, int) else str(value)
