"""Effects of refunds, disputes, payouts, and the balance's settings."""

from datetime import UTC, datetime

from tests.stripe_sandbox.acting import Effect, Json, Stage
from tests.stripe_sandbox.steps import DAY

API = "https://docs.stripe.com/api"
REFUNDS, DISPUTES, PAYOUTS = "POST /v1/refunds", "POST /v1/disputes/{id}", "POST /v1/payouts"
SETTINGS = "POST /v1/balance_settings"


def of_charge(stage: Stage) -> tuple[str, Json]:
    return "", {"charge": stage.charge()["id"]}


def two_charges(stage: Stage) -> tuple[str, Json]:
    """Leaves a payment and a part of another given back."""
    charge, refunded = stage.charge(700, "usd"), stage.charge()
    refund = stage.call(REFUNDS, "", {"charge": refunded["id"], "amount": 200})
    stage.notes |= {"charge": charge["id"], "intent": charge["payment_intent"], "refund": refund["id"]}
    stage.notes |= {"refunded": refunded["id"], "refunded_intent": refunded["payment_intent"]}
    return "", {"limit": 100}


def of_dispute(stage: Stage) -> tuple[str, Json]:
    return stage.dispute()["id"], {}


def two_disputes(stage: Stage) -> tuple[str, Json]:
    first, _second = stage.dispute(), stage.dispute()
    stage.notes |= {"charge": first["charge"], "intent": first["payment_intent"]}
    for charge in (first["charge"], stage.charge()["id"]):
        assert stage.browser.post_json("/_sandbox/fraud_warnings", {"charge": charge}).status == 200
    return "", {"limit": 100}


def of_payout(stage: Stage) -> tuple[str, Json]:
    stage.notes["payout"] = stage.payout()["id"]
    stage.charge(700)
    return "", {"limit": 100}


def of_available_money(stage: Stage) -> tuple[str, Json]:
    stage.available()
    return "", {"amount": 100, "currency": "eur"}


def of_available_dollars(stage: Stage) -> tuple[str, Json]:
    stage.available()
    stage.charge(1000, "usd")
    stage.browser.advance(8 * DAY)
    return "", {"amount": 100}


def time_of(stage: Stage) -> int:
    return int(stage.browser.get("/_sandbox/health").json["now"])


def tomorrow(stage: Stage) -> tuple[str, Json]:
    stage.notes["tomorrow"] = time_of(stage) + DAY
    return "", {}


def evidence(text: str) -> Json:
    return {"evidence": {"uncategorized_text": text}}


def schedule(**given: object) -> Json:
    return {"payments": {"payouts": {"schedule": given}}}


def amounts_arrived(stage: Stage, _payout: Json) -> list[int]:
    stage.browser.advance(5 * DAY)
    return [each["amount"] for each in stage.events("payout.paid")]


def later_status(stage: Stage, dispute: Json) -> str:
    return str(stage.get(f"/v1/disputes/{dispute['id']}")["status"])


def payouts_after(stage: Stage, _settings: Json) -> int:
    stage.charge(1000)
    stage.browser.advance(8 * DAY)
    return len(stage.all("/v1/payouts"))


