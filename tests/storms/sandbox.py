"""What a storm asks of the sandbox: its own lists of what happened, and its console; nothing of the app is used."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.storms.asking import ask_once

PAGE = 100
# Ten thousand gifts of the past take minutes on a busy machine.
PATIENCE_SECONDS = 900
AUTHORIZED = {"Authorization": "Bearer sk_test_invented"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CARD = {"card_number": "4242424242424242", "card_expiry": "12/34", "card_cvc": "123", "email": "donor@example.org"}


@dataclass(frozen=True)
class Stripe:
    """The sandbox that plays Stripe, on a port of this machine."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def every(self, kind: str, **filters: str) -> Iterator[dict[str, Any]]:
        """Yields all objects of a list of the API, the newest first."""
        after: dict[str, str] = {}
        while True:
            page = self.get(f"{kind}?{urlencode({'limit': str(PAGE), **filters, **after})}")
            yield from page["data"]
            if not page["has_more"]:
                return
            after = {"starting_after": page["data"][-1]["id"]}

    def get(self, path: str) -> Any:
        """Returns what a route of the API answers."""
        return _answered(self.port, "GET", f"/v1/{path}", None, AUTHORIZED)

    def post(self, path: str, **params: str) -> Any:
        """Calls the API and returns its answer."""
        return _answered(self.port, "POST", f"/v1/{path}", urlencode(params).encode(), AUTHORIZED | FORM)

    def console(self, path: str, body: Mapping[str, Any]) -> Any:
        """Tells the console something and returns what it answers."""
        headers = {"Content-Type": "application/json"}
        return _answered(self.port, "POST", f"/_sandbox/{path}", json.dumps(body).encode(), headers)

    def now(self) -> int:
        """Says what time it is, for the app too: Unix seconds."""
        return int(_answered(self.port, "GET", "/_sandbox/health", None, {})["now"])

    def advance(self, seconds: int) -> None:
        """Moves the clock of all processes ahead."""
        self.console("advance", {"seconds": seconds})

    def pay(self, checkout_url: str) -> bool:
        """Fills in the hosted page with a good card; says whether it was taken."""
        path, headers = urlsplit(checkout_url).path, FORM | {"Sec-Fetch-Site": "same-origin"}
        return ask_once(self.port, "POST", path, urlencode(CARD).encode(), headers).status == 303

    def balance(self) -> dict[str, int]:
        """Returns all that the account holds, in minor units by currency."""
        balance, sums = self.get("balance"), dict[str, int]()
        for part in (*balance["available"], *balance["pending"], *balance.get("connect_reserved", ())):
            currency = part["currency"].upper()
            sums[currency] = sums.get(currency, 0) + part["amount"]
        return sums


def _answered(port: int, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Any:
    answer = ask_once(port, method, path, body, headers, seconds=PATIENCE_SECONDS)
    assert answer.status == 200, f"{method} {path}: {answer.status} {answer.text[:300]}"
    return json.loads(answer.text)
