"""Makes at Stripe what we need there, under names of our own, so that it may run twice."""

from collections.abc import Sequence

from membership.payments.gateway import Gateway

DONATION = "membership_donation"
PLEDGE = "membership_pledge"


def set_up(gateway: Gateway, url: str, types: Sequence[str], *, name: str, roll: bool) -> str | None:
    """Ensures the two products and the webhook endpoint; returns the endpoint's secret if it is new."""
    gateway.ensure_product(DONATION, f"Donation to {name}")
    gateway.ensure_product(PLEDGE, f"Support for {name}")
    return gateway.ensure_endpoint(url, types, roll=roll)
