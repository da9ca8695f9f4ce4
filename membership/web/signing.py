"""Short texts that only we can have written, with a purpose and a time. No row, no cookie."""

import secrets
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer

from membership.web.current import current_settings


class BadSignature(Exception):  # noqa: N818 - said of the text, not of the program
    """The text is not ours, is damaged, serves another purpose or is too old."""


def sign(purpose: str, value: str, *, now: datetime) -> str:
    """Signs `value` for `purpose` at `now`; the result fits into a URL or a hidden field."""
    return _serializer(purpose).dumps([value, int(now.timestamp())])


def unsign(purpose: str, text: str, *, life: timedelta, now: datetime) -> str:
    """Returns the value of a signed text that is not older than `life`; raises `BadSignature` otherwise."""
    try:
        value, signed_at = _serializer(purpose).loads(text)
        age = now - datetime.fromtimestamp(signed_at, UTC)
    except (BadData, ValueError, TypeError, OverflowError) as error:
        raise BadSignature(purpose) from error
    if not isinstance(value, str) or age > life:
        raise BadSignature(purpose)
    return value


def fresh_token(purpose: str, *, now: datetime) -> str:
    """Makes a random token for one form, signed."""
    return sign(purpose, secrets.token_urlsafe(18), now=now)


def hashed(text: str) -> str:
    """Returns the SHA-256 of a random secret, as hex: what the database keeps in its place."""
    return sha256(text.encode()).hexdigest()


def _serializer(purpose: str) -> URLSafeSerializer:
    # The newest key signs; the older ones of a rotation still verify. itsdangerous wants the newest last.
    made: dict[str, URLSafeSerializer] = current_app.extensions.setdefault("serializers", {})
    if purpose not in made:
        keys = list(reversed(current_settings().secret_keys))
        made[purpose] = URLSafeSerializer(
            keys,
            salt=f"membership.{purpose}",
            signer_kwargs={"digest_method": sha256, "key_derivation": "hmac"},
        )
    return made[purpose]
