"""The script beside the appeal, in a real browser: it asks once, hears a no, and keeps its counts to itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Page, Route, expect
from sqlalchemy.orm import Session

from membership.clock import SteppedClock
from membership.db import Database
from tests.articles.desk import bring_in_well, write
from tests.browser import OpenWindow
from tests.looked_over import RULES, one_database
from tests.served import served
from tests.topics.people import opened

pytestmark = pytest.mark.usefixtures("problems")

# Looked at in the page itself: Playwright's own waiting is eval, which the page's policy refuses.
UNTIL_SEEN = """
(times) => new Promise((done, fail) => {
  const late = performance.now() + 10000;
  const look = () => {
    if (JSON.parse(localStorage.appeal).seen?.length === times) return done();
    performance.now() > late ? fail(new Error('not seen')) : requestAnimationFrame(look);
  };
  look();
})
"""
PLACES = "['h1', '#appeal', '.foot'].map((each) => document.querySelector(each).getBoundingClientRect().top)"
Asked = list[dict[str, list[str]]]
QUIET = "Thank you for reading."


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """One database is enough here: what a script does in a browser rests on none."""
    return one_database(sqlite_template, tmp_path)


@pytest.fixture
def asked() -> Asked:
    """What travelled with each request for a fragment."""
    return []


@pytest.fixture
def newsroom(database: Database, session: Session, tmp_path: Path, clock: SteppedClock) -> None:
    """Six articles, the last of them short, and an open round."""
    for number in range(5):
        write(tmp_path / "articles", f"a{number}", body="\n\n".join(["The bridge stands. " * 30] * 12))
    write(tmp_path / "articles", "short", body="The bridge stands.")
    bring_in_well(session, tmp_path / "articles", media=tmp_path / "media", now=clock.now())
    opened(database, now=clock.now())


@pytest.fixture
def site(app: Flask, newsroom: None, asked: Asked) -> Iterator[str]:
    """The newsroom as it is served on this machine."""

    def noting(environ: Any, start_response: Any) -> Any:
        if environ["PATH_INFO"].endswith("/appeal"):
            asked.append(
                {**parse_qs(environ["QUERY_STRING"]), **({"cookie": [""]} if "HTTP_COOKIE" in environ else {})}
            )
        return app(environ, start_response)

    with served(noting) as url:
        yield url


def read(page: Page, url: str) -> None:
    """Reads an article to its end, as one does."""
    page.goto(url)
    # In one step: the script may put another appeal in its place at any moment.
    page.evaluate("document.getElementById('appeal').scrollIntoView()")
    expect(page.locator("#appeal[data-fragment]")).to_have_count(0)


def kept(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("JSON.parse(localStorage.appeal)")
    return found


@pytest.mark.parametrize("width", [390, 1280])
def test_not_now_is_heard_and_stays_heard(site: str, open_window: OpenWindow, asked: Asked, width: int) -> None:
    page = open_window(width=width)
    page.context.add_cookies([{"name": "session", "value": "abc", "url": site}])
    page.goto(f"{site}/articles/a0")
    expect(page.get_by_role("button", name="Not now")).to_have_count(0)
    assert asked == []
    read(page, f"{site}/articles/a0")
    page.get_by_text("Why you see this").click()
    expect(page.locator("#appeal")).to_contain_text("at most 4 times a month")
    expect(page.locator("#appeal")).to_contain_text("this browser counts, we do not")
    assert Axe().run(page, options=RULES).violations_count == 0
    page.get_by_role("button", name="Not now").click()
    expect(page.locator("#appeal")).to_contain_text("You said “not now”: we do not ask for 30 days.")
    expect(page.locator("#appeal")).to_be_focused()
    assert Axe().run(page, options=RULES).violations_count == 0
    read(page, f"{site}/articles/a1")
    expect(page.locator("#appeal")).to_contain_text(QUIET)
    expect(page.get_by_role("link", name="Become a patron").and_(page.locator("#appeal a"))).to_have_count(0)
    # Three numbers and nothing else; `site` sees to it that the cookie stays at home.
    assert asked == [
        {"read": ["2"], "seen": ["0"], "not_now": ["0"]},
        {"read": ["2"], "seen": ["1"], "not_now": ["1"]},
        {"read": ["3"], "seen": ["1"], "not_now": ["1"]},
    ]
    assert page.evaluate("Object.keys(localStorage)") == ["appeal"]


def test_after_thirty_days_we_ask_again(site: str, open_window: OpenWindow) -> None:
    page = open_window()
    page.clock.install()
    read(page, f"{site}/articles/a0")
    page.get_by_role("button", name="Not now").click()
    expect(page.locator("#appeal")).to_contain_text(QUIET)
    for days, button in ((29, 0), (2, 1)):
        page.clock.fast_forward(days * 24 * 3600 * 1000)
        read(page, f"{site}/articles/a1")
        expect(page.get_by_role("button", name="Not now")).to_have_count(button)


def test_the_fifth_article_of_a_month_does_not_ask(site: str, open_window: OpenWindow) -> None:
    page = open_window()
    for number in range(4):
        read(page, f"{site}/articles/a{number}")
        expect(page.get_by_role("button", name="Not now")).to_be_visible()
        page.evaluate(UNTIL_SEEN, number + 1)
    read(page, f"{site}/articles/a4")
    expect(page.locator("#appeal")).to_contain_text(QUIET)
    assert len(kept(page)["seen"]) == 4
    assert len(kept(page)["read"]) == 5


def test_an_appeal_counts_when_it_is_seen_and_not_when_it_is_there(site: str, open_window: OpenWindow) -> None:
    page = open_window()
    page.goto(f"{site}/articles/a0")
    page.locator(".prose p").nth(10).scroll_into_view_if_needed()
    expect(page.locator("#appeal[data-fragment]")).to_have_count(0)
    assert "seen" not in kept(page)
    page.evaluate("document.getElementById('appeal').scrollIntoView()")
    page.evaluate(UNTIL_SEEN, 1)


def test_what_one_tab_hears_another_does_not_forget(site: str, open_window: OpenWindow) -> None:
    first = open_window()
    second = first.context.new_page()
    second.goto(f"{site}/articles/a1")
    read(first, f"{site}/articles/a0")
    first.get_by_role("button", name="Not now").click()
    expect(first.locator("#appeal")).to_contain_text(QUIET)
    read(second, f"{site}/articles/a1")
    expect(second.locator("#appeal")).to_contain_text(QUIET)
    assert kept(second)["not_now_until"] > 0


@pytest.mark.parametrize("stored", ["", "{", "5", "null", '{"read":7,"seen":"x","not_now_until":"never"}'])
def test_what_is_broken_in_the_browser_s_store_counts_as_nothing(
    site: str, open_window: OpenWindow, asked: Asked, stored: str
) -> None:
    page = open_window()
    page.goto(f"{site}/topics")
    page.evaluate("text => localStorage.setItem('appeal', text)", stored)
    read(page, f"{site}/articles/short")
    expect(page.get_by_role("button", name="Not now")).to_be_visible()
    assert asked == [{"read": ["1"], "seen": ["0"], "not_now": ["0"]}]


def test_without_a_store_a_no_is_heard_on_the_page_itself(site: str, open_window: OpenWindow) -> None:
    page = open_window()
    page.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error('closed'); } });")
    read(page, f"{site}/articles/a0")
    page.get_by_role("button", name="Not now").click()
    expect(page.locator("#appeal")).to_contain_text("You said “not now”")


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("seen", [0, 4])
def test_what_is_in_sight_does_not_move(site: str, open_window: OpenWindow, width: int, seen: int) -> None:
    page, held = open_window(width=width), list[Route]()
    page.goto(f"{site}/topics")
    page.evaluate("n => localStorage.setItem('appeal', JSON.stringify({ seen: Array(n).fill(Date.now()) }))", seen)
    page.route("**/appeal?*", lambda route: held.append(route))
    # So high that the whole of a short article is in sight, its foot too.
    page.set_viewport_size({"width": width, "height": 1300})
    with page.expect_request("**/appeal?*"):
        page.goto(f"{site}/articles/short")
    before = page.evaluate(PLACES)
    held[0].continue_()
    expect(page.locator("#appeal[data-fragment]")).to_have_count(0)
    assert page.evaluate(PLACES) == before


def test_the_focus_stays_where_it_was(site: str, open_window: OpenWindow) -> None:
    page, held = open_window(), list[Route]()
    page.route("**/appeal?*", lambda route: held.append(route))
    with page.expect_request("**/appeal?*"):
        page.goto(f"{site}/articles/short")
    page.locator("#appeal a.button").focus()
    held[0].continue_()
    expect(page.locator("#appeal[data-fragment]")).to_have_count(0)
    expect(page.locator("#appeal a.button")).to_be_focused()


def test_with_scripts_off_the_appeal_is_whole(site: str, open_window: OpenWindow, asked: Asked) -> None:
    page = open_window(width=390, javascript=False)
    page.goto(f"{site}/articles/a0")
    appeal = page.locator("#appeal")
    for text in ("close this page", "one cup of coffee a month", "vote on what we cover next", "Open vote"):
        expect(appeal).to_contain_text(text)
    expect(appeal.get_by_role("link", name="Become a patron")).to_be_visible()
    expect(appeal.get_by_role("link", name="other ways to support")).to_be_visible()
    expect(appeal.get_by_role("button")).to_have_count(0)
    assert asked == []
