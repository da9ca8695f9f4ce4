"""The one Stripe account that the sandbox plays."""

import stripe
from stripe import params

from membership.stripe_sandbox.money.balance_settings import settings_of
from membership.stripe_sandbox.payments.charges import STATEMENT
from membership.stripe_sandbox.protocol.calls import Call
from membership.stripe_sandbox.protocol.routes import route
from membership.stripe_sandbox.protocol.shapes import Json, whole
from membership.stripe_sandbox.state.store import Store

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
        settings=_settings(call.store),
        type="standard",
    )


def _settings(store: Store) -> Json:
    settings = stripe.Account.Settings
    payments = settings_of(store)["payments"]
    delay = {"delay_days": payments["settlement_timing"]["delay_days"]}
    return {
        "branding": whole(settings.Branding),
        "card_payments": whole(settings.CardPayments),
        "dashboard": {"display_name": "Stripe sandbox", "timezone": "Etc/UTC"},
        "payments": whole(settings.Payments, statement_descriptor=STATEMENT),
        "payouts": whole(
            settings.Payouts,
            debit_negative_balances=payments["debit_negative_balances"],
            schedule=whole(settings.Payouts.Schedule, **delay, interval=payments["payouts"]["schedule"]["interval"]),
            statement_descriptor=payments["payouts"]["statement_descriptor"],
        ),
    }


ROUTES = (
    route(
        "GET", "/v1/account", params.AccountRetrieveCurrentParams,
        retrieve_account,
    ),
)  # fmt: skip
