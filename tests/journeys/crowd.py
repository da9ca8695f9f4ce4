"""People who come in and vote without looking at pages, as quickly as a test needs them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

from tests.journeys.demo import Demo
from tests.journeys.steps import link_in


@dataclass
class Caller:
    """A browser without pages: it keeps its cookies, and sends forms as our own pages do."""

    demo: Demo
    email: str
    _opener: OpenerDirector = field(default_factory=lambda: build_opener(HTTPCookieProcessor(CookieJar())))

    def get(self, path: str) -> str:
        """Returns a page. An answer that is no success raises."""
        return self._send(Request(self.demo.base_url + path))  # noqa: S310 - an address of our own

    def post(self, path: str, fields: Sequence[tuple[str, str]] = ()) -> str:
        """Sends a form and returns the page to which it leads."""
        headers = {"Sec-Fetch-Site": "same-origin"}
        return self._send(Request(self.demo.base_url + path, urlencode(fields).encode(), headers))  # noqa: S310 - as above

    def _send(self, request: Request) -> str:
        with self._opener.open(request) as answer:
            text: str = answer.read().decode()
            return text


def vote(demo: Demo, emails: Sequence[str], round_path: str, favourite: str) -> None:
    """Lets people who have no ballot yet come in by their letters; all choose one topic (a slug), most a second too."""
    callers = [Caller(demo, email) for email in emails]
    for caller in callers:
        _ask_for_letter(caller)
    for place, caller in enumerate(callers):
        caller.post(link_in(demo.await_letter(caller.email, "is your code").text))
        offered = sorted(re.findall(r'name="choices" value="([^"]+)"', caller.get(f"{round_path}/ballot")))
        others = [slug for slug in offered if slug != favourite]
        chosen = (favourite, *([others[place % len(others)]] if place else []))
        page = caller.post(f"{round_path}/ballot", (("version", "0"), *(("choices", slug) for slug in chosen)))
        assert "Your vote is in" in page


def _ask_for_letter(caller: Caller) -> None:
    found = re.search(r'name="request" value="([^"]+)"', caller.get("/sign-in"))
    assert found
    caller.post("/sign-in", (("email", caller.email), ("request", found[1]), ("next", "")))
