"""When a failed renewal is tried again, and which refusals a bank does not take back."""

from membership.stripe_sandbox.payments.declines import Decline

DAY = 86_400
# Days after each failed try: four tries in fifteen days. Stripe's own machine chooses the moments
# (https://docs.stripe.com/billing/revenue-recovery/smart-retries); these are fixed, so that tests can name them.
RETRY_DAYS = (3, 5, 7)
# A card refused so is not charged again; the tries go on being counted, and wait for another card.
HARD = frozenset(
    [
        "authentication_required",
        "highest_risk_level",
        "incorrect_number",
        "lost_card",
        "pickup_card",
        "revocation_of_all_authorizations",
        "revocation_of_authorization",
        "stolen_card",
        "transaction_not_allowed",
    ]
)


def next_try(tries: int, *, now: int) -> int | None:
    """Returns when an invoice is tried again after so many failures, or None where that was the last."""
    return None if is_exhausted(tries) else now + RETRY_DAYS[tries - 1] * DAY


def is_exhausted(tries: int) -> bool:
    """Tells whether an invoice that was tried so often is not tried again."""
    return tries > len(RETRY_DAYS)


def is_final(decline: Decline) -> bool:
    """Tells whether the same card need not be tried again."""
    return decline.code in HARD or decline.decline_code in HARD
