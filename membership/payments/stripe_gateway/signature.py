"""Stripe's signature on a webhook, checked by Stripe's own library over the raw body."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import stripe

_STAMP = re.compile(r"(?:^|,)t=([0-9]{1,12})(?:,|$)", re.ASCII)


def signed_at(body: bytes, header: str, secrets: Sequence[str]) -> datetime | None:
    """Returns when the body was signed with one of the secrets; `None` if none fits.

    The caller judges the time: the library's own tolerance looks at the past only.
    """
    stamp = _STAMP.search(header)
    if stamp is None or not any(_fits(body, header, secret) for secret in secrets):
        return None
    return datetime.fromtimestamp(int(stamp[1]), UTC)


def _fits(body: bytes, header: str, secret: str) -> bool:
    try:
        return bool(secret) and stripe.WebhookSignature.verify_header(body, header, secret)
    except (stripe.SignatureVerificationError, UnicodeError, TypeError):
        # TypeError: the library compares signatures as ASCII text and raises on `v1=é`.
        return False
