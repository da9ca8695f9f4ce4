"""Disputes: the money that goes and comes back, evidence, time, and what a disputed charge no longer allows."""

from typing import Any

import pytest
from stripe import InvalidRequestError, StripeClient

from tests.stripe_sandbox.money_steps import balance_of, disputed, events_of, paid, transactions, types_of
from tests.stripe_sandbox.steps import DAY, Browser

DISPUTES = "charge.dispute"


def test_a_dispute_takes_the_amount_and_a_fee(client: StripeClient, browser: Browser) -> None:
    charge = paid(client, browser, 2000)
    dispute = disputed(client, browser, charge)
    assert (dispute.status, dispute.amount, dispute.currency) == ("needs_response", 2000, "eur")
    assert (dispute.reason, dispute.network_reason_code) == ("fraudulent", "10.4")
    assert dispute.payment_intent == charge.payment_intent
    (line,) = dispute.balance_transactions
    assert (line.amount, line.fee, line.net) == (-2000, 2000, -4000)
    assert (line.type, line.reporting_category, line.source) == ("adjustment", "dispute", dispute.id)
    assert client.v1.charges.retrieve(charge.id).disputed
    assert types_of(client, DISPUTES) == ["charge.dispute.created", "charge.dispute.funds_withdrawn"]
    # 2000 less 55 for the charge, and 4000 for the dispute.
    assert balance_of(client) == {("eur", "pending"): -2055}


def test_winning_evidence_brings_the_amount_back(client: StripeClient, browser: Browser) -> None:
    charge = paid(client, browser, 2000)
    opened = disputed(client, browser, charge)
    sent = client.v1.disputes.update(opened.id, {"evidence": {"uncategorized_text": "winning_evidence"}})
    assert (sent.status, sent.evidence_details.submission_count) == ("under_review", 1)
    won = client.v1.disputes.retrieve(opened.id)
    assert won.status == "won"
    assert [line.net for line in won.balance_transactions] == [-4000, 2000]
    assert [line.reporting_category for line in won.balance_transactions] == ["dispute", "dispute_reversal"]
    assert types_of(client, DISPUTES) == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.updated",
        "charge.dispute.closed",
        "charge.dispute.funds_reinstated",
    ]
    closed = events_of(client, "charge.dispute.closed")[0]
    assert (closed.data.object["status"], closed.data.previous_attributes["status"]) == ("won", "under_review")


def test_losing_evidence_loses_at_once(client: StripeClient, browser: Browser) -> None:
    dispute = disputed(client, browser, paid(client, browser))
    client.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": "losing_evidence"}})
    assert client.v1.disputes.retrieve(dispute.id).status == "lost"
    assert types_of(client, DISPUTES)[-1] == "charge.dispute.closed"


def test_other_evidence_is_under_review_for_sixty_days(client: StripeClient, browser: Browser) -> None:
    dispute = disputed(client, browser, paid(client, browser))
    client.v1.disputes.update(dispute.id, {"evidence": {"customer_name": "Olena Koval"}})
    browser.advance(59 * DAY)
    assert client.v1.disputes.retrieve(dispute.id).status == "under_review"
    browser.advance(DAY + 60)
    after = client.v1.disputes.retrieve(dispute.id)
    assert (after.status, after.evidence_details.past_due) == ("lost", False)


def test_no_answer_by_the_due_date_loses(client: StripeClient, browser: Browser) -> None:
    dispute = disputed(client, browser, paid(client, browser))
    due_by = int(dispute.evidence_details.due_by or 0)
    now = int(browser.get("/_sandbox/health").json["now"])
    assert (due_by + 1) % DAY == 0
    assert 14 * DAY < due_by - now <= 15 * DAY
    browser.advance(due_by - now - 60)
    assert client.v1.disputes.retrieve(dispute.id).status == "needs_response"
    browser.advance(120)
    lost = client.v1.disputes.retrieve(dispute.id)
    assert (lost.status, lost.evidence_details.past_due, lost.evidence_details.has_evidence) == ("lost", True, False)


def test_evidence_can_be_staged_and_sent_later(client: StripeClient, browser: Browser) -> None:
    dispute = disputed(client, browser, paid(client, browser))
    staged = client.v1.disputes.update(
        dispute.id, {"evidence": {"product_description": "A pledge"}, "submit": False, "metadata": {"case": "7"}}
    )
    assert (staged.status, staged.metadata.to_dict()) == ("needs_response", {"case": "7"})
    details = staged.evidence_details
    assert (details.has_evidence, details.submission_count, details.submission_method) == (True, 0, "not_submitted")
    sent = client.v1.disputes.update(dispute.id, {"submit": True})
    assert (sent.status, sent.evidence_details.submission_method) == ("under_review", "manual")
    assert sent.evidence.product_description == "A pledge"


def test_a_dispute_can_be_accepted_once(client: StripeClient, browser: Browser) -> None:
    dispute = disputed(client, browser, paid(client, browser))
    assert client.v1.disputes.close(dispute.id).status == "lost"
    with pytest.raises(InvalidRequestError, match="already closed"):
        client.v1.disputes.close(dispute.id)
    with pytest.raises(InvalidRequestError, match="already closed"):
        client.v1.disputes.update(dispute.id, {"evidence": {"customer_name": "Olena"}})
    assert client.v1.disputes.update(dispute.id, {"metadata": {"seen": "1"}}).metadata.to_dict() == {"seen": "1"}


