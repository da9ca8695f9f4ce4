"""Effects of subscriptions begun by the API, of schedules' phases, of invoices by hand and of previews."""

from datetime import UTC, datetime

from membership.stripe_sandbox.billing.calendars import months_later
from tests.stripe_sandbox.acting import Effect, Json, Stage
from tests.stripe_sandbox.effects_of_billing import UPDATE, after_a_month, of_pledge
from tests.stripe_sandbox.effects_of_later import SCHEDULE, next_amount, of_open_invoice, of_priced_item, of_schedule
from tests.stripe_sandbox.steps import DAY

API = "https://docs.stripe.com/api"
BEGIN, PREVIEW = "POST /v1/subscriptions", "POST /v1/invoices/create_preview"
CREATE = f"{API}/subscriptions/create"
SCHEDULES = "https://docs.stripe.com/billing/subscriptions/subscription-schedules"
MONTH: Json = {"interval": "month", "interval_count": 1}


def of_payer(stage: Stage) -> tuple[str, Json]:
    """Leaves a customer with two cards, and two monthly prices."""
    given = {"currency": "eur", "product": "membership_pledge", "recurring": {"interval": "month"}}
    for name, amount in (("cheap", 500), ("dear", 900)):
        stage.notes[name] = stage.call("POST /v1/prices", "", given | {"unit_amount": amount})["id"]
    stage.notes["customer"] = stage.call("POST /v1/customers", "", {"email": "olena@example.org"})["id"]
    owner = {"customer": stage.notes["customer"]}
    first, second = (
        stage.call("POST /v1/payment_methods/{id}/attach", token, owner)["id"]
        for token in ("pm_card_visa", "pm_card_mastercard")
    )
    stage.notes["second"] = second
    usual = {"invoice_settings": {"default_payment_method": first}}
    stage.call("POST /v1/customers/{id}", stage.notes["customer"], usual)
    return "", owner | {"items": [{"price": stage.notes["cheap"]}]}


def of_older_pledge(stage: Stage) -> tuple[str, Json]:
    found = of_pledge(stage)
    stage.browser.advance(DAY)
    return found


def priced(amount: int) -> Json:
    data = {"currency": "eur", "product": "membership_pledge", "recurring": {"interval": "month"}}
    return {"price_data": data | {"unit_amount": amount}}


def first_amount(stage: Stage, subscription: Json) -> int:
    return int(stage.get(f"/v1/invoices/{subscription['latest_invoice']}")["amount_paid"])


def of_draft(stage: Stage) -> tuple[str, Json]:
    """Leaves the draft of a renewal."""
    subscription = stage.subscription()
    ends = subscription["items"]["data"][0]["current_period_end"]
    stage.browser.post_json("/_sandbox/advance", {"to": ends + 1})
    return stage.all(f"/v1/invoices?subscription={subscription['id']}")[0]["id"], {}


def status_in_two_hours(stage: Stage, invoice: Json) -> str:
    stage.browser.advance(7200)
    return str(stage.get(f"/v1/invoices/{invoice['id']}")["status"])


def of_dated_schedule(stage: Stage) -> tuple[str, Json]:
    schedule, given = of_schedule(stage)
    ends = datetime.fromtimestamp(stage.notes["now"]["end_date"], UTC)
    stage.notes["later"] = int(months_later(ends, 2).timestamp())
    return schedule, given


def of_phase(**given: object) -> Json:
    return {"phases": ["$now", {"items": [{"price": "$dear", "quantity": 1}], "duration": MONTH} | given]}


def later_subscription(stage: Stage, _schedule: Json) -> Json:
    return after_a_month(stage, {"id": stage.notes["subscription"]})


BEGUN = (
    Effect(
        BEGIN, {"customer": "$customer"}, "who is charged", f"{CREATE}#create_subscription-customer",
        lambda s: ("", {"items": of_payer(s)[1]["items"]}),
        lambda s, made: [each["customer"] == s.notes["customer"] for each in s.all("/v1/charges")], [True],
    ),
    Effect(
        BEGIN, {"default_payment_method": "$second"}, "which card is charged",
        f"{CREATE}#create_subscription-default_payment_method", of_payer,
        lambda s, made: [each["payment_method"] == s.notes["second"] for each in s.all("/v1/charges")], [True],
    ),
    Effect(
        BEGIN, {"description": "Monthly", "metadata": {"desk": "7"}}, "customer.subscription.created event", CREATE,
        of_payer,
        lambda s, made: [
            (each["description"], each["metadata"]) for each in s.events("customer.subscription.created")
        ],
        [("Monthly", {"desk": "7"})],
    ),
    Effect(
        BEGIN, {"items": [{"price": "$dear"}]}, "the first invoice's amount", f"{CREATE}#create_subscription-items",
        of_payer, first_amount, 900,
    ),
    Effect(
        BEGIN, {"items": [{"price": "$cheap", "quantity": 3}]}, "the first invoice's amount",
        f"{CREATE}#create_subscription-items-quantity", of_payer, first_amount, 1500,
    ),
    Effect(
        BEGIN, {"items": [priced(700)]}, "the first invoice's amount",
        f"{CREATE}#create_subscription-items-price_data", of_payer, first_amount, 700,
    ),
    Effect(
        UPDATE, {"billing_cycle_anchor": {"type": "now"}, "proration_behavior": "none"}, "how often was charged",
        "https://docs.stripe.com/billing/subscriptions/billing-cycle", of_older_pledge,
        lambda s, made: len(s.all("/v1/charges")), 2,
    ),
)  # fmt: skip

