"""A running sandbox, a client of the real SDK, and an endpoint that takes webhooks."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from stripe import StripeClient, Subscription

from membership.stripe_sandbox.server import Sandbox, running
from tests.stripe_sandbox.receiver import Receiver, receiving
from tests.stripe_sandbox.renewing import begun, sound
from tests.stripe_sandbox.steps import Browser, client_of


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with running(state=tmp_path / "sandbox.db", clock=tmp_path / "clock") as sandbox:
        yield sandbox


@pytest.fixture
def client(sandbox: Sandbox) -> StripeClient:
    client = client_of(sandbox.url)
    client.v1.products.create({"id": "membership_donation", "name": "Donation"})
    client.v1.products.create({"id": "membership_pledge", "name": "Pledge"})
    return client


@pytest.fixture
def browser(sandbox: Sandbox) -> Browser:
    return Browser(sandbox.url)


@pytest.fixture
def early_in_the_month(browser: Browser) -> None:
    """Moves the clock past the first of a month: there Stripe takes its fee for the month before."""
    today = datetime.now(UTC)
    year, month = divmod(today.year * 12 + today.month, 12)
    second = today.replace(year=year, month=month + 1, day=2)
    browser.advance(int((second - today).total_seconds()))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def subscription(client: StripeClient, browser: Browser) -> Subscription:
    """A monthly one, begun just now."""
    return begun(client, browser)


@pytest.fixture
def sound_events(client: StripeClient) -> Iterator[None]:
    """Looks at every event when the test is over: each has the shape of the SDK."""
    yield
    sound(client)
