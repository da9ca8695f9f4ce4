"""The hosted billing portal: subscriptions with the card that is charged, invoices, a way to another card, an end."""

import copy

from flask import Flask, Response, abort, make_response, redirect

from membership.stripe_sandbox.billing.plain_pages import listed_invoice, notice, page
from membership.stripe_sandbox.billing.portal_cards import address_of, card_page, secure_page, take_answer, take_card
from membership.stripe_sandbox.billing.subscription_changes import end_with_period
from membership.stripe_sandbox.billing.subscriptions import end, keep, period_end
from membership.stripe_sandbox.payments.hosted import priced, with_headers
from membership.stripe_sandbox.payments.hosted_words import Voice, voice_of
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.clock import Clock
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.state.time_travel import run_due
from membership.stripe_sandbox.webhooks.events import emit_change

# https://docs.stripe.com/customer-management/integrate-customer-portal: a session in use lasts an hour.
LASTS = 3600
SHOWN = 24
CARD, CANCEL = "payment_method_update", "subscription_cancel"


def add_portal_pages(app: Flask, store: Store, clock: Clock) -> None:
    """Adds the portal to the application."""

    @app.get("/p/session/<session_id>")
    def portal_page(session_id: str) -> Response:
        run_due(store, now=clock.now())
        session = _opened(store, session_id, now=clock.now())
        return card_page(session, {}, {}) if session["flow"] else _home(store, session)

    @app.get("/p/session/<session_id>/card")
    def portal_card_page(session_id: str) -> Response:
        return card_page(_opened(store, session_id, CARD, now=clock.now()), {}, {})

    @app.post("/p/session/<session_id>/card")
    def portal_card(session_id: str) -> Response:
        run_due(store, now=clock.now())
        with store.transaction():
            return take_card(store, _opened(store, session_id, CARD, now=clock.now()), now=clock.now())

    @app.get("/p/session/<session_id>/secure")
    def portal_secure_page(session_id: str) -> Response:
        return secure_page(store, _opened(store, session_id, CARD, now=clock.now()))

    @app.post("/p/session/<session_id>/secure")
    def portal_secure_answer(session_id: str) -> Response:
        run_due(store, now=clock.now())
        with store.transaction():
            return take_answer(store, _opened(store, session_id, CARD, now=clock.now()), now=clock.now())

    @app.post("/p/session/<session_id>/cancellation/<subscription_id>")
    def portal_cancellation(session_id: str, subscription_id: str) -> Response:
        run_due(store, now=clock.now())
        with store.transaction():
            session = _opened(store, session_id, CANCEL, now=clock.now())
            return _cancel(store, session, subscription_id, now=clock.now())


def _opened(store: Store, session_id: str, feature: str | None = None, *, now: int) -> Json:
    """Returns a session that may be used, for a feature that is switched on; else ends the request with a page."""
    session = store.get(session_id, "billing_portal.session")
    if session is None or (feature and not _features(store, session)[feature]["enabled"]):
        abort(_gone())
    if session["created"] + LASTS < now:
        text = "Go back to where you came from and open the page again."
        abort(notice("This page has expired.", text, 410, session["return_url"], say=voice_of(session)))
    return session


def _features(store: Store, session: Json) -> Json:
    features: Json = store.must(session["configuration"])["features"]
    return features


def _gone() -> Response:
    return notice("This page does not exist.", "Check the link, or go back and open the page again.", 404)


def _home(store: Store, session: Json) -> Response:
    configuration = store.must(session["configuration"])
    invoices = store.every("invoice", customer=session["customer"])[:SHOWN]
    say = voice_of(session)
    living = [each for each in store.every("subscription", customer=session["customer"]) if not each["ended_at"]]
    return page(
        "portal.html",
        base=address_of(session),
        features=configuration["features"],
        headline=configuration["business_profile"]["headline"],
        privacy=configuration["business_profile"]["privacy_policy_url"],
        terms=configuration["business_profile"]["terms_of_service_url"],
        invoices=[listed_invoice(invoice, say) for invoice in invoices],
        return_url=session["return_url"],
        say=say,
        subscriptions=[_listed(store, each, say) for each in living],
    )


def _listed(store: Store, subscription: Json, say: Voice) -> Json:
    item = subscription["items"]["data"][0]
    return {
        "amount": priced(item["price"]["unit_amount"] * item["quantity"], subscription["currency"]),
        "ends": subscription["cancel_at"] and say.date(subscription["cancel_at"]),
        "id": subscription["id"],
        "product": store.must(item["price"]["product"])["name"],
        "renews": say.date(period_end(subscription)),
        "rhythm": say.rhythm(item["price"]),
        "status": say(subscription["status"].replace("_", " ")),
        "way": _way(store.get(subscription["default_payment_method"] or "", "payment_method"), say),
    }


def _way(method: Json | None, say: Voice) -> str:
    if method is None:
        return say("none")
    if method["type"] == "card":
        card = method["card"]
        return say("{brand} ending in {last4}", brand=card["brand"].title(), last4=card["last4"])
    return say("bank account ending in {last4}", last4=method["sepa_debit"]["last4"])


def _cancel(store: Store, session: Json, subscription_id: str, *, now: int) -> Response:
    subscription = store.get(subscription_id, "subscription")
    if subscription is None or subscription["customer"] != session["customer"] or subscription["schedule"]:
        abort(_gone())
    if not subscription["ended_at"]:
        _end(store, subscription, _features(store, session)[CANCEL]["mode"], now=now)
    return with_headers(make_response(redirect(address_of(session), 303)))


def _end(store: Store, subscription: Json, mode: str, *, now: int) -> None:
    if mode == "immediately":
        end(store, subscription, now=now)
    elif not subscription["cancel_at_period_end"]:
        after = copy.deepcopy(subscription)
        end_with_period(after, wanted=True, now=now)
        keep(store, after, now=now)
        emit_change(store, "customer.subscription.updated", subscription, after, now=now)
