"""The one Stripe account that the sandbox plays."""

import stripe
from stripe import params

from membership.stripe_sandbox.calls import Call
from membership.stripe_sandbox.payments import STATEMENT
from membership.stripe_sandbox.routes import route
from membership.stripe_sandbox.shapes import Json, whole

ACCOUNT = "acct_1SandboxNewsroom0"


def retrieve_account(call: Call) -> Json:
    """Answers the account of the key."""
    profile = whole(stripe.Account.BusinessProfile, name="Stripe sandbox", mcc="5192")
    return whole(
        stripe.Account,
        id=ACCOUNT,
        business_profile=profile,
        charges_enabled=True,
        country="NL",
        created=1_700_000_000,
        default_currency="eur",
        details_submitted=True,
        email="sandbox@example.org",
        payouts_enabled=True,
        settings=_settings(),
        type="standard",
    )


def _settings() -> Json:
    settings = stripe.Account.Settings
    return {
        "branding": whole(settings.Branding),
        "card_payments": whole(settings.CardPayments),
        "dashboard": {"display_name": "Stripe sandbox", "timezone": "Etc/UTC"},
        "payments": whole(settings.Payments, statement_descriptor=STATEMENT),
    }


ROUTES = (
    route(
        "GET", "/v1/account", params.AccountRetrieveCurrentParams,
        retrieve_account,
    ),
)  # fmt: skip
