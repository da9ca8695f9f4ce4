"""Each invariant of money: sound rows break none; what breaks one by raw SQL is named by it, and by nothing else."""

import pytest

from membership.db import Database
from membership.payments.sound_books import INBOX, LEDGER, PAPERS
from membership.payments.sound_payments import ATTEMPTS, PAYMENTS
from membership.wiring import INVARIANTS
from tests.sound_rows import broken_by

_STEP = (
    "INSERT INTO payment_states (id, payment_id, was, now, at, cause_kind) "
    "SELECT {id}, {payment}, '{was}', '{to}', paid_at, 'event' FROM payments WHERE id = 1"
)
_ATTEMPT = (
    "INSERT INTO attempts (id, reference, token_hash, revision, cadence, amount_minor, currency, tries, state, "
    "language, created_at, expires_at) SELECT 9, 'again', token_hash, 2, cadence, amount_minor, currency, tries, "
    "'open', language, created_at, expires_at FROM attempts WHERE id = 1"
)
_REFUND = (
    "INSERT INTO refunds (id, reference, payment_id, amount_minor, currency, state, asked_by_kind, tries, created_at) "
    "SELECT 9, 'early', 5, amount_minor, currency, 'pending', 'staff', 0, created_at FROM refunds WHERE id = 1"
)


def step(payment: int, was: str, to: str, *, id: int = 90) -> str:  # noqa: A002 - the column's name
    return _STEP.format(id=id, payment=payment, was=was, to=to)


