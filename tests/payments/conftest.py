"""An application on a real database and a running sandbox, and what a reader, Stripe and the worker do with them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import stripe

from membership.payments.stripe_gateway import client
from membership.settings import Settings
from membership.stripe_sandbox.server import Sandbox, running
from tests.conftest import demo_settings
from tests.money import World, world


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with running(state=tmp_path / "sandbox.db", clock=tmp_path / "clock", deliver=False) as sandbox:
        yield sandbox


@pytest.fixture
def settings(database_url: str, tmp_path: Path, sandbox: Sandbox) -> Settings:
    return demo_settings(database_url, tmp_path, stripe_api_base=sandbox.url)


@pytest.fixture
def newsroom(settings: Settings, sandbox: Sandbox) -> Iterator[World]:
    """A newsroom that is set up at the sandbox; its worker runs when it is told to."""
    with world(settings, sandbox) as made:
        yield made


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits for Stripe, and between tries, a fraction of what a newsroom waits; ask for it before `newsroom`."""
    monkeypatch.setattr(client, "TIMEOUT_SECONDS", 0.6)
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.01)
    monkeypatch.setattr(stripe.HTTPClient, "MAX_DELAY", 0.02)
