"""Those who voted in a round and wish to be named: under articles that came of it, never beside what they chose."""

import unicodedata

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.accounts.credit import credited
from membership.topics.models import RollEntry


def voters_by_name(session: Session, round_id: int) -> tuple[str, ...]:
    """Returns as what those are printed who voted in a round and wish it, in the order of the alphabet.

    Whose vote was barred is not among them. The caller withholds all of it where counts are withheld.
    """
    voted = select(RollEntry.account_id).where(
        RollEntry.round_id == round_id,
        RollEntry.voted_at.is_not(None),
        RollEntry.barred_at.is_(None),
        RollEntry.account_id.is_not(None),
    )
    # By what is printed: sorted by a whole name, initials would tell more than was wished.
    return tuple(sorted(credited(session, voted).values(), key=_as_sorted))


def _as_sorted(name: str) -> tuple[str, str]:
    plain = "".join(each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each))
    return plain.casefold(), name