PHASES = (
    Effect(
        SCHEDULE, {"end_behavior": "cancel"}, "subscription.status a month later", SCHEDULES, of_schedule,
        lambda s, made: later_subscription(s, made)["status"], "canceled",
    ),
    Effect(
        SCHEDULE, {"end_behavior": "cancel"}, "whether a renewal is announced", SCHEDULES, of_schedule,
        lambda s, made: later_subscription(s, made) and len(s.events("invoice.upcoming")), 0,
    ),
    Effect(
        SCHEDULE, {"metadata": {"desk": "7"}}, "subscription_schedule.updated event", f"{API}/metadata", of_schedule,
        lambda s, made: [each["metadata"] for each in s.events("subscription_schedule.updated")], [{"desk": "7"}],
    ),
    Effect(
        SCHEDULE, of_phase(items=[priced(700)]), "the next invoice's amount", SCHEDULES, of_schedule, next_amount, 700,
        otherwise=of_phase(),
    ),
    Effect(
        SCHEDULE, of_phase(metadata={"desk": "7"}), "subscription.metadata a month later",
        f"{API}/subscription_schedules/update#update_subscription_schedule-phases-metadata", of_schedule,
        lambda s, made: later_subscription(s, made)["metadata"].get("desk"), "7", otherwise=of_phase(),
    ),
    Effect(
        SCHEDULE, of_phase(proration_behavior="none"), "the phase",
        f"{API}/subscription_schedules/update#update_subscription_schedule-phases-proration_behavior", of_schedule,
        lambda s, made: made["phases"][1]["proration_behavior"], "none", otherwise=of_phase(),
    ),
    Effect(
        SCHEDULE, {"phases": ["$now", {"items": [{"price": "$dear", "quantity": 1}], "end_date": "$later"}]},
        "when the schedule ends", f"{API}/subscription_schedules/update#update_subscription_schedule-phases-end_date",
        of_dated_schedule, lambda s, made: made["phases"][1]["end_date"] - s.notes["later"], 0, otherwise=of_phase(),
    ),
)  # fmt: skip

INVOICES = (
    Effect(
        "POST /v1/invoices/{id}/finalize", {"auto_advance": False}, "whether it is collected",
        f"{API}/invoices/finalize#finalize_invoice-auto_advance", of_draft, status_in_two_hours, "open",
    ),
    Effect(
        "POST /v1/invoices/{id}/pay", {"off_session": False}, "what the bank answers",
        f"{API}/invoices/pay#pay_invoice-off_session", of_open_invoice, lambda s, made: made["status"], "paid",
    ),
    Effect(
        PREVIEW, {"subscription": "$subscription"}, "invoice.parent", f"{API}/invoices/create_preview",
        lambda s: (of_pledge(s) and "", {}),
        lambda s, made: made["parent"]["subscription_details"]["subscription"] == s.notes["subscription"], True,
    ),
    Effect(
        PREVIEW, {"customer": "$customer"}, "invoice.customer", f"{API}/invoices/create_preview",
        lambda s: (of_pledge(s) and "", {}), lambda s, made: made["customer"] == s.notes["customer"], True,
    ),
    Effect(
        PREVIEW, {"subscription_details": {"proration_behavior": "none", "items": [{"id": "$item", "price": "$dear"}]}},
        "invoice.amount_due", f"{API}/invoices/create_preview",
        lambda s: ("", {"subscription": of_priced_item(s)[0]}), lambda s, made: made["amount_due"], 900,
    ),
    Effect(
        PREVIEW, {"subscription_details": {"proration_behavior": "none", "items": [{"id": "$item", "quantity": 3}]}},
        "invoice.amount_due", f"{API}/invoices/create_preview",
        lambda s: ("", {"subscription": of_pledge(s)[0]}), lambda s, made: made["amount_due"], 1500,
    ),
)  # fmt: skip

SUBSCRIBING = (*BEGUN, *PHASES, *INVOICES)
