"""A real browser for tests. Fixtures (loaded by tests/conftest.py):

- `chromium` (session): the running browser, found or installed by tests/chromium.py.
- `open_window`: makes a window, `open_window(width=390)` or `(width=1280, dark=True, javascript=False)`, and returns
  its Playwright `Page`. Each window has cookies of its own. Set `page.goto(base_url + path)` and go.
- `problems`: what went wrong in any window so far. At the end of the test it must be empty: messages of the console,
  errors on pages, requests to any other host than this machine, resources that could not be loaded. A page that is
  itself answered with 4xx is no problem: tests ask for such pages on purpose.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, sync_playwright

from membership.settings import is_loopback
from tests.chromium import find_chromium

HEIGHTS = {390: 844, 1280: 800}
PATIENCE_MS = 15_000
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # Whatever asks for another host fails at once, and is reported as a problem.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)


class OpenWindow(Protocol):
    """Makes a window. `width` in CSS pixels: 390 is a telephone, 1280 a desk."""

    def __call__(self, *, width: int = 1280, dark: bool = False, javascript: bool = True) -> Page: ...


@dataclass
class Problems:
    """Watches windows. `found` are sentences."""

    found: list[str] = field(default_factory=list)
    _answered_badly: set[str] = field(default_factory=set)

    def watch(self, page: Page) -> None:
        page.on("response", self._note_response)
        page.on("console", self._note_console)
        page.on("pageerror", lambda error: self.found.append(f"{page.url}: {error}"))
        page.on("request", self._note_request)

    def _note_response(self, response: Response) -> None:
        if response.request.is_navigation_request() and response.status >= 400:
            self._answered_badly.add(response.url)

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning") or message.location.get("url") in self._answered_badly:
            return
        self.found.append(f"{message.page.url if message.page else '?'}: {message.text}")

    def _note_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme != "data" and not is_loopback(parts.hostname or ""):
            self.found.append(f"{request.frame.url} asks for {request.url}")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    flags = [*FLAGS, *(("--no-sandbox",) if os.geteuid() == 0 else ())]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=flags)
        yield browser
        browser.close()


@pytest.fixture
def problems() -> Iterator[Problems]:
    problems = Problems()
    yield problems
    assert problems.found == []


@pytest.fixture
def open_window(chromium: Browser, problems: Problems) -> Iterator[OpenWindow]:
    contexts = []

    def open_(*, width: int = 1280, dark: bool = False, javascript: bool = True) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": HEIGHTS.get(width, 800)},
            color_scheme="dark" if dark else "light",
            java_script_enabled=javascript,
            locale="en-GB",
        )
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        problems.watch(page)
        return page

    yield open_
    for context in contexts:
        context.close()
