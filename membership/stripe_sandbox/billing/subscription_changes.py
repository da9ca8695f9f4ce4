"""Changes of a subscription by the API: what it bills, when, with which card, whether it pauses or ends.

https://docs.stripe.com/api/subscriptions/update
"""

import copy

from stripe import params

from membership.stripe_sandbox.billing.collecting import card_error, collect, method_for
from membership.stripe_sandbox.billing.invoices import close, draw_up
from membership.stripe_sandbox.billing.item_changes import change_items, check_proration
from membership.stripe_sandbox.billing.methods_on_file import own_method
from membership.stripe_sandbox.billing.renewals import VERDICTS
from membership.stripe_sandbox.billing.subscription_items import begin_period
from membership.stripe_sandbox.billing.subscriptions import (
    TRIAL_NOTICE,
    alive,
    given_details,
    keep,
    period_end,
    period_start,
)
from membership.stripe_sandbox.protocol.calls import Call, changed_metadata
from membership.stripe_sandbox.protocol.errors import ApiError, invalid, not_modelled
from membership.stripe_sandbox.protocol.routes import route
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.webhooks.events import emit, emit_change

DAY = 86_400
LONGEST_TRIAL = 730 * DAY
LONGEST_AHEAD = 5 * 365 * DAY
OF_THE_SCHEDULE = ("billing_cycle_anchor", "items", "trial_end")
ENDINGS = ("cancel_at", "cancel_at_period_end")
OF_THE_ENDED = {"cancellation_details", "expand", "metadata"}


def update_subscription(call: Call) -> Json:
    """Changes a subscription, and bills at once what begins a new period today."""
    before = call.found("subscription") if call.params.keys() <= OF_THE_ENDED else alive(call)
    _check_schedule(call, before)
    _check_behavior(call)
    after = copy.deepcopy(before)
    _change_words(call, after)
    _change_ending(call, after)
    _change_pause(call, after)
    billed = _change_billing(call, after)
    if after == before:
        return after
    keep(call.store, after, now=call.now)
    if billed:
        after = _bill_now(call, before, after)
    emit_change(call.store, "customer.subscription.updated", before, after, now=call.now)
    if after["status"] == "trialing" and "trial_end" in call.params and after["trial_end"] - TRIAL_NOTICE <= call.now:
        emit(call.store, "customer.subscription.trial_will_end", after, now=call.now)
    if billed:
        return _charge(call, after)
    return after


def _check_schedule(call: Call, subscription: Json) -> None:
    schedule = subscription["schedule"]
    if not schedule:
        return
    for name in ENDINGS:
        if name in call.params:
            message = (
                f"The subscription is managed by the subscription schedule `{schedule}`, and updating any "
                "cancelation behavior directly is not allowed. Please update the schedule instead."
            )
            raise ApiError(400, message, param=name)
    for name in OF_THE_SCHEDULE:
        if name in call.params:
            raise not_modelled(name, f"The schedule `{schedule}` says what is billed: update or release it first.")


def _check_behavior(call: Call) -> None:
    if call.get("payment_behavior") in ("default_incomplete", "pending_if_incomplete"):
        raise not_modelled("payment_behavior", "This sandbox knows allow_incomplete and error_if_incomplete.")


def _change_words(call: Call, subscription: Json) -> None:
    if "metadata" in call.params:
        subscription["metadata"] = changed_metadata(subscription, call.params)
    if "description" in call.params:
        subscription["description"] = call.params["description"] or None
    if "default_payment_method" in call.params:
        subscription["default_payment_method"] = _own_method(call, subscription)
    subscription["cancellation_details"] |= given_details(call)


def _own_method(call: Call, subscription: Json) -> str | None:
    wanted: str = call.params["default_payment_method"]
    if wanted == "":
        return None
    return str(own_method(call.store, wanted, subscription["customer"], "default_payment_method")["id"])


def _change_ending(call: Call, subscription: Json) -> None:
    if all(name in call.params for name in ENDINGS):
        raise invalid("You may only specify one of these parameters: cancel_at, cancel_at_period_end.", "cancel_at")
    if "cancel_at_period_end" in call.params:
        end_with_period(subscription, wanted=call.params["cancel_at_period_end"], now=call.now)
    if "cancel_at" in call.params:
        _end_at(subscription, _ending(call, subscription), now=call.now)
        subscription["cancel_at_period_end"] = False


def end_with_period(subscription: Json, *, wanted: bool, now: int) -> None:
    """Lets a subscription end with its period, in place, or takes that back."""
    if wanted != subscription["cancel_at_period_end"]:
        _end_at(subscription, period_end(subscription) if wanted else None, now=now)
        subscription["cancel_at_period_end"] = wanted


