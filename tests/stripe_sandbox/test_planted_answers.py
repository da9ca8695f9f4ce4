"""The checker of answers against planted errors, over several kinds of objects; subscriptions are in `test_shapes`."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from stripe import StripeClient

from membership.stripe_sandbox.protocol.shapes import problems
from tests.stripe_sandbox.acting import Json, Stage
from tests.stripe_sandbox.receiver import Receiver
from tests.stripe_sandbox.steps import Browser


def at(*path: Any) -> Callable[[Json], Any]:
    """Returns the step to the place in an answer where the last name of the path is."""

    def reach(body: Json) -> Any:
        below: Any = body
        for name in path[:-1]:
            below = below[name]
        return below

    return reach


# Kind of object, the path in it, what is put there (or `gone`), and what the checker says.
GONE = object()
WRONG: list[tuple[str, tuple[Any, ...], Any, str]] = [
    ("charges", ("amount",), "500", "not int"),
    ("charges", ("status",), "paid", "which the SDK does not list"),
    ("charges", ("outcome", "type"), None, "type is null"),
    ("charges", ("billing_details", "address"), [], "address is no object"),
    ("charges", ("invoice",), "in_1", "is not a field"),
    ("charges", ("disputed",), GONE, "disputed is missing"),
    ("balance_transactions", ("type",), "gift", "which the SDK does not list"),
    ("balance_transactions", ("fee_details", 0, "amount"), None, "amount is null"),
    ("balance_transactions", ("fee_details",), {}, "no list"),
    ("balance_transactions", ("net",), 4.5, "not int"),
    ("disputes", ("status",), "forgotten", "which the SDK does not list"),
    ("disputes", ("evidence",), None, "evidence is null"),
    ("disputes", ("evidence_details", "has_evidence"), "no", "not bool"),
    ("disputes", ("balance_transactions", 0, "currency"), GONE, "currency is missing"),
    ("disputes", ("payment_method_details", "card", "case_type"), 1, "not"),
    ("refunds", ("reason",), "mood", "which the SDK does not list"),
    ("refunds", ("amount",), GONE, "amount is missing"),
    ("refunds", ("metadata",), [], "no mapping"),
    ("payouts", ("automatic",), 1, "not bool"),
    ("payouts", ("reconciliation_status",), "soon", "which the SDK does not list"),
    ("payouts", ("arrival_date",), "2027-01-01", "not int"),
    ("payouts", ("trace_id", "status"), GONE, "status is missing"),
    ("invoices", ("lines",), [], "no list object"),
    ("invoices", ("lines", "data", 0, "period"), GONE, "period is missing"),
    ("invoices", ("subscription",), "sub_1", "is not a field"),
    ("invoices", ("status",), "settled", "which the SDK does not list"),
    ("payment_intents", ("status",), "done", "which the SDK does not list"),
    ("payment_intents", ("payment_method_types",), "card", "no list"),
    ("events", ("type",), "pay.day", "which the SDK does not list"),
    ("events", ("data",), None, "data is null"),
    ("radar/early_fraud_warnings", ("actionable",), "yes", "not bool"),
    ("products", ("object",), "produce", "unknown object name"),
]


@pytest.fixture
def stage(client: StripeClient, browser: Browser, receiver: Receiver) -> Stage:
    """A sandbox in which one of each kind stands."""
    stage = Stage(client, browser, receiver)
    stage.subscription()
    stage.payout()
    stage.call("POST /v1/refunds", "", {"charge": stage.charge()["id"], "amount": 1})
    assert browser.post_json("/_sandbox/fraud_warnings", {"charge": stage.charge()["id"]}).status == 200
    stage.dispute()
    return stage


def test_the_checker_finds_every_planted_error(stage: Stage) -> None:
    assert len(WRONG) >= 20
    good = {kind: stage.all(f"/v1/{kind}") for kind, *_ in WRONG}
    good["balance_transactions"] = stage.all("/v1/balance_transactions?type=charge")
    missed = []
    for kind, path, value, words in WRONG:
        body = json.loads(json.dumps(good[kind][0]))
        assert problems(body) == []
        place = at(*path)(body)
        if value is GONE:
            del place[path[-1]]
        else:
            place[path[-1]] = value
        if words not in " ".join(problems(body)):
            missed.append((kind, path, problems(body)))
    assert missed == []
