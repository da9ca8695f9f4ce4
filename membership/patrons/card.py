"""Another card for a pledge: taken by Stripe's own page, where nothing else can be changed."""

from sqlalchemy.orm import Session

from membership.db import release
from membership.errors import NotFound
from membership.patrons.change_view import owned_pledge
from membership.patrons.stopping import AWAY, away
from membership.payments.gateway import GoneAtStripe
from membership.payments.mirror import Mirror
from membership.payments.models import Payer


def card_page(session: Session, mirror: Mirror, account_id: int, *, return_url: str, language: str) -> str:
    """Returns the address of Stripe's page for the card of an account's own pledge; it is good for minutes only.

    Raises `NotFound` without a live pledge, `Unavailable` if Stripe is away.
    """
    pledge = owned_pledge(session, account_id)
    customer = session.get_one(Payer, pledge.payer_id).stripe_customer
    release(session)
    if customer is None:
        raise NotFound("There is no card here to change.")
    try:
        return mirror.gateway.card_page(customer, return_url=return_url, language=language)
    except (*AWAY, GoneAtStripe) as error:
        raise away() from error
