"""Whether the newsroom offers to withdraw a payment: the table `[withdrawal]` of newsroom.toml, on by default."""

from datetime import datetime

from sqlalchemy.orm import Session

from membership.newsroom.remembered import Remembered
from membership.newsroom.toml import Reading, Table
from membership.newsroom.words import keep, kept


def load_withdrawal(session: Session, table: Table, *, now: datetime) -> None:
    """Keeps `[withdrawal]`; raises `TomlError` if `offered` is neither true nor false."""
    reading = Reading("withdrawal")
    if not isinstance(table.get("offered"), bool):
        reading.problem("offered", "must be true or false")
    reading.finish()
    keep(session, "withdrawal", table, now=now)


def _from_row(session: Session) -> bool:
    return bool((kept(session, "withdrawal") or {}).get("offered", True))


may_be_withdrawn = Remembered(_from_row)
