"""The sandbox, and the real Stripe beside it where somebody names a test account.

`MEMBERSHIP_TEST_STRIPE_KEY=sk_test_… make test` runs the tests that are marked `anywhere` at Stripe too. What they make
there they name and take away again, as far as Stripe lets them; products and sessions stay.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import stripe
from stripe import StripeClient

from membership.stripe_sandbox.server import running
from tests.stripe_sandbox.steps import client_of

SETTING = "MEMBERSHIP_TEST_STRIPE_KEY"


@dataclass(frozen=True)
class Account:
    """A place that claims to be Stripe."""

    client: StripeClient


def places() -> tuple[str, ...]:
    """Lists where marked tests run. A live key is refused: tests make things and charge cards."""
    key = os.environ.get(SETTING, "")
    if not key:
        return ("sandbox",)
    if not key.startswith(("sk_test_", "rk_test_")):
        raise pytest.UsageError(f"{SETTING} must be the key of a test account: it begins with sk_test_ or rk_test_.")
    return ("sandbox", "stripe")


def standing(place: str, folder: Path) -> Iterator[Account]:
    """Yields an account at a place, and ends what it started."""
    if place == "stripe":
        key = os.environ[SETTING]
        yield Account(StripeClient(key, stripe_version=stripe.api_version, max_network_retries=2))
        return
    with running(state=folder / "sandbox.db", clock=folder / "clock", deliver=False) as sandbox:
        yield Account(client_of(sandbox.url))
