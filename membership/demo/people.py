"""Attempts for gifts of the past, kept as the form would have kept them when they were made."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Any

from sqlalchemy.orm import Session

from membership.accounts.addresses import email_key
from membership.money import Money
from membership.newsroom.site_version import site_id
from membership.payments.attempts import Wish, begin
from membership.payments.models import Attempt
from membership.payments.setting_up import PLEDGE
from membership.web.signing import hashed

# The acts of a story that begin a gift, and pay at Checkout.
BEGIN = ("join", "give")


@dataclass(frozen=True)
class Gift:
    """What somebody gave: `cadence` is once, month or year; `began_at` when they filled in the form."""

    email: str
    cadence: str
    amount: Money
    began_at: datetime


def begin_story(
    session: Session, acts: Iterable[Mapping[str, Any]], *, language: str, now: datetime
) -> dict[str, Attempt]:
    """Keeps an attempt for each gift of a story, and returns them by the gifts' keys."""
    return {act["key"]: _attempt(session, _gift(act, now=now), language) for act in acts if act["kind"] in BEGIN}


def plan(session: Session, rows: Iterable[Mapping[str, Any]], *, language: str, now: datetime) -> dict[str, Any]:
    """Keeps an attempt for each invented patron, and returns what `POST /_sandbox/seed` takes."""
    site = site_id(session)
    return {"patrons": [_patron(session, site, row, language=language, now=now) for row in rows]}


def marks(site: str, attempt: Attempt) -> dict[str, str]:
    """Returns the metadata by which what is made at Stripe is found to be of this site and attempt."""
    return {"membership_site": site, "membership_attempt": attempt.reference}


def _gift(act: Mapping[str, Any], *, now: datetime) -> Gift:
    given = act["details"]
    return Gift(
        email=given["email"],
        cadence=given.get("interval", "once"),
        amount=Money(given["amount_minor"], given["currency"].upper()),
        began_at=now - timedelta(days=act["days_ago"], minutes=act["minutes"]),
    )


def _patron(session: Session, site: str, row: Mapping[str, Any], *, language: str, now: datetime) -> dict[str, Any]:
    amount = Money(row["amount_minor"], row["currency"].upper())
    gift = Gift(row["email"], row["interval"], amount, now - timedelta(days=row["started_days_ago"]))
    attempt = _attempt(session, gift, language)
    return {
        **row,
        "product": PLEDGE,
        "client_reference_id": attempt.reference,
        "metadata": marks(site, attempt),
    }


def _attempt(session: Session, gift: Gift, language: str) -> Attempt:
    wish = Wish(
        cadence=gift.cadence,
        amount=gift.amount,
        email=gift.email,
        email_key=email_key(gift.email),
        account_id=None,
        article_slug=None,
        language=language,
        network_key=None,
    )
    return begin(session, hashed(token_urlsafe()), wish, now=gift.began_at).attempt