def test_a_disputed_charge_cannot_be_refunded(client: StripeClient, browser: Browser) -> None:
    charge = paid(client, browser)
    dispute = disputed(client, browser, charge)
    with pytest.raises(InvalidRequestError, match="has been charged back") as refused:
        client.v1.refunds.create({"charge": charge.id})
    assert refused.value.code == "charge_disputed"
    client.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": "winning_evidence"}})
    assert client.v1.refunds.create({"charge": charge.id}).status == "succeeded"


def test_only_what_is_left_is_disputed(client: StripeClient, browser: Browser) -> None:
    charge = paid(client, browser, 20_001, "uah")
    client.v1.refunds.create({"charge": charge.id, "amount": 5_001})
    dispute = disputed(client, browser, charge, reason="duplicate")
    assert (dispute.amount, dispute.currency, dispute.reason) == (15_000, "uah", "duplicate")
    lines = [line for line in transactions(client) if line.type != "payout"]
    assert sum(line.amount for line in lines) == 0
    assert {line.exchange_rate for line in lines} == {0.0205}


def test_disputes_are_listed_by_charge_intent_and_time(client: StripeClient, browser: Browser) -> None:
    first, second = (disputed(client, browser, paid(client, browser)) for _ in range(2))
    lists: Any = client.v1.disputes
    assert [each.id for each in lists.list().data] == [second.id, first.id]
    assert [each.id for each in lists.list({"charge": str(first.charge)}).data] == [first.id]
    assert [each.id for each in lists.list({"payment_intent": str(second.payment_intent)}).data] == [second.id]
    assert lists.list({"created": {"gt": second.created}}).data == []
    expanded: Any = client.v1.disputes.retrieve(first.id, {"expand": ["charge", "payment_intent"]})
    assert (expanded.charge.disputed, expanded.payment_intent.status) == (True, "succeeded")


def test_a_warning_of_fraud_is_actionable_until_something_is_done(client: StripeClient, browser: Browser) -> None:
    refunded, later = paid(client, browser), paid(client, browser)
    for charge in (refunded, later):
        assert browser.post_json("/_sandbox/fraud_warnings", {"charge": charge.id}).status == 200
    warnings = client.v1.radar.early_fraud_warnings
    first, second = (warnings.list({"charge": each.id}).data[0] for each in (refunded, later))
    assert (first.actionable, first.payment_intent) == (True, refunded.payment_intent)
    client.v1.refunds.create({"charge": refunded.id})
    disputed(client, browser, later)
    assert not warnings.retrieve(first.id).actionable
    assert not warnings.retrieve(second.id).actionable
    created, updated = "radar.early_fraud_warning.created", "radar.early_fraud_warning.updated"
    assert types_of(client, "radar") == [created, created, updated, updated]


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/_sandbox/disputes", {}, 400, "Missing required param: charge"),
        ("/_sandbox/disputes", {"charge": "ch_0"}, 400, "No such charge"),
        ("/_sandbox/disputes", {"charge": "ch_0", "colour": "red"}, 400, "unknown parameter"),
        ("/_sandbox/disputes", {"charge": "PAID", "reason": "mood"}, 400, "must be one of"),
        ("/_sandbox/disputes", ["ch_0"], 400, "one JSON object"),
        ("/_sandbox/fraud_warnings", {"payment_intent": "pi_0"}, 400, "No such payment intent"),
        ("/_sandbox/fraud_warnings", {"charge": "PAID", "fraud_type": "mood"}, 400, "must be one of"),
        ("/_sandbox/fraud_warnings", {"charge": "PAID", "reason": "duplicate"}, 400, "unknown parameter"),
        ("/_sandbox/adjustments", {"amount": "much"}, 400, "minor units"),
        ("/_sandbox/adjustments", {"amount": 5, "currency": "gbp"}, 400, "kept in eur"),
        ("/_sandbox/payouts/po_0/failure", {}, 404, "No such payout"),
    ],
)
def test_a_wrong_mishap_gets_a_sentence(
    client: StripeClient, browser: Browser, path: str, body: Any, status: int, words: str
) -> None:
    if isinstance(body, dict) and body.get("charge") == "PAID":
        body = body | {"charge": paid(client, browser).id}
    answer = browser.post_json(path, body)
    assert (answer.status, words in answer.json["error"]["message"]) == (status, True)


def test_a_charge_is_disputed_once(client: StripeClient, browser: Browser) -> None:
    charge, gone = paid(client, browser), paid(client, browser)
    disputed(client, browser, charge)
    client.v1.refunds.create({"charge": gone.id})
    assert browser.post_json("/_sandbox/disputes", {"charge": charge.id}).status == 409
    assert browser.post_json("/_sandbox/disputes", {"charge": gone.id}).status == 409


def test_a_form_leads_back_to_the_console(client: StripeClient, browser: Browser) -> None:
    charge = paid(client, browser)
    assert 'action="/_sandbox/disputes"' in browser.get("/_sandbox").text
    form = {"charge": f" {charge.payment_intent}", "reason": "duplicate"}
    warning = {"charge": charge.id, "fraud_type": "made_with_lost_card"}
    for path, given in (("/_sandbox/fraud_warnings", warning), ("/_sandbox/disputes", form)):
        answer = browser.post(path, given)
        assert (answer.status, answer.location) == (303, "/_sandbox")
    assert [each.reason for each in client.v1.disputes.list().data] == ["duplicate"]
    assert [each.fraud_type for each in client.v1.radar.early_fraud_warnings.list().data] == ["made_with_lost_card"]
    assert browser.post("/_sandbox/disputes", form, Accept="text/html").status == 409
