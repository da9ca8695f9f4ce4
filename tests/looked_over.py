"""How a page is looked over in a real browser, and whose window it is."""

import shutil
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from flask.testing import FlaskClient
from playwright.sync_api import Page

from tests.browser import OpenWindow

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]}}


def looks_well(page: Page, *, scripts: bool = True) -> None:
    """Nothing stands beyond the edge, and axe finds nothing; it is a script itself, and rests where there are none."""
    width = page.locator("html").evaluate("html => [html.scrollWidth, html.clientWidth]")
    assert width[0] <= width[1]
    if scripts:
        assert Axe().run(page, options=RULES).response["violations"] == []


def one_database(template: Path, folder: Path) -> str:
    """Makes the one database that is enough where it is looked at pages: they rest on no kind of it."""
    shutil.copy(template, folder / "membership.db")
    return f"sqlite:///{folder / 'membership.db'}"


def telephone_of(client: FlaskClient, open_window: OpenWindow, site: str) -> Page:
    """Opens the telephone of whoever the client has signed in."""
    cookie = client.get_cookie("membership")
    assert cookie is not None
    page = open_window(width=390)
    page.context.add_cookies([{"name": "membership", "value": cookie.value, "url": site}])
    return page
