"""The one address that Stripe calls."""

from datetime import datetime

import structlog
from flask import Blueprint, Response, abort, current_app, request
from sqlalchemy.exc import SQLAlchemyError

from membership.db import current_database, current_session, transaction
from membership.errors import Refusal
from membership.payments.alarms import raise_alarm
from membership.payments.webhook import FUTURE, BadDelivery, SignedInTheFuture, store, verified
from membership.web.current import current_clock, current_settings
from membership.web.guard import open_to_other_origins

MOST_BYTES = 1024 * 1024
SAYS_FUTURE = (
    "Stripe's webhook was refused because it was signed more than 5 minutes in the future. "
    "This machine's clock is slow, or somebody else has the webhook's secret."
)

blueprint = Blueprint("payments", __name__)
log = structlog.get_logger()


@blueprint.post("/stripe/webhook")
@open_to_other_origins
def webhook() -> Response:
    settings, clock = current_settings(), current_clock()
    if not settings.stripe_webhook_secrets:
        # Anyone can sign with an empty key: without a secret there is no such address.
        abort(404)
    header = request.headers.get("Stripe-Signature", "")
    _refuse_unread(header)
    request.max_content_length = MOST_BYTES
    try:
        delivery = verified(request.get_data(), header, settings.stripe_webhook_secrets, wall=clock.wall())
    except BadDelivery as error:
        log.warning("webhook.refused", reason=str(error))
        if isinstance(error, SignedInTheFuture):
            _warn_of_the_clock(now=clock.now())
        return Response(f"{error}\n", 400, mimetype="text/plain")
    types = current_app.extensions["events"].looks
    store(current_database(), delivery, types, livemode=settings.mode == "live", now=clock.now())
    return Response("stored\n", mimetype="text/plain")


def _warn_of_the_clock(*, now: datetime) -> None:
    try:
        with transaction(current_session()) as session:
            raise_alarm(session, FUTURE, SAYS_FUTURE, now=now)
    except (SQLAlchemyError, Refusal):
        # It is refused all the same, and Stripe delivers it again.
        log.exception("webhook.alarm_not_raised")


def _refuse_unread(header: str) -> None:
    """Refuses what cannot be an event by its headers alone: a body that is waited for holds a thread."""
    if (request.content_length or 0) > MOST_BYTES:
        abort(413)
    if not header:
        log.warning("webhook.refused", reason="there is no signature")
        abort(400)
