"""The newsroom of the money tests with a sandbox behind it; and one that loses patience with Stripe quickly."""

import pytest
import stripe

from membership.payments.stripe_gateway import client
from tests.payments.conftest import newsroom, sandbox, settings

__all__ = ["newsroom", "sandbox", "settings"]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits for Stripe, and between tries, a fraction of what a newsroom waits; ask for it before `newsroom`."""
    monkeypatch.setattr(client, "TIMEOUT_SECONDS", 0.6)
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.01)
    monkeypatch.setattr(stripe.HTTPClient, "MAX_DELAY", 0.02)
