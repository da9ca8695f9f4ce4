"""Products, and the prices that Checkout makes from `price_data`."""

import stripe
from stripe import params

from membership.stripe_sandbox.balance import checked_currency
from membership.stripe_sandbox.calls import Call, metadata
from membership.stripe_sandbox.errors import invalid, missing_parameter, no_such
from membership.stripe_sandbox.events import emit
from membership.stripe_sandbox.ids import new_id
from membership.stripe_sandbox.lists import page
from membership.stripe_sandbox.routes import CURSOR, route
from membership.stripe_sandbox.shapes import Json, whole
from membership.stripe_sandbox.store import Store


def create_product(call: Call) -> Json:
    """Makes a product, under an id of the caller's own if one is given."""
    own_id = call.get("id")
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
    if not name.strip():
        raise invalid("You passed an empty string for 'name'.", "name", code="parameter_invalid_empty")
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


def retrieve_product(call: Call) -> Json:
    """Answers one product."""
    return call.found("product")


def list_products(call: Call) -> Json:
    """Answers products, all or those of some ids."""
    where = {"active": (str(call.params["active"]),)} if "active" in call.params else {}
    if "ids" in call.params:
        where["id"] = tuple(call.params["ids"])
    return page(call, "product", "/v1/products", where)


def price_from(store: Store, data: Json, *, at: str, now: int) -> Json:
    """Makes the price that `price_data` describes. `at` is where it stands in the request, for the errors.

    Raises ApiError for an unknown product, a missing or negative amount, a currency that does not settle.
    """
    currency = checked_currency(data["currency"], f"{at}[currency]")
    if "unit_amount" not in data:
        raise missing_parameter(f"{at}[unit_amount]")
    if data["unit_amount"] < 0:
        raise invalid("Invalid non-negative integer", f"{at}[unit_amount]", code="parameter_invalid_integer")
    product = _product_of(store, data, at=at, now=now)
    recurring = data.get("recurring")
    price = whole(
        stripe.Price,
        id=new_id("price"),
        active=True,
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


def _product_of(store: Store, data: Json, *, at: str, now: int) -> Json:
    if "product" in data and "product_data" in data:
        raise invalid("You may only specify one of these parameters: product, product_data.", f"{at}[product_data]")
    if "product_data" in data:
        given = data["product_data"]
        return add_product(
            store, given["name"], description=given.get("description"), metadata=metadata(given), now=now
        )
    if "product" not in data:
        raise missing_parameter(f"{at}[product]")
    product = store.get(data["product"], "product")
    if product is None:
        raise no_such("product", data["product"], param=f"{at}[product]", status=400)
    return product


def _recurring(recurring: Json, at: str) -> Json:
    count = recurring.get("interval_count", 1)
    if not 1 <= count <= 36:
        raise invalid("interval_count must be between 1 and 36.", f"{at}[recurring][interval_count]")
    return whole(stripe.Price.Recurring, interval=recurring["interval"], interval_count=count, usage_type="licensed")


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
)  # fmt: skip
