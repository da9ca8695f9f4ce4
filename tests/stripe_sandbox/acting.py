"""What an effect is: a call with a parameter, and something observable that is different because of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from stripe import StripeClient

from tests.stripe_sandbox.money_steps import paid
from tests.stripe_sandbox.receiver import Receiver
from tests.stripe_sandbox.steps import DAY, GOOD, Browser, pledge

Json: TypeAlias = dict[str, Any]


@dataclass
class Stage:
    """A running sandbox with somebody who pays, and an endpoint that takes webhooks."""

    client: StripeClient
    browser: Browser
    receiver: Receiver
    notes: Json = field(default_factory=dict)

    def call(self, call: str, object_id: str, params: Json) -> Json:
        """Calls the API as the SDK does, by method and path, and returns the JSON of the answer."""
        method, path = call.split()
        answer = self.client.raw_request(method.lower(), path.replace("{id}", object_id), **params)
        body: Json = answer.data
        return body

    def get(self, path: str) -> Json:
        """Returns what a route of the API answers."""
        body: Json = self.browser.get_api(path)
        assert "error" not in body, body
        return body

    def all(self, path: str) -> list[Json]:
        """Returns the objects of a list, newest first."""
        data: list[Json] = self.get(f"{path}{'&' if '?' in path else '?'}limit=100")["data"]
        return data

    def events(self, kind: str) -> list[Json]:
        """Returns the objects that events of a type carried, newest first."""
        return [event["data"]["object"] for event in self.all(f"/v1/events?type={kind}")]

    def charge(self, amount: int = 500, currency: str = "eur", card: str = GOOD) -> Json:
        """Makes a donation and returns its charge."""
        return self.get(f"/v1/charges/{paid(self.client, self.browser, amount, currency, card).id}")

    def charge_of(self, session: Json, card: str = GOOD, **typed: str) -> Json:
        """Pays a Checkout session and returns the charge."""
        self.pay(session, card, **typed)
        intent = self.get(f"/v1/checkout/sessions/{session['id']}?expand[]=payment_intent.latest_charge")
        charge: Json = intent["payment_intent"]["latest_charge"]
        return charge

    def pay(self, session: Json, card: str = GOOD, **typed: str) -> str:
        """Pays a Checkout session on its page and returns where that leads."""
        form = {"card_number": card, "email": "olena@example.org", "card_expiry": "12/34", "card_cvc": "123"}
        answer = self.browser.post(f"/c/pay/{session['id']}", form | typed)
        assert answer.status == 303, answer.text
        return answer.location

    def line_of(self, booked: Json) -> Json:
        """Returns the balance transaction of a charge, refund or payout."""
        return self.get(f"/v1/balance_transactions/{booked['balance_transaction']}")

    def page(self, session: Json) -> str:
        """Returns the HTML of a Checkout session's page."""
        return self.browser.get(f"/c/pay/{session['id']}").text

    def subscription(self, card: str = GOOD) -> Json:
        """Makes a paid pledge of 5 EUR a month and returns its subscription."""
        session = pledge(self.client)
        assert self.browser.pay(session, card).status == 303
        made = self.get(f"/v1/checkout/sessions/{session.id}?expand[]=subscription")
        subscription: Json = made["subscription"]
        return subscription

    def dispute(self) -> Json:
        """Lets a payment of 20 EUR be disputed."""
        dispute: Json = self.browser.post_json("/_sandbox/disputes", {"charge": self.charge(2000)["id"]}).json
        return dispute

    def payout(self) -> Json:
        """Returns the automatic payout of a payment of 10 EUR."""
        self.charge(1000)
        self.browser.advance(8 * DAY)
        return self.all("/v1/payouts")[0]

    def available(self, amount: int = 1000) -> None:
        """Lets a payment lie available on the balance, with payouts by hand."""
        schedule = {"interval": "manual"}
        self.call("POST /v1/balance_settings", "", {"payments": {"payouts": {"schedule": schedule}}})
        self.charge(amount)
        self.browser.advance(8 * DAY)

    def funds(self) -> int:
        """Returns what is available in EUR."""
        available: list[Json] = self.get("/v1/balance")["available"]
        return sum(each["amount"] for each in available if each["currency"] == "eur")


@dataclass(frozen=True)
class Effect:
    """One row of the table.

    `call` is method and path. `given` is sent on top of what `prepare` returns (the path's id and the parameters that
    the call needs), and then `see`, which gets the answer, must find `expected`; with `otherwise` in the place of
    `given` it must not. A value such as `$charge` stands for what `prepare` noted under that name. `changes` names
    what is looked at, `page` the page of Stripe's documentation that says so. A row whose `given` is empty is about
    the call itself.
    """

    call: str
    given: Json
    changes: str
    page: str
    prepare: Callable[[Stage], tuple[str, Json]]
    see: Callable[[Stage, Json], Any]
    expected: Any
    otherwise: Json = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.call} {' '.join(params_of(self.given)) or '()'} -> {self.changes}"


def params_of(given: Any, at: str = "") -> list[str]:
    """Returns the dotted paths of parameters, as routes list what they act on."""
    if isinstance(given, dict):
        return [path for name, below in given.items() for path in params_of(below, f"{at}.{name}" if at else name)]
    if isinstance(given, list) and any(isinstance(each, dict) for each in given):
        return sorted({path for each in given if isinstance(each, dict) for path in params_of(each, at)})
    return [at]


def merged(base: Json, given: Json) -> Json:
    """Returns parameters with others on top; mappings are merged, everything else is replaced."""
    result = dict(base)
    for name, value in given.items():
        below = result.get(name)
        both = isinstance(value, dict) and isinstance(below, dict)
        result[name] = merged(below, value) if both else value  # type: ignore[arg-type]
    return result


def filled(value: Any, notes: Json) -> Any:
    """Returns parameters with each `$name` replaced by what was noted under the name."""
    if isinstance(value, dict):
        return {name: filled(below, notes) for name, below in value.items()}
    if isinstance(value, list):
        return [filled(below, notes) for below in value]
    return notes[value[1:]] if isinstance(value, str) and value.startswith("$") else value
