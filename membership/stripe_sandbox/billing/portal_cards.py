"""The portal's form for a new card: the bank asked where the card wants it, and what becomes the default.

The card becomes the customer's default and that of every living subscription. An open invoice is not tried at once: it
waits for its next try, or is paid on its own page (https://docs.stripe.com/customer-management/portal-deep-links).
"""

import copy

from flask import Response, make_response, redirect, request

from membership.stripe_sandbox.billing.plain_pages import listed_cards, notice, page, read_card
from membership.stripe_sandbox.billing.subscriptions import keep
from membership.stripe_sandbox.payments.cards import CARDS, digits_of, set_up
from membership.stripe_sandbox.payments.cards import attach as make_method
from membership.stripe_sandbox.payments.checkout_form import Typed, payer_of
from membership.stripe_sandbox.payments.declines import UNAUTHENTICATED
from membership.stripe_sandbox.payments.hosted import DECLINED, priced, with_headers
from membership.stripe_sandbox.payments.hosted_words import voice_of
from membership.stripe_sandbox.payments.payment_methods import attach_to
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.webhooks.events import emit_change


def card_page(session: Json, typed: Typed, errors: dict[str, str], *, status: int = 200) -> Response:
    """Answers the form, with what was typed and what was wrong."""
    say = voice_of(session)
    return page(
        "portal_card.html",
        status=status,
        form_target=_target(session),
        base=address_of(session),
        declined=status == DECLINED,
        errors={name: say(text) for name, text in errors.items()},
        flow=session["flow"],
        listed_cards=listed_cards(),
        return_url=session["return_url"],
        say=say,
        typed=typed,
    )


def address_of(session: Json) -> str:
    """Returns where the pages of a session begin."""
    return f"/p/session/{session['id']}"


def _target(session: Json) -> str | None:
    completion: Json = session["flow"]["after_completion"] if session["flow"] else {}
    return completion["redirect"]["return_url"] if completion.get("redirect") else None


def take_card(store: Store, session: Json, *, now: int) -> Response:
    """Takes what was typed: a wrong form and a refused card are shown again, a bank that wants to know is asked."""
    customer = store.must(session["customer"])
    typed, errors = read_card(customer, now=now)
    if errors:
        return card_page(session, typed, errors, status=422)
    card = CARDS[digits_of(typed["card_number"])]
    if card.at_checkout and not card.attaches:
        return _refused(session, typed, card.at_checkout.message)
    payer = payer_of(typed)
    email = customer.get("email") or ""
    method = make_method(store, payer.number, payer.expiry, email=email, name=payer.name, now=now)
    if card.secure == "never":
        return _save(store, session, method, now=now)
    store.put(session, hidden={"asked": method["id"]})
    return with_headers(make_response(redirect(f"{address_of(session)}/secure", 303)))


def _refused(session: Json, typed: Typed, message: str) -> Response:
    say = voice_of(session)
    refusal = say("{reason} Nothing was changed. You can try another card.", reason=say(message))
    return card_page(session, typed, {"card_number": refusal}, status=DECLINED)


def secure_page(store: Store, session: Json, *, status: int = 200, error: str | None = None) -> Response:
    """Answers the page on which the bank asks, or the form again where nobody is asked."""
    method = store.get(store.hidden(session["id"]).get("asked", ""), "payment_method")
    if method is None:
        return with_headers(make_response(redirect(f"{address_of(session)}/card", 303)))
    say = voice_of(session)
    return page(
        "secure.html",
        status=status,
        form_target=_target(session),
        action=f"{address_of(session)}/secure",
        amount=priced(0, "eur"),
        error=say(error) if error else None,
        last4=method["card"]["last4"],
        say=say,
    )


def take_answer(store: Store, session: Json, *, now: int) -> Response:
    """Saves the card whose owner has answered the bank, or lets it go."""
    asked = store.get(store.hidden(session["id"]).get("asked", ""), "payment_method")
    answer = request.form.get("answer")
    if asked is None or answer not in ("pass", "fail"):
        return secure_page(store, session, status=422, error="Press one of the two buttons.")
    store.put(session, hidden={})
    if answer == "fail":
        return _refused(session, {}, UNAUTHENTICATED.message)
    return _save(store, session, asked, now=now)


def _save(store: Store, session: Json, method: Json, *, now: int) -> Response:
    customer = store.must(session["customer"])
    attach_to(store, method, customer["id"], now=now)
    set_up(store, method)
    make_default(store, customer, method["id"], now=now)
    return _after(session)


def make_default(store: Store, customer: Json, method_id: str, *, now: int) -> None:
    """Charges a payment method from now on, for the customer and for every living subscription."""
    after = copy.deepcopy(customer)
    after["invoice_settings"]["default_payment_method"] = method_id
    store.put(after)
    emit_change(store, "customer.updated", customer, after, now=now)
    for subscription in store.every("subscription", customer=customer["id"]):
        if not subscription["ended_at"]:
            changed = subscription | {"default_payment_method": method_id}
            keep(store, changed, now=now)
            emit_change(store, "customer.subscription.updated", subscription, changed, now=now)


def _after(session: Json) -> Response:
    if not session["flow"]:
        return with_headers(make_response(redirect(address_of(session), 303)))
    completion: Json = session["flow"]["after_completion"]
    if completion["type"] == "redirect":
        return with_headers(make_response(redirect(completion["redirect"]["return_url"], 303)))
    confirmation = completion["hosted_confirmation"] or {"custom_message": None}
    words = confirmation["custom_message"] or "It is charged from now on."
    return notice("Your card is saved.", words, 200, session["return_url"], say=voice_of(session))
