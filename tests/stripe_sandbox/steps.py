"""The steps that tests take: a Checkout session is made, paid on its page, and the clock is moved."""

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from stripe import StripeClient
from stripe.checkout import Session

DAY = 86_400
GOOD = "4242424242424242"
DECLINED = "4000000000000002"
FAILS_LATER = "4000009999999991"
CARD = {"card_expiry": "12/34", "card_cvc": "123"}


def client_of(url: str, key: str = "sk_test_newsroom") -> StripeClient:
    """Returns the SDK's client of a sandbox."""
    addresses: Any = {"api": url, "connect": url, "files": url, "meter_events": url}
    return StripeClient(key, base_addresses=addresses, max_network_retries=0)


@dataclass(frozen=True)
class Answer:
    """What a page or the console answered."""

    status: int
    location: str
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class Browser:
    """Asks for pages as a browser does, without following redirects."""

    url: str

    def get(self, path: str, **headers: str) -> Answer:
        return self._ask("GET", path, None, headers)

    def get_api(self, path: str) -> Any:
        """Returns what a route of the API answers, unread by the SDK."""
        return self._ask("GET", path, None, {"Authorization": "Bearer sk_test_newsroom"}).json

    def post(self, path: str, form: dict[str, str], **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"} | named
        return self._ask("POST", path, urlencode(form).encode(), named)

    def post_json(self, path: str, body: Any) -> Answer:
        return self._ask("POST", path, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def pay(self, session: Session, card: str = GOOD, email: str = "olena@example.org", **typed: str) -> Answer:
        """Fills in the Checkout page of a session and submits it."""
        path = urlsplit(session.url or "").path
        return self.post(path, {"card_number": card, "email": email} | CARD | typed)

    def advance(self, seconds: int) -> None:
        """Moves the sandbox's clock."""
        assert self.post_json("/_sandbox/advance", {"seconds": seconds}).status == 200

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=15)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers.get("Location", ""), answer.read().decode())
        finally:
            connection.close()


def donation(client: StripeClient, amount: int = 500, currency: str = "eur", **changes: Any) -> Session:
    """Makes a Checkout session for money given once."""
    price = {"currency": currency, "unit_amount": amount, "product": "membership_donation"}
    metadata = {"membership_attempt": "a-1"}
    params: Any = {
        "mode": "payment",
        "line_items": [{"price_data": price, "quantity": 1}],
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata},
        "submit_type": "donate",
        "success_url": "http://localhost:8000/support/thanks/r?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://localhost:8000/support",
    }
    return client.v1.checkout.sessions.create(params | changes)


def pledge(client: StripeClient, amount: int = 500, interval: str = "month", **changes: Any) -> Session:
    """Makes a Checkout session for money given every month or year."""
    recurring = {"interval": interval}
    price = {"currency": "eur", "unit_amount": amount, "product": "membership_pledge", "recurring": recurring}
    metadata = {"membership_attempt": "p-1"}
    params: Any = {
        "mode": "subscription",
        "line_items": [{"price_data": price, "quantity": 1}],
        "metadata": metadata,
        "subscription_data": {"metadata": metadata},
        "success_url": "http://localhost:8000/support/thanks/r",
    }
    return client.v1.checkout.sessions.create(params | changes)


def event_types(client: StripeClient) -> list[str]:
    """Returns the types of all events, oldest first."""
    return [str(event.type) for event in client.v1.events.list({"limit": 100}).auto_paging_iter()][::-1]
