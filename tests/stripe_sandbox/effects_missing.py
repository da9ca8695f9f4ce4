"""Modelled parameters that have no row in the table of effects, each with its reason."""

PORTAL = ("POST /v1/billing_portal/configurations", "POST /v1/billing_portal/configurations/{id}")
SUBSCRIPTIONS = ("POST /v1/subscriptions", "POST /v1/subscriptions/{id}")
SCHEDULE = "/v1/subscription_schedules/{id}"
ONLY_OFF = "only false is taken, which is what Stripe's portal does without it; true is refused (test_portal)"
ONLY_NONE = "only `none` is taken, as nothing is prorated; anything else is refused (test_portal)"
ABSENT = (
    "features.customer_update.enabled",
    "features.subscription_pause.enabled",
    "features.subscription_update.enabled",
    "login_page.enabled",
)

WITHOUT_EFFECT: dict[tuple[str, str], str] = {
    **{(call, path): ONLY_OFF for call in PORTAL for path in ABSENT},
    **{(call, "features.subscription_cancel.proration_behavior"): ONLY_NONE for call in PORTAL},
    **{
        (call, "payment_behavior"): "it acts where a card is refused, by an error: test_subscription_{creation,changes}"
        for call in SUBSCRIPTIONS
    },
    **{
        (f"POST {SCHEDULE}/cancel", name): "it must be false, as Stripe's default of true is refused: test_schedules"
        for name in ("invoice_now", "prorate")
    },
    **{
        ("DELETE /v1/subscriptions/{id}", name): "only false is taken, which is Stripe's default"
        for name in ("invoice_now", "prorate")
    },
    (f"POST {SCHEDULE}", "phases.start_date"): "it must repeat where the phase before ends, else the call is refused",
    ("POST /v1/checkout/sessions", "payment_intent_data.statement_descriptor"): (
        "it acts by a refusal, as Stripe takes it for no card: test_requests"
    ),
    ("POST /v1/invoices/create_preview", "subscription_details.cancel_at_period_end"): (
        "it acts by an error, as there is no invoice then: test_subscription_changes"
    ),
    ("POST /v1/payouts", "method"): "only `standard` is taken, which is Stripe's default",
}  # fmt: skip
