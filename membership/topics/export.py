"""A round as data: from a closed one, anyone can count again."""

import csv
import io
import json
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.topics.models import CountedBallot, Round
from membership.topics.results import Results, results_of
from membership.topics.roll import roll_size, told_turnout, voided

OPEN_NOTE = "The round has not been counted yet: results and ballots stand here after its close."
FEW_YET_NOTE = "Fewer than 5 votes: the turnout is withheld."
CALLED_OFF_NOTE = "The round was called off: its ballots were deleted uncounted."
DANGEROUS_NOTE = "Dangerous while the round was open, and could not win: %s."
WITHHELD_NOTE = "Fewer than 5 ballots: turnout, counts and ballots are withheld."


def export(session: Session, round_: Round) -> dict[str, Any]:
    """Returns the fields of `rounds export`: round, roll_size, roll_hash, turnout, voided, results, ballots.

    `results` and `ballots` are `None` before the close, and for a round that was called off; `turnout`, `ballots` and
    all votes and ranks where they are withheld; `note` then says why. It names topics that could not win as well.
    """
    content: dict[str, Any] = {
        "round": round_.slug,
        "roll_size": roll_size(session, round_.id),
        "roll_hash": round_.roll_hash_final or round_.roll_hash_open,
        "turnout": told_turnout(session, round_.id),
        "voided": voided(session, round_.id),
        "results": None,
        "ballots": None,
    }
    if round_.called_off_at is not None:
        return {**content, "turnout": None, "note": CALLED_OFF_NOTE}
    if round_.closed_at is None:
        return {**content, "note": OPEN_NOTE if content["turnout"] is not None else f"{OPEN_NOTE} {FEW_YET_NOTE}"}
    results = results_of(session, round_)
    ballots = None if results.withheld else _ballots(session, round_)
    content |= {"turnout": results.turnout, "results": _results(results), "ballots": ballots}
    notes = _notes(results)
    return {**content, "note": " ".join(notes)} if notes else content


def as_json(content: dict[str, Any]) -> str:
    """Writes an export as JSON."""
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def as_csv(content: dict[str, Any]) -> str:
    """Writes an export as CSV: one row with the same fields, lists as JSON within their cells."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(content), lineterminator="\n")
    writer.writeheader()
    writer.writerow({name: _cell(value) for name, value in content.items()})
    return text.getvalue()


def _notes(results: Results) -> list[str]:
    dangerous = sorted(each.slug for each in results.topics if not each.can_win)
    notes = [WITHHELD_NOTE] if results.withheld else []
    return [*notes, DANGEROUS_NOTE % ", ".join(dangerous)] if dangerous else notes


def _results(results: Results) -> list[dict[str, Any]]:
    return [{"topic": topic.slug, "votes": topic.votes, "rank": topic.rank} for topic in results.topics]


def _ballots(session: Session, round_: Round) -> list[dict[str, Any]]:
    rows = session.execute(
        select(CountedBallot.receipt, CountedBallot.choices)
        .where(CountedBallot.round_id == round_.id)
        .order_by(CountedBallot.receipt)
    )
    return [{"receipt": receipt, "choices": choices} for receipt, choices in rows]


def _cell(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value
