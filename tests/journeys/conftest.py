"""What a journey starts from: a browser, a demo newsroom that is already loaded, and people who visit it."""

import os
import random
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser import PATIENCE_MS, OpenWindow
from tests.journeys.demo import Demo, load, running
from tests.journeys.pictures import folder
from tests.journeys.visitor import Visitor

Visit = Callable[..., Visitor]

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo as `make run` leaves it; tests run copies of it."""
    return load(tmp_path_factory.mktemp("loaded") / "instance")


@pytest.fixture
def live(loaded: Demo, tmp_path: Path) -> Iterator[Demo]:
    """A demo of this test's own, as real processes. No log of theirs may hold an error that nobody caught."""
    with running(loaded, tmp_path / "instance") as demo:
        yield demo
    assert demo.tracebacks() == []


@pytest.fixture
def visit(open_window: OpenWindow, live: Demo) -> Visit:
    """Lets people come by, each with a browser of their own."""

    def come(*, width: int = 1280, dark: bool = False, scripts: bool = True) -> Visitor:
        return Visitor(open_window(width=width, dark=dark, javascript=scripts), live, scripts, folder())

    return come


@pytest.fixture
def chance() -> random.Random:
    """Chance that can be repeated: the seed stands in what a failed test prints."""
    seed = os.environ.get("SEED") or secrets.token_hex(4)
    print(f"SEED={seed}")  # noqa: T201 - whoever repeats a failed journey needs it
    return random.Random(seed)
