"""The words in which tables say which of their columns tell of a person, and what becomes of that. Opens no table."""

from typing import Final, Literal

Erasure = Literal["blanked", "deleted", "replaced", "cut", "kept"]

# What erasing an account does to a column of a row that is about its owner.
BLANKED: Final = "blanked"  # empty from then on
DELETED: Final = "deleted"  # the whole row goes
REPLACED: Final = "replaced"  # by a value that means nobody
CUT: Final = "cut"  # no longer leads to the account
KEPT: Final = "kept"  # for the law, for the books, or as a key that leads to nobody any more

ERASURES: Final[tuple[Erasure, ...]] = (BLANKED, DELETED, REPLACED, CUT, KEPT)


def personal(erasure: Erasure, period: str) -> dict[str, dict[str, str]]:
    """Tags a column that tells of a person, as `info`: what its erasure does, and the name of how long it is kept.

    `period` names a line of the table of periods (`periods.RETENTION`), which the nights apply.
    """
    return {"personal": {"erasure": erasure, "period": period}}
