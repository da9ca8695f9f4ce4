"""Products, and the prices that are made in passing from `price_data`."""

import stripe
from stripe import params

from membership.stripe_sandbox.money.balance import check_most, checked_currency
from membership.stripe_sandbox.protocol.calls import Call, changed_metadata, metadata
from membership.stripe_sandbox.protocol.errors import invalid, missing_parameter, no_such, not_modelled
from membership.stripe_sandbox.protocol.ids import new_id
from membership.stripe_sandbox.protocol.lists import page
from membership.stripe_sandbox.protocol.routes import CURSOR, route
from membership.stripe_sandbox.protocol.shapes import Json, whole
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.webhooks.events import emit, emit_change

TEXTS = ("description", "statement_descriptor", "url")
RESERVED = ("balance_settings", "sandbox_")
# https://docs.stripe.com/api/prices/create#create_price-recurring-interval_count: three years.
MOST_INTERVALS = {"day": 3 * 365, "week": 156, "month": 36, "year": 3}


def create_product(call: Call) -> Json:
    """Makes a product, under an id of the caller's own if one is given."""
    own_id = call.get("id")
    if own_id and own_id.startswith(RESERVED):
        raise not_modelled("id", f"This sandbox keeps its own settings under {own_id}.")
    if own_id and call.store.get(own_id):
        raise invalid(f"Product already exists: {own_id}.", "id", code="resource_already_exists")
    return add_product(
        call.store,
        call.params["name"],
        own_id=own_id,
        active=call.get("active", True),
        description=call.get("description"),
        metadata=metadata(call.params),
        statement_descriptor=call.get("statement_descriptor"),
        url=call.get("url"),
        now=call.now,
    )


def add_product(store: Store, name: str, *, now: int, own_id: str | None = None, **fields: object) -> Json:
    """Makes a product and its event. Raises ApiError for an empty name."""
    name = _checked_name(name)
    fields = {"active": True, "description": None, "metadata": {}} | fields
    product = whole(
        stripe.Product,
        id=own_id or new_id("product"),
        created=now,
        name=name,
        type="service",
        updated=now,
        **fields,
    )
    store.put(product)
    emit(store, "product.created", product, now=now)
    return product


def _checked_name(name: str) -> str:
    if not name.strip():
        raise invalid("You passed an empty string for 'name'.", "name", code="parameter_invalid_empty")
    return name


def retrieve_product(call: Call) -> Json:
    """Answers one product."""
    return call.found("product")


def update_product(call: Call) -> Json:
    """Changes a product; an empty text unsets one."""
    before = call.found("product")
    after = before | {"active": call.get("active", before["active"])}
    if "name" in call.params:
        after["name"] = _checked_name(call.params["name"])
    after |= {name: call.params[name] or None for name in TEXTS if name in call.params}
    if "metadata" in call.params:
        after["metadata"] = changed_metadata(before, call.params)
    if after != before:
        after["updated"] = call.now
        call.store.put(after)
        emit_change(call.store, "product.updated", before, after, now=call.now)
    return after


def list_products(call: Call) -> Json:
    """Answers products, all or those of some ids."""
    where = {"active": (str(call.params["active"]),)} if "active" in call.params else {}
    if "ids" in call.params:
        where["id"] = tuple(call.params["ids"])
    return page(call, "product", "/v1/products", where)


def price_from(store: Store, data: Json, *, at: str, now: int) -> Json:
    """Makes the price that `price_data` describes. `at` is where it stands in the request, for the errors.

    It is inactive: it belongs to one session or subscription, and cannot be named by another.
    Raises ApiError for an unknown product, a missing or negative amount, a currency that does not settle.
    """
    currency = checked_currency(data["currency"], within(at, "currency"))
    if "unit_amount" not in data:
        raise missing_parameter(within(at, "unit_amount"))
    if data["unit_amount"] < 0:
        raise invalid("Invalid non-negative integer", within(at, "unit_amount"), code="parameter_invalid_integer")
    check_most(data["unit_amount"], currency, within(at, "unit_amount"))
    product = _product_of(store, data, at=at, now=now)
    recurring = data.get("recurring")
    price = whole(
        stripe.Price,
        id=new_id("price"),
        active=False,
        billing_scheme="per_unit",
        created=now,
        currency=currency,
        product=product["id"],
        recurring=_recurring(recurring, at) if recurring else None,
        tax_behavior="unspecified",
        type="recurring" if recurring else "one_time",
        unit_amount=data["unit_amount"],
        unit_amount_decimal=str(data["unit_amount"]),
    )
    return store.put(price)


def within(at: str, name: str) -> str:
    """Returns how Stripe spells a parameter inside of another, or at the top where `at` is empty."""
    return f"{at}[{name}]" if at else name


def check_sold(store: Store, price: Json, param: str) -> Json:
    """Returns a price whose product may still be sold. Raises ApiError for an archived product.

    A price may be made of one (https://docs.stripe.com/products-prices/manage-prices), but nothing be sold by it.
    """
    if not store.must(price["product"])["active"]:
        message = (
            f"The product {price['product']} is marked as inactive, and thus nothing new can be sold by any price of "
            f"this product. You provided the price {price['id']}."
        )
        raise invalid(message, param)
    return price


def _product_of(store: Store, data: Json, *, at: str, now: int) -> Json:
    if "product" in data and "product_data" in data:
        message = "You may only specify one of these parameters: product, product_data."
        raise invalid(message, within(at, "product_data"))
    if "product_data" in data:
        given = data["product_data"]
        return add_product(
            store, given["name"], description=given.get("description"), metadata=metadata(given), now=now
        )
    if "product" not in data:
        raise missing_parameter(within(at, "product"))
    product = store.get(data["product"], "product")
    if product is None:
        raise no_such("product", data["product"], param=within(at, "product"), status=400)
    return product


def _recurring(recurring: Json, at: str) -> Json:
    count, interval = recurring.get("interval_count", 1), recurring["interval"]
    if not 1 <= count <= MOST_INTERVALS[interval]:
        message = f"A price is charged at least every three years: interval_count is 1 to {MOST_INTERVALS[interval]}."
        raise invalid(message, within(at, "recurring") + "[interval_count]")
    return whole(stripe.Price.Recurring, interval=interval, interval_count=count, usage_type="licensed")


ROUTES = (
    route(
        "POST", "/v1/products", params.ProductCreateParams, create_product,
        modelled="active description id metadata name statement_descriptor url",
    ),
    route(
        "GET", "/v1/products", params.ProductListParams, list_products,
        modelled="active created ids" + CURSOR,
    ),
    route("GET", "/v1/products/{id}", params.ProductRetrieveParams, retrieve_product),
    route(
        "POST", "/v1/products/{id}", params.ProductUpdateParams, update_product,
        modelled="active description metadata name statement_descriptor url",
    ),
)  # fmt: skip
