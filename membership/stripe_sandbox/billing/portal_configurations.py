"""Configurations of the billing portal: what its page offers.

The sandbox's portal shows invoices, takes a new card and cancels; what else Stripe's can do may be switched off alone.
https://docs.stripe.com/api/customer_portal/configurations
"""

import copy

import stripe
from stripe.params import billing_portal as portal_params

from membership.stripe_sandbox.protocol.addresses import checked_address
from membership.stripe_sandbox.protocol.calls import Call, changed_metadata, metadata
from membership.stripe_sandbox.protocol.errors import ApiError, not_modelled
from membership.stripe_sandbox.protocol.ids import new_id
from membership.stripe_sandbox.protocol.lists import listing
from membership.stripe_sandbox.protocol.routes import CURSOR, retrieving, route
from membership.stripe_sandbox.protocol.shapes import Json, whole
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.webhooks.events import emit, emit_change

KIND = "billing_portal.configuration"
Features = stripe.billing_portal.Configuration.Features
ABSENT = ("customer_update", "subscription_pause", "subscription_update")
ADDRESSES = ("privacy_policy_url", "terms_of_service_url")
WORDS = ("headline", *ADDRESSES)


def create_configuration(call: Call) -> Json:
    """Makes a configuration; what it does not name is switched off."""
    return _create(call.store, _changed(call, _empty(now=call.now)) | {"metadata": metadata(call.params)}, now=call.now)


def _create(store: Store, configuration: Json, *, now: int) -> Json:
    store.put(configuration)
    emit(store, "billing_portal.configuration.created", configuration, now=now)
    return configuration


def default_configuration(store: Store, *, now: int) -> Json:
    """Returns the default, made when it is first needed, as if it had been saved in the Dashboard."""
    found = store.every(KIND, is_default="True")
    if found:
        return found[0]
    configuration = _empty(now=now) | {"is_default": True}
    for name in ("invoice_history", "payment_method_update", "subscription_cancel"):
        configuration["features"][name]["enabled"] = True
    return _create(store, configuration, now=now)


def _empty(*, now: int) -> Json:
    cancel, pause, update = Features.SubscriptionCancel, Features.SubscriptionPause, Features.SubscriptionUpdate
    features = {
        "customer_update": {"allowed_updates": [], "enabled": False},
        "invoice_history": {"enabled": False},
        "payment_method_update": {"enabled": False, "payment_method_configuration": None},
        "subscription_cancel": {
            "cancellation_reason": whole(cancel.CancellationReason, enabled=False),
            "enabled": False,
            "mode": "at_period_end",
            "proration_behavior": "none",
        },
        "subscription_pause": {"duration": whole(pause.Duration, type="indefinite"), "enabled": False},
        "subscription_update": whole(
            update,
            enabled=False,
            proration_behavior="none",
            schedule_at_period_end={"conditions": []},
            trial_update_behavior="end_trial",
        ),
    }
    return whole(
        stripe.billing_portal.Configuration,
        id=new_id(KIND),
        active=True,
        business_profile=dict.fromkeys(WORDS),
        created=now,
        features=features,
        is_default=False,
        login_page={"enabled": False, "url": None},
        updated=now,
    )


def update_configuration(call: Call) -> Json:
    """Changes a configuration; the default one cannot be switched off."""
    before = call.found(KIND)
    after = _changed(call, copy.deepcopy(before))
    if "metadata" in call.params:
        after["metadata"] = changed_metadata(before, call.params)
    if "active" in call.params:
        if before["is_default"] and not call.params["active"]:
            raise ApiError(400, "You cannot deactivate the default configuration.", param="active")
        after["active"] = call.params["active"]
    if after != before:
        after["updated"] = call.now
        call.store.put(after)
        emit_change(call.store, "billing_portal.configuration.updated", before, after, now=call.now)
    return after


def _changed(call: Call, configuration: Json) -> Json:
    for name in ("default_return_url", "name"):
        if name in call.params:
            configuration[name] = call.params[name] or None
    profile = call.get("business_profile", {})
    configuration["business_profile"] |= {name: profile[name] or None for name in WORDS if name in profile}
    for name in ADDRESSES:
        if configuration["business_profile"][name]:
            checked_address(configuration["business_profile"][name], f"business_profile[{name}]")
    if configuration["default_return_url"]:
        checked_address(configuration["default_return_url"], "default_return_url")
    for name, given in call.get("features", {}).items():
        _change_feature(configuration["features"][name], given, name)
    if call.get("login_page", {}).get("enabled"):
        raise not_modelled("login_page[enabled]", "This sandbox's portal is opened by sessions alone.")
    return configuration


def _change_feature(feature: Json, given: Json, name: str) -> None:
    if given.get("enabled") and name in ABSENT:
        raise not_modelled(f"features[{name}][enabled]", f"This sandbox's portal has no {name}; send enabled=false.")
    if given.get("proration_behavior", "none") != "none":
        raise not_modelled(f"features[{name}][proration_behavior]", "This sandbox does not prorate.")
    feature |= given


ROUTES = (
    route(
        "POST", "/v1/billing_portal/configurations", portal_params.ConfigurationCreateParams, create_configuration,
        modelled="business_profile default_return_url features.customer_update.enabled "
        "features.invoice_history.enabled features.payment_method_update.enabled "
        "features.subscription_cancel.enabled features.subscription_cancel.mode "
        "features.subscription_cancel.proration_behavior features.subscription_pause.enabled "
        "features.subscription_update.enabled login_page.enabled metadata name",
    ),
    route(
        "GET", "/v1/billing_portal/configurations", portal_params.ConfigurationListParams,
        listing(KIND, "/v1/billing_portal/configurations", {"active": "active", "is_default": "is_default"}),
        modelled="active is_default" + CURSOR,
    ),
    route(
        "GET", "/v1/billing_portal/configurations/{id}", portal_params.ConfigurationRetrieveParams,
        retrieving(KIND),
    ),
    route(
        "POST", "/v1/billing_portal/configurations/{id}", portal_params.ConfigurationUpdateParams,
        update_configuration,
        modelled="active business_profile default_return_url features.customer_update.enabled "
        "features.invoice_history.enabled features.payment_method_update.enabled "
        "features.subscription_cancel.enabled features.subscription_cancel.mode "
        "features.subscription_cancel.proration_behavior features.subscription_pause.enabled "
        "features.subscription_update.enabled login_page.enabled metadata name",
    ),
)  # fmt: skip
