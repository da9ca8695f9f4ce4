"""Prices: made beforehand and named at Checkout. Those that Checkout makes from `price_data` come from `products`."""

from stripe import params

from membership.stripe_sandbox.payments.products import check_sold, price_from
from membership.stripe_sandbox.protocol.calls import Call, changed_metadata, metadata
from membership.stripe_sandbox.protocol.errors import invalid, no_such
from membership.stripe_sandbox.protocol.lists import page
from membership.stripe_sandbox.protocol.routes import CURSOR, retrieving, route
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.webhooks.events import emit, put_change

EXACT = ("active", "currency", "product", "type")


def create_price(call: Call) -> Json:
    """Makes a price of a product."""
    price = price_from(call.store, call.params, at="", now=call.now)
    price |= {
        "active": call.get("active", True),
        "lookup_key": _free_key(call, price["id"]),
        "metadata": metadata(call.params),
        "nickname": call.get("nickname") or None,
    }
    call.store.put(price)
    emit(call.store, "price.created", price, now=call.now)
    return price


def _free_key(call: Call, price: str) -> str | None:
    key: str | None = call.get("lookup_key") or None
    if key is None:
        return None
    for other in call.store.every("price", lookup_key=key):
        if other["id"] == price:
            continue
        if not call.get("transfer_lookup_key"):
            message = f"A price (`{other['id']}`) already uses that lookup key."
            raise invalid(message, "lookup_key", code="resource_already_exists")
        put_change(call.store, "price.updated", other, other | {"lookup_key": None}, now=call.now)
    return key


def update_price(call: Call) -> Json:
    """Changes what may change of a price; the amount never does (https://docs.stripe.com/api/prices/update)."""
    before = call.found("price")
    after = before | {"active": call.get("active", before["active"])}
    if "nickname" in call.params:
        after["nickname"] = call.params["nickname"] or None
    if "lookup_key" in call.params:
        after["lookup_key"] = _free_key(call, before["id"])
    if "metadata" in call.params:
        after["metadata"] = changed_metadata(before, call.params)
    return put_change(call.store, "price.updated", before, after, now=call.now)


def list_prices(call: Call) -> Json:
    """Answers prices; without `active` also those that may not be used any more."""
    where: dict[str, tuple[str, ...]] = {name: (str(call.params[name]),) for name in EXACT if name in call.params}
    if "lookup_keys" in call.params:
        where["lookup_key"] = tuple(call.params["lookup_keys"])
    if "interval" in call.get("recurring", {}):
        where["recurring.interval"] = (call.params["recurring"]["interval"],)
    return page(call, "price", "/v1/prices", where)


def price_of(store: Store, price_id: str, *, at: str) -> Json:
    """Returns the active price that a parameter names. `at` is the parameter, for the errors.

    Raises ApiError for one that is not there, or not active any more, itself or its product.
    """
    price = store.get(price_id, "price")
    if price is None:
        raise no_such("price", price_id, param=at, status=400)
    if not price["active"]:
        raise invalid("The price specified is inactive. This field only accepts active prices.", at)
    return check_sold(store, price, at)


ROUTES = (
    route(
        "POST", "/v1/prices", params.PriceCreateParams, create_price,
        modelled="active currency lookup_key metadata nickname product product_data.name product_data.metadata "
        "recurring.interval recurring.interval_count transfer_lookup_key unit_amount",
    ),
    route(
        "GET", "/v1/prices", params.PriceListParams, list_prices,
        modelled="active created currency lookup_keys product recurring.interval type" + CURSOR,
    ),
    route("GET", "/v1/prices/{id}", params.PriceRetrieveParams, retrieving("price")),
    route(
        "POST", "/v1/prices/{id}", params.PriceUpdateParams, update_price,
        modelled="active lookup_key metadata nickname transfer_lookup_key",
    ),
)  # fmt: skip
