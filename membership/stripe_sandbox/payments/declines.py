"""Why a payment is refused, in the words of Stripe and of the bank (https://docs.stripe.com/declines/codes)."""

from dataclasses import dataclass

BLOCKED_WORDS = "Stripe blocked this payment as too risky."
UNEXPLAINED = "The bank did not return any further details with this decline."


@dataclass(frozen=True)
class Decline:
    """Stripe's error code, the bank's decline code (None for a bank debit) and the sentence for the payer."""

    code: str
    decline_code: str | None
    message: str

    @property
    def seller_message(self) -> str:
        """Returns what the newsroom is told."""
        if self is BLOCKED:
            return BLOCKED_WORDS
        if self is GENERIC:
            return UNEXPLAINED
        return f"The bank returned the decline code `{self.decline_code or self.code}`."


GENERIC = Decline("card_declined", "generic_decline", "Your card was declined.")
FUNDS = Decline("card_declined", "insufficient_funds", "Your card has insufficient funds.")
LOST = Decline("card_declined", "lost_card", "Your card was declined.")
STOLEN = Decline("card_declined", "stolen_card", "Your card was declined.")
EXPIRED = Decline("expired_card", "expired_card", "Your card has expired.")
CVC = Decline("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect.")
PROCESSING = Decline(
    "processing_error", "processing_error", "An error occurred while processing your card. Try again in a little bit."
)
BLOCKED = Decline("card_declined", "fraudulent", "Your card was declined.")
AUTHENTICATE = Decline(
    "authentication_required",
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
)
UNAUTHENTICATED = Decline(
    "payment_intent_authentication_failure",
    None,
    "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
)
# https://docs.stripe.com/payments/sepa-debit: the bank does not say why a debit failed, or says that money is missing.
DEBIT_FAILED = Decline("payment_method_provider_decline", None, "The bank did not carry out the debit.")
DEBIT_UNFUNDED = Decline("insufficient_funds", None, "The bank account has insufficient funds.")
