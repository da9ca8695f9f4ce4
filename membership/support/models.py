"""The table of requests for help."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Id
from membership.personal import DELETED, personal


class HelpRequest(Base):
    """Somebody asked for help by mail. Kept for two days, to count them."""

    __tablename__ = "help_requests"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    email_key: Mapped[str] = mapped_column(index=True, info=personal(DELETED, "help"))
    network_key: Mapped[str | None] = mapped_column(index=True, info=personal(DELETED, "help"))
    created_at: Mapped[datetime]
