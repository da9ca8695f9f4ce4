"""Gifts of the past for figures about money: an attempt for each here, and what the sandbox is told to make of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Any

from sqlalchemy.orm import Session

from membership.money import Money
from membership.newsroom.site_version import site_id
from membership.payments.attempts import Wish, begin
from membership.payments.setting_up import DONATION, PLEDGE
from membership.web.signing import hashed


@dataclass(frozen=True)
class Gift:
    """What somebody gave: `cadence` is once, month or year."""

    email: str
    cadence: str
    amount: Money
    days_ago: int


def plan(session: Session, gifts: Iterable[Gift], *, now: datetime) -> dict[str, Any]:
    """Keeps an attempt for each gift, and returns what `POST /_sandbox/seed` takes."""
    site = site_id(session)
    planned: dict[str, Any] = {"donations": [], "patrons": []}
    for gift in gifts:
        row = _row(session, gift, site, now=now)
        if gift.cadence == "once":
            planned["donations"].append(row | {"product": DONATION, "days_ago": gift.days_ago})
        else:
            interval = {"interval": gift.cadence, "started_days_ago": gift.days_ago}
            planned["patrons"].append(row | {"product": PLEDGE} | interval)
    return planned


def _row(session: Session, gift: Gift, site: str, *, now: datetime) -> dict[str, Any]:
    wish = Wish(
        cadence=gift.cadence,
        amount=gift.amount,
        email=gift.email,
        email_key=gift.email,
        account_id=None,
        article_slug=None,
        language="en",
        network_key=None,
    )
    attempt = begin(session, hashed(token_urlsafe()), wish, now=now - timedelta(days=gift.days_ago)).attempt
    return {
        "email": gift.email,
        "amount_minor": gift.amount.minor,
        "currency": gift.amount.currency.lower(),
        "client_reference_id": attempt.reference,
        "metadata": {"membership_site": site, "membership_attempt": attempt.reference},
    }