def _ending(call: Call, subscription: Json) -> int | None:
    wanted = call.params["cancel_at"]
    if wanted == "":
        return None
    if wanted == "max_billed_until":
        raise not_modelled("cancel_at", "This sandbox knows min_period_end, max_period_end and a moment.")
    moment: int = period_end(subscription) if isinstance(wanted, str) else wanted
    _check_ahead(moment, "cancel_at", LONGEST_AHEAD, now=call.now)
    if moment != period_end(subscription):
        check_proration(call.params, "proration_behavior")
    return moment


def _check_ahead(moment: int, param: str, most: int, *, now: int) -> None:
    if moment <= now:
        raise invalid(f"The `{param}` must be an integer timestamp in the future.", param)
    if moment > now + most:
        raise invalid(f"The `{param}` can be at most {most // DAY} days from now.", param)


def _end_at(subscription: Json, moment: int | None, *, now: int) -> None:
    subscription["cancel_at"] = moment
    subscription["canceled_at"] = now if moment else None
    subscription["cancellation_details"]["reason"] = "cancellation_requested" if moment else None


def _change_pause(call: Call, subscription: Json) -> None:
    if "pause_collection" not in call.params:
        return
    wanted = call.params["pause_collection"] or None
    if wanted and "resumes_at" in wanted:
        _check_ahead(wanted["resumes_at"], "pause_collection[resumes_at]", LONGEST_AHEAD, now=call.now)
    subscription["pause_collection"] = {"resumes_at": None} | wanted if wanted else None


def _change_billing(call: Call, subscription: Json) -> bool:
    """Changes items, trial and anchor in place; tells whether an invoice is due now."""
    anchor = call.get("billing_cycle_anchor", {}).get("type")
    if "trial_end" in call.params and anchor == "now":
        message = "You may only specify one of these parameters: trial_end, billing_cycle_anchor."
        raise invalid(message, "billing_cycle_anchor")
    if anchor == "now" and subscription["status"] == "trialing":
        raise not_modelled("billing_cycle_anchor[type]", "End the trial with trial_end=now.")
    if call.get("items") or "trial_end" in call.params or anchor == "now":
        check_proration(call.params, "proration_behavior")
    charged = "items" in call.params and change_items(call, subscription, call.params["items"], "items")
    if "trial_end" in call.params:
        return _change_trial(call, subscription) or charged
    if charged or anchor == "now":
        _begin_now(subscription, now=call.now)
        return True
    return False


def _change_trial(call: Call, subscription: Json) -> bool:
    wanted = call.params["trial_end"]
    if wanted == "now":
        if subscription["status"] != "trialing":
            return False
        subscription |= {"status": "active", "trial_end": call.now}
        _begin_now(subscription, now=call.now)
        return True
    _check_ahead(wanted, "trial_end", LONGEST_TRIAL, now=call.now)
    started = subscription["trial_start"] if subscription["status"] == "trialing" else call.now
    subscription |= {
        "billing_cycle_anchor": wanted,
        "status": "trialing",
        "trial_end": wanted,
        "trial_start": started,
    }
    for item in subscription["items"]["data"]:
        item["current_period_start"], item["current_period_end"] = call.now, wanted
    if subscription["cancel_at_period_end"]:
        subscription["cancel_at"] = wanted
    return True


def _begin_now(subscription: Json, *, now: int) -> None:
    subscription["billing_cycle_anchor"] = now
    for item in subscription["items"]["data"]:
        begin_period(item, anchor=now, now=now)
    if subscription["cancel_at_period_end"]:
        subscription["cancel_at"] = period_end(subscription)


def _bill_now(call: Call, before: Json, after: Json) -> Json:
    since = period_start(before)
    invoice = draw_up(call.store, after, reason="subscription_update", since=since, now=call.now)
    return keep(call.store, after | {"latest_invoice": invoice["id"]}, now=call.now)


def _charge(call: Call, subscription: Json) -> Json:
    """Collects today's invoice; a refusal undoes everything, or leaves the subscription past due, as was asked.

    https://docs.stripe.com/api/subscriptions/update, `payment_behavior`
    """
    invoice = call.store.must(subscription["latest_invoice"])
    behavior = (subscription["pause_collection"] or {}).get("behavior")
    if behavior in VERDICTS and invoice["amount_due"]:
        close(call.store, invoice, VERDICTS[behavior], now=call.now)
        return subscription
    decline = collect(call.store, invoice, method_for(call.store, invoice), now=call.now)
    if decline and call.get("payment_behavior") == "error_if_incomplete":
        raise card_error(decline, "subscription", stands=False)
    return call.store.must(subscription["id"])


ROUTES = (
    route(
        "POST", "/v1/subscriptions/{id}", params.SubscriptionUpdateParams,
        update_subscription,
        modelled="billing_cycle_anchor cancel_at cancel_at_period_end cancellation_details.comment "
        "cancellation_details.feedback default_payment_method description items.id items.price "
        "items.price_data.currency items.price_data.product items.price_data.recurring "
        "items.price_data.unit_amount items.quantity metadata pause_collection payment_behavior proration_behavior "
        "trial_end",
    ),
)  # fmt: skip
