"""Signatures of webhooks, and the secrets they are made with: after a roll two for a while, as at Stripe."""

import hashlib
import hmac
from dataclasses import dataclass

from membership.stripe_sandbox.protocol.ids import random_text
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.store import Store

LONGEST_OVERLAP = 86_400


def new_secret() -> str:
    """Returns a fresh secret for an endpoint."""
    return f"whsec_{random_text(32)}"


def roll(store: Store, endpoint: Json, *, overlap: int, now: int) -> str:
    """Gives an endpoint a new secret and returns it; the old one signs too for `overlap` more seconds.

    Stripe has no route for this; it stands in the Dashboard (https://docs.stripe.com/webhooks#roll-endpoint-secrets).
    """
    hidden = store.hidden(endpoint["id"])
    former = [each for each in hidden.get("former", []) if each["until"] > now]
    if overlap:
        former.append({"secret": hidden["secret"], "until": now + overlap})
    secret = new_secret()
    store.put(endpoint, hidden=hidden | {"secret": secret, "former": former})
    return secret


def secrets_of(store: Store, endpoint_id: str, *, now: int) -> list[str]:
    """Returns the secrets that sign an endpoint's deliveries, the newest first."""
    hidden = store.hidden(endpoint_id)
    return [hidden["secret"], *(each["secret"] for each in hidden.get("former", []) if each["until"] > now)]


@dataclass(frozen=True)
class Signing:
    """How one try is signed: seconds by which its timestamp is wrong, and whether the secret is."""

    shift: int = 0
    forged: bool = False


def signature(body: bytes, secrets: list[str], wall: int, how: Signing = Signing()) -> str:
    """Returns the Stripe-Signature header for the real time `wall`, with a `v1` for each secret.

    Source: https://docs.stripe.com/webhooks#verify-manually.
    """
    at = wall + how.shift
    signed = [new_secret()] if how.forged else secrets
    return ",".join([f"t={at}", *(f"v1={_digest(body, secret, at)}" for secret in signed)])


def _digest(body: bytes, secret: str, at: int) -> str:
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
