"""Tables of side effects and of periodic runs."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Id
from membership.personal import BLANKED, KEPT, personal


class OutboxRow(Base):
    """One side effect, written with its cause; (kind, key) makes it happen once. The payload is erased when done."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("kind", "key"),
        Index(
            "ix_outbox_due_at",
            "due_at",
            postgresql_where=text("done_at IS NULL"),
            sqlite_where=text("done_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str]
    key: Mapped[str] = mapped_column(info=personal(KEPT, "books"))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON, info=personal(BLANKED, "letters"))
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    claimed_by: Mapped[str | None]
    claimed_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(info=personal(BLANKED, "letters"))
    done_at: Mapped[datetime | None]


class PeriodicRun(Base):
    """One run of a periodic task; inserting the row is claiming the run."""

    __tablename__ = "periodic_runs"

    name: Mapped[str] = mapped_column(primary_key=True)
    due_at: Mapped[datetime] = mapped_column(primary_key=True)
