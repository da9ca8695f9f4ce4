"""The browser of the tests: found on every machine, and no problem on a page goes unseen."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.wrappers import Request, Response

from tests.browser import OpenWindow, Problems
from tests.chromium import NoChromium, find_chromium
from tests.served import served

PAGES = {
    "/good": "<title>Good</title><p>Good",
    "/broken-script": "<script>nothing.at.all()</script>",
    "/console": "<script>console.error('something is wrong')</script>",
    "/elsewhere": "<img src='http://elsewhere.example/picture.png' alt=''>",
    "/missing-picture": "<img src='/nowhere.png' alt=''>",
}


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with served(_answer) as url:
        yield url


@Request.application
def _answer(request: Request) -> Response:
    if request.path in PAGES:
        return Response(PAGES[request.path], mimetype="text/html")
    if request.path == "/favicon.ico":
        return Response(status=204)
    return Response("Nothing here", 404, mimetype="text/html")


@pytest.mark.parametrize("width", [390, 1280])
def test_a_good_page_has_no_problem(site: str, open_window: OpenWindow, problems: Problems, width: int) -> None:
    page = open_window(width=width, dark=True, javascript=False)

    page.goto(f"{site}/good")

    assert page.title() == "Good"
    assert page.viewport_size is not None
    assert page.viewport_size["width"] == width
    assert problems.found == []


def test_a_page_that_is_missing_on_purpose_is_no_problem(
    site: str, open_window: OpenWindow, problems: Problems
) -> None:
    page = open_window()

    answer = page.goto(f"{site}/nowhere")

    assert answer is not None
    assert answer.status == 404
    assert problems.found == []


@pytest.mark.parametrize("path", ["/broken-script", "/console", "/elsewhere", "/missing-picture"])
def test_a_problem_on_a_page_is_noticed(site: str, open_window: OpenWindow, problems: Problems, path: str) -> None:
    page = open_window()

    page.goto(f"{site}{path}", wait_until="networkidle")

    assert problems.found
    problems.found.clear()


def test_without_any_browser_the_reason_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    with pytest.raises(NoChromium, match=r"(?s)PATH: none of.*apt: not root.*npm: "):
        find_chromium()