def weekdays_of_payouts(stage: Stage, _settings: Json) -> set[int]:
    for _ in range(3):
        stage.charge(1000)
        stage.browser.advance(9 * DAY)
    # 1 January 1970 was a Thursday.
    return {(each["created"] // DAY + 3) % 7 for each in stage.all("/v1/payouts")}


def are_on_last_days(stage: Stage, _settings: Json) -> set[bool]:
    for _ in range(3):
        stage.charge(1000)
        stage.browser.advance(31 * DAY)
    tomorrows = [datetime.fromtimestamp(each["created"] + DAY, UTC) for each in stage.all("/v1/payouts")]
    return {tomorrow.day == 1 for tomorrow in tomorrows}


GIVING_BACK = (
    Effect(
        REFUNDS, {"amount": 200}, "charge.amount_refunded", "https://docs.stripe.com/refunds#issuing", of_charge,
        lambda s, made: s.get(f"/v1/charges/{made['charge']}")["amount_refunded"], 200,
    ),
    Effect(
        REFUNDS, {"amount": 200}, "charge.refunded event", "https://docs.stripe.com/refunds#issuing", of_charge,
        lambda s, made: s.events("charge.refunded")[0]["refunded"], False,
    ),
    Effect(
        REFUNDS, {"reason": "fraudulent"}, "charge.fraud_details", f"{API}/refunds/create#create_refund-reason",
        of_charge, lambda s, made: s.get(f"/v1/charges/{made['charge']}")["fraud_details"],
        {"user_report": "fraudulent"},
    ),
    Effect(
        REFUNDS, {"metadata": {"by": "finance"}}, "refund.created event", f"{API}/metadata", of_charge,
        lambda s, made: s.events("refund.created")[0]["metadata"], {"by": "finance"},
    ),
    Effect(
        "POST /v1/refunds/{id}", {"metadata": {"by": "finance"}}, "refund.updated event", f"{API}/refunds/update",
        lambda s: (s.call(REFUNDS, "", of_charge(s)[1])["id"], {}),
        lambda s, made: [each["metadata"] for each in s.events("refund.updated")], [{"by": "finance"}],
    ),
    Effect(
        DISPUTES, evidence("winning_evidence"), "dispute.status", "https://docs.stripe.com/testing#evidence",
        of_dispute, later_status, "won",
    ),
    Effect(
        DISPUTES, evidence("winning_evidence"), "charge.dispute.funds_reinstated event",
        "https://docs.stripe.com/testing#evidence", of_dispute,
        lambda s, made: len(later_status(s, made) and s.events("charge.dispute.funds_reinstated")), 1,
        otherwise=evidence("anything"),
    ),
    Effect(
        DISPUTES, evidence("losing_evidence"), "charge.dispute.closed event",
        "https://docs.stripe.com/testing#evidence", of_dispute,
        lambda s, made: later_status(s, made) and [each["status"] for each in s.events("charge.dispute.closed")],
        ["lost"], otherwise=evidence("anything"),
    ),
    Effect(
        DISPUTES, {"evidence": {"customer_name": "Olena"}}, "dispute.evidence_details",
        f"{API}/disputes/update#update_dispute-evidence", of_dispute,
        lambda s, made: (made["evidence"]["customer_name"], made["status"], made["evidence_details"]["has_evidence"]),
        ("Olena", "under_review", True),
    ),
    Effect(
        DISPUTES, {"submit": False}, "dispute.status", f"{API}/disputes/update#update_dispute-submit",
        lambda s: (s.dispute()["id"], {"evidence": {"customer_name": "Olena"}}),
        lambda s, made: made["status"], "needs_response",
    ),
    Effect(
        DISPUTES, {"metadata": {"case": "7"}}, "charge.dispute.updated event", f"{API}/metadata", of_dispute,
        lambda s, made: [each["metadata"] for each in s.events("charge.dispute.updated")], [{"case": "7"}],
    ),
    Effect(
        "POST /v1/disputes/{id}/close", {}, "charge.dispute.closed event", f"{API}/disputes/close", of_dispute,
        lambda s, made: [each["status"] for each in s.events("charge.dispute.closed")], ["lost"],
    ),
)  # fmt: skip

PAID_OUT = (
    Effect(
        PAYOUTS, {"amount": 300}, "balance.available", f"{API}/payouts/create", of_available_money,
        lambda s, made: s.funds(), 660, otherwise={"amount": 200},
    ),
    Effect(
        PAYOUTS, {"description": "For March"}, "balance_transaction.description", f"{API}/payouts/create",
        of_available_money,
        lambda s, made: s.line_of(made)["description"], "For March",
    ),
    Effect(
        PAYOUTS, {"statement_descriptor": "PAPER"}, "payout.created event",
        f"{API}/payouts/create#create_payout-statement_descriptor", of_available_money,
        lambda s, made: s.events("payout.created")[0]["statement_descriptor"], "PAPER",
    ),
    Effect(
        PAYOUTS, {"metadata": {"month": "3"}}, "payout.metadata", f"{API}/metadata", of_available_money,
        lambda s, made: s.get(f"/v1/payouts/{made['id']}")["metadata"], {"month": "3"},
    ),
    Effect(
        PAYOUTS, {"amount": 300}, "payout.paid event days later", "https://docs.stripe.com/payouts", of_available_money,
        amounts_arrived, [300], otherwise={"amount": 200},
    ),
    Effect(
        "POST /v1/payouts/{id}", {"metadata": {"month": "3"}}, "payout.updated event", f"{API}/payouts/update",
        lambda s: (s.payout()["id"], {}),
        lambda s, made: [each["metadata"] for each in s.events("payout.updated") if each["metadata"]], [{"month": "3"}],
    ),
    Effect(
        "POST /v1/payouts/{id}/cancel", {}, "payout.canceled event and balance.available", f"{API}/payouts/cancel",
        lambda s: (s.call(PAYOUTS, "", of_available_money(s)[1])["id"], {}),
        lambda s, made: (len(s.events("payout.canceled")), s.funds()), (1, 960),
    ),
    Effect(
        SETTINGS, schedule(interval="manual"), "whether payouts are made", "https://docs.stripe.com/payouts#payout-schedule",
        lambda s: ("", {}), payouts_after, 0,
    ),
    Effect(
        SETTINGS, schedule(interval="weekly", weekly_payout_days=["wednesday"]), "on which days payouts are made",
        "https://docs.stripe.com/payouts#payout-schedule", lambda s: ("", {}), weekdays_of_payouts, {2},
    ),
    Effect(
        SETTINGS, schedule(interval="monthly", monthly_payout_days=[31]), "on which days payouts are made",
        "https://docs.stripe.com/payouts#payout-schedule", lambda s: ("", {}), are_on_last_days, {True},
    ),
    Effect(
        SETTINGS, {"payments": {"payouts": {"statement_descriptor": "PAPER"}}}, "payout.statement_descriptor",
        f"{API}/balance-settings/update", lambda s: ("", {}),
        lambda s, made: s.payout()["statement_descriptor"], "PAPER",
    ),
)  # fmt: skip

REQUIRED = (
    Effect(
        PAYOUTS, {"currency": "usd"}, "which balance is paid out", f"{API}/payouts/create#create_payout-currency",
        of_available_dollars, lambda s, made: (made["currency"], s.line_of(made)["currency"]), ("usd", "usd"),
    ),
    Effect(
        REFUNDS, {"charge": "$charge"}, "which charge is refunded", f"{API}/refunds/create#create_refund-charge",
        lambda s: (two_charges(s)[0], {}),
        lambda s, made: s.get(f"/v1/charges/{s.notes['charge']}")["amount_refunded"], 700,
        otherwise={"charge": "$refunded"},
    ),
    Effect(
        "POST /v1/test_helpers/test_clocks", {"frozen_time": "$tomorrow"}, "the clock",
        f"{API}/test_clocks/create#create_test_clock-frozen_time", tomorrow,
        lambda s, made: time_of(s) >= s.notes["tomorrow"], True,
    ),
)  # fmt: skip

MONEY = (*GIVING_BACK, *PAID_OUT, *REQUIRED)
