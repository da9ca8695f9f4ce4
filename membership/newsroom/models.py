"""Tables of the newsroom's own words and of the version of the public site."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base


class NewsroomSetting(Base):
    """One table of newsroom.toml, kept as it was read."""

    __tablename__ = "newsroom_settings"

    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)
    changed_at: Mapped[datetime]


class SiteVersion(Base):
    """One row: a number that grows whenever a public page changes, and the random name of this site at Stripe."""

    __tablename__ = "site_version"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int]
    site_id: Mapped[str]
