"""One person at one browser, who looks at pages as a person does."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.journeys.demo import Demo
from tests.journeys.pictures import take_picture

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
RULES = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}


@dataclass
class Visitor:
    """A window of its own, with cookies of its own. `pictures`: where pictures of pages are kept, if at all."""

    page: Page
    demo: Demo
    scripts: bool = True
    pictures: Path | None = None

    def go(self, path: str, *, status: int = 200) -> None:
        """Goes to a path of the newsroom, or to a whole address."""
        url = path if path.startswith("http://") else self.demo.base_url + path
        response = self.page.goto(url)
        assert response is not None
        assert response.status == status, f"{url} answers {response.status}"

    def follow(self, link: str | re.Pattern[str], *, within: str = "main") -> None:
        """Follows a link by what it says."""
        self.page.locator(within).get_by_role("link", name=link).first.click()

    def press(self, button: str | re.Pattern[str]) -> None:
        """Presses a button by what it says."""
        self.page.get_by_role("button", name=button).click()

    def sees(self, *texts: str | re.Pattern[str]) -> None:
        """Waits until each text stands on the page."""
        for text in texts:
            expect(self.page.locator("body")).to_contain_text(text)

    def heading(self, text: str | re.Pattern[str]) -> None:
        """Waits until the page's heading says so."""
        expect(self.page.locator("h1")).to_contain_text(text)

    def at(self, path: str) -> None:
        """Waits until the browser has come to a path."""
        expect(self.page).to_have_url(re.compile(re.escape(path) + r"(\?|#|$)"))

    def words(self, of: str = "h1") -> str:
        """Returns the words of one element."""
        return self.page.locator(of).inner_text().strip()

    def look_over(self, *, picture: str = "") -> None:
        """Looks for what keeps people out: anything against WCAG 2.2 AA, and a page wider than its window."""
        self._measure()
        if self.scripts:
            self._ask_axe()
        if picture and self.pictures is not None:
            self.page.emulate_media(color_scheme="light", reduced_motion="reduce")
            take_picture(self.page, self.pictures / f"{picture}.png")

    def has_no_cookie(self) -> bool:
        """Says whether this browser was given nothing to remember."""
        return self.page.context.cookies() == []

    def _measure(self) -> None:
        html = self.page.locator("html")
        width = html.evaluate("html => [html.scrollWidth, html.clientWidth]")
        assert width[0] <= width[1], f"{self.page.url} is {width[0]} px wide in a window of {width[1]} px"

    def _ask_axe(self) -> None:
        found = Axe().run(self.page, options=RULES)
        assert found.violations_count == 0, f"{self.page.url}\n" + "\n".join(_told(found.response["violations"]))


def _told(violations: list[dict[str, object]]) -> Iterator[str]:
    for each in violations:
        nodes = each["nodes"]
        assert isinstance(nodes, list)
        yield f"{each['id']}: {each['help']}: " + " · ".join(str(node["html"])[:200] for node in nodes[:3])
