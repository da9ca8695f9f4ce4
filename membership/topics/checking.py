"""Whoever has the code of a ballot reads how it was counted."""

import unicodedata
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.errors import Refusal
from membership.topics.ballots import ALPHABET, CODE_SIGNS
from membership.topics.models import CountedBallot, Round, Topic
from membership.topics.results import counted_at, is_withheld

FIELD: Final = "code"
# Crockford's base 32 reads O as 0, I and L as 1; who types on a Cyrillic keyboard finds letters that look alike.
ALIKE: Final = str.maketrans("OILАВЕКМНРСТХУОІ", "011ABEKMHPCTXY01")
# Blanks, dashes, and what nobody sees but copies along.
BETWEEN: Final = frozenset(("Zs", "Zl", "Zp", "Pd", "Cf", "Cc"))
MINUS: Final = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class CheckedBallot:
    """A ballot that was counted. `choices` are titles; `None` under five ballots, where none is shown."""

    receipt: str
    choices: tuple[str, ...] | None


def check_ballot(session: Session, round_: Round, code: str) -> CheckedBallot:
    """Returns the counted ballot under a code, however that was typed.

    Raises `NotFound` for a round of which nothing was counted (yet), and `Refusal` of field `code` if it is none, or
    stands under no counted ballot of this round. Guessing is hopeless (80 random bits), so tries are not counted.
    """
    counted_at(round_)
    receipt = read_code(code)
    ballot = session.get(CountedBallot, (round_.id, receipt))
    if ballot is None:
        raise Refusal(
            "No ballot with the code %(receipt)s was counted in this round. Compare it sign by sign, and look whether "
            "it is from this round. A vote that was withdrawn or voided is not among the counted ones.",
            field=FIELD,
            receipt=receipt,
        )
    return CheckedBallot(receipt, None if is_withheld(session, round_.id) else _titles(session, ballot))


def read_code(text: str) -> str:
    """Returns a receipt code in the form in which it is published; raises `Refusal` of field `code`.

    Forgives case, blanks, dashes, and letters for the signs that they look like.
    """
    wide = unicodedata.normalize("NFKC", text).upper().translate(ALIKE)
    signs = [each for each in wide if unicodedata.category(each) not in BETWEEN and each != MINUS]
    if not signs:
        raise Refusal("Type the code of your ballot, as in K7Q2-9M4D-0XTW-51BC.", field=FIELD)
    strange = next((each for each in signs if each not in ALPHABET), None)
    if strange is not None:
        raise Refusal(
            "“%(sign)s” stands in no code. A code is 16 letters and digits, as in K7Q2-9M4D-0XTW-51BC.",
            field=FIELD,
            sign=strange,
        )
    if len(signs) != CODE_SIGNS:
        raise Refusal(
            "That is %(count)s signs long. A code is 16 letters and digits, as in K7Q2-9M4D-0XTW-51BC.",
            field=FIELD,
            count=len(signs),
        )
    return "-".join("".join(signs[at : at + 4]) for at in range(0, CODE_SIGNS, 4))


def _titles(session: Session, ballot: CountedBallot) -> tuple[str, ...]:
    return tuple(session.scalars(select(Topic.title).where(Topic.slug.in_(ballot.choices)).order_by(Topic.title)))
