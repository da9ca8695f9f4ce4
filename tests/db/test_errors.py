"""What a statement carried does not stand in its error."""

from datetime import datetime

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from membership.db import transaction
from membership.newsroom.models import SiteVersion
from membership.web.logs import without_secrets


def test_an_error_shows_no_values(session: Session, now: datetime) -> None:
    with pytest.raises(DBAPIError) as caught, transaction(session):
        session.add(SiteVersion(id=2, number=1, site_id="a code on its way to a log"))
        session.flush()
    line = without_secrets(None, "error", {"exception": str(caught.value)})
    assert "a code on its way to a log" not in str(line)