# What breaks an invariant, and the references that it names then.
PLANTED: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = [
    ("one_payable_attempt", (_ATTEMPT,), ("again", "attempt-once")),
    (
        "superseded_by_a_later_one",
        ("UPDATE attempts SET superseded_by_id = 2 WHERE id = 1",),
        ("attempt-once",),
    ),
    ("paid_attempt_has_payment", ("UPDATE attempts SET state = 'paid' WHERE id = 5",), ("attempt-tried",)),
    ("one_payment_per_attempt", ("UPDATE payments SET attempt_id = 1 WHERE id = 5",), ("once", "tried")),
    ("tickets_in_order", ("UPDATE stripe_objects SET applied = 3",), ("pi_1",)),
    ("payment_has_intent", ("UPDATE payments SET payment_intent = NULL WHERE id = 5",), ("tried",)),
    (
        "charge_leads_to_payment",
        ("INSERT INTO payment_sources (source_id, payment_id) VALUES ('ch_9', 99)",),
        ("ch_9",),
    ),
    ("payer_known", ("UPDATE payments SET payer_id = NULL WHERE id = 1",), ("once",)),
    ("paid_at_when_paid", ("UPDATE payments SET paid_at = NULL WHERE id = 1",), ("once",)),
    ("paid_at_when_paid", ("UPDATE payments SET paid_at = created_at WHERE id = 5",), ("tried",)),
    ("state_is_last_step", ("UPDATE payments SET state = 'failed' WHERE id = 5",), ("tried",)),
    ("state_is_last_step", ("DELETE FROM payment_states WHERE payment_id = 5",), ("tried",)),
    ("steps_follow", (step(5, "failed", "started"),), ("tried",)),
    ("moves_allowed", (step(5, "started", "refunded"), step(5, "refunded", "started", id=91)), ("tried",)),
    (
        "state_as_derived",
        ("UPDATE payments SET state = 'partly_refunded' WHERE id = 1", step(1, "paid", "partly_refunded")),
        ("once",),
    ),
    ("disputed_has_dispute", ("DELETE FROM disputes",), ("disputed",)),
    (
        "refunds_within_payment",
        (
            "UPDATE refunds SET amount_minor = 600 WHERE id = 1",
            "UPDATE payments SET state = 'refunded' WHERE id = 2",
            step(2, "partly_refunded", "refunded"),
        ),
        ("given-back",),
    ),
    ("refund_in_currency", ("UPDATE refunds SET currency = 'USD' WHERE id = 1",), ("refund-succeeded",)),
    (
        "refund_of_paid",
        (
            _REFUND,
            "UPDATE credit_note_counters SET last = 2",
            "INSERT INTO credit_notes (id, year, number, refund_id, issued_at) "
            "SELECT 9, 2026, 2, 9, issued_at FROM credit_notes WHERE number = 1",
        ),
        ("early",),
    ),
    ("refund_is_sent", ("UPDATE outbox SET done_at = created_at WHERE kind = 'refund'",), ("refund-asked",)),
    (
        "no_refund_unwished",
        (
            "INSERT INTO outbox (id, kind, key, payload, created_at, due_at, tries) "
            "SELECT 9, kind, 'nobody', payload, created_at, due_at, tries FROM outbox WHERE kind = 'refund'",
        ),
        ("nobody",),
    ),
    (
        "receipts_without_gaps",
        ("UPDATE receipts SET number = 5 WHERE number = 4", "UPDATE receipt_counters SET last = 5"),
        ("2026",),
    ),
    ("receipt_counter", ("UPDATE receipt_counters SET last = 9",), ("2026",)),
    ("receipt_counter", ("DELETE FROM receipt_counters",), ("2026",)),
    (
        "paid_has_receipt",
        ("DELETE FROM receipts WHERE number = 4", "UPDATE receipt_counters SET last = 3"),
        ("disputed",),
    ),
    (
        "unpaid_has_no_receipt",
        (
            "UPDATE receipt_counters SET last = 5",
            "INSERT INTO receipts (id, year, number, payment_id, issued_at) "
            "SELECT 9, 2026, 5, 5, issued_at FROM receipts WHERE number = 1",
        ),
        ("tried",),
    ),
    (
        "credit_notes_without_gaps",
        ("UPDATE credit_notes SET number = 2", "UPDATE credit_note_counters SET last = 2"),
        ("2026",),
    ),
    ("credit_note_counter", ("UPDATE credit_note_counters SET last = 0",), ("2026",)),
    (
        "refund_has_credit_note",
        ("DELETE FROM credit_notes", "UPDATE credit_note_counters SET last = 0"),
        ("refund-succeeded",),
    ),
    ("paid_is_in_ledger", ("DELETE FROM movements WHERE transaction_id = 'txn_2'",), ("given-back",)),
    (
        "ledger_has_same_amount",
        ("UPDATE movements SET amount_minor = 499 WHERE transaction_id = 'txn_3' AND part = 'gross'",),
        ("of-pledge",),
    ),
    (
        "signs_of_movements",
        ("UPDATE movements SET amount_minor = 100 WHERE transaction_id = 'txn_back'",),
        ("txn_back",),
    ),
    (
        "fee_beside_gross",
        ("UPDATE movements SET currency = 'USD' WHERE transaction_id = 'txn_3' AND part = 'fee'",),
        ("txn_3",),
    ),
    ("payout_adds_up", ("UPDATE movements SET amount_minor = -464 WHERE transaction_id = 'txn_out'",), ("po_1",)),
    ("waiting_event_is_tried", ("UPDATE stripe_events SET next_try_at = NULL",), ("evt_1",)),
    ("dead_event_has_reason", ("UPDATE stripe_events SET reason = NULL",), ("evt_2",)),
]


def test_sound_rows_break_no_invariant(sound: Database) -> None:
    assert broken_by(sound) == []


@pytest.mark.parametrize(("name", "statements", "references"), PLANTED, ids=[each[0] for each in PLANTED])
def test_what_breaks_an_invariant_is_named_and_nothing_else(
    sound: Database, name: str, statements: tuple[str, ...], references: tuple[str, ...]
) -> None:
    assert broken_by(sound, *statements) == [(name, references)]


def test_every_invariant_of_money_is_broken_by_some_test() -> None:
    known = {each.name for each in (*ATTEMPTS, *PAYMENTS, *PAPERS, *LEDGER, *INBOX)}
    assert {name for name, _statements, _references in PLANTED} == known


def test_no_two_invariants_have_one_name() -> None:
    assert len({each.name for each in INVARIANTS}) == len(INVARIANTS) >= 15
