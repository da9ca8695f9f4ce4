"""Effects of products and prices: what is sold, for how much, under which key."""

from stripe import InvalidRequestError

from tests.stripe_sandbox.acting import Effect, Json, Stage
from tests.stripe_sandbox.effects_of_giving import SESSIONS, donation, line, price
from tests.stripe_sandbox.effects_of_words import API, TAGGED, nothing, told

PRODUCT: Json = {"statement_descriptor": "PAPER", "url": "http://localhost/mug"} | TAGGED


def of_listed_price(stage: Stage) -> tuple[str, Json]:
    given = {"currency": "eur", "unit_amount": 900, "product": "membership_pledge"}
    made = stage.call("POST /v1/prices", "", given | {"lookup_key": "large"})
    stage.notes["large"] = made["id"]
    return "", given


def of_second_price(stage: Stage) -> tuple[str, Json]:
    _, given = of_listed_price(stage)
    return stage.call("POST /v1/prices", "", given)["id"], {}


def key_of_first(stage: Stage, _made: Json) -> str | None:
    key: str | None = stage.get(f"/v1/prices/{stage.notes['large']}")["lookup_key"]
    return key


def is_sold(stage: Stage, product: Json) -> bool:
    """Tells whether Checkout takes a price of a product."""
    try:
        stage.call(SESSIONS, "", donation(stage)[1] | line(product=product["id"]))
    except InvalidRequestError:
        return False
    return True


GOODS = (
    Effect(
        "POST /v1/products", PRODUCT, "product.created event", f"{API}/products/create",
        lambda s: ("", {"name": "Mug"}), **told("product.created", PRODUCT),
    ),
    Effect(
        "POST /v1/products", {"id": "mug"}, "product.created event", f"{API}/products/create#create_product-id",
        lambda s: ("", {"name": "Mug"}), **told("product.created", {"id": "mug"}),
    ),
    Effect(
        "POST /v1/products", {"name": "Mug"}, "the name on the page", f"{API}/products/create#create_product-name",
        nothing,
        lambda s, made: "Mug" in s.page(s.call(SESSIONS, "", donation(s)[1] | line(product=made["id"]))), True,
    ),
    Effect(
        "POST /v1/products/{id}", {"description": "A cup"} | PRODUCT, "product.updated event", f"{API}/products/update",
        lambda s: ("membership_donation", {}), **told("product.updated", {"description": "A cup"} | PRODUCT),
    ),
    Effect(
        "POST /v1/products/{id}", {"active": False}, "whether Checkout sells it",
        f"{API}/products/update#update_product-active", lambda s: ("membership_donation", {}), is_sold, False,
    ),
    Effect(
        "GET /v1/products", {"active": False}, "which are listed", f"{API}/products/list",
        lambda s: ("", {"limit": 100}), lambda s, made: made["data"], [],
    ),
    Effect(
        "POST /v1/prices", {"nickname": "Large", "lookup_key": "large"} | TAGGED, "price.created event",
        f"{API}/prices/create", lambda s: ("", {"currency": "eur", "unit_amount": 900, "product": "membership_pledge"}),
        **told("price.created", {"nickname": "Large", "lookup_key": "large"} | TAGGED),
    ),
    Effect(
        "POST /v1/prices", {"active": False}, "the list of active prices", f"{API}/prices/create#create_price-active",
        lambda s: ("", {"currency": "eur", "unit_amount": 900, "product": "membership_pledge"}),
        lambda s, made: s.all("/v1/prices?active=true"), [],
    ),
    Effect(
        "POST /v1/prices", {"currency": "usd"}, "charge.currency", f"{API}/prices/create#create_price-currency",
        lambda s: ("", {"unit_amount": 900, "product": "membership_donation"}),
        lambda s, made: s.charge_of(
            s.call(SESSIONS, "", donation(s)[1] | {"line_items": [{"price": made["id"], "quantity": 1}]})
        )["currency"],
        "usd",
    ),
    Effect(
        "POST /v1/prices", {"product": "membership_donation"}, "the list of the product's prices",
        f"{API}/prices/create#create_price-product", lambda s: ("", {"currency": "eur", "unit_amount": 900}),
        lambda s, made: len(s.all("/v1/prices?product=membership_donation")), 1,
    ),
    Effect(
        "POST /v1/prices", {"product_data": {"name": "Mug"} | TAGGED}, "product.created event",
        f"{API}/prices/create#create_price-product_data", lambda s: ("", {"currency": "eur", "unit_amount": 900}),
        **told("product.created", {"name": "Mug"} | TAGGED),
    ),
    Effect(
        "POST /v1/prices", {"recurring": {"interval": "month", "interval_count": 3}}, "price.created event",
        f"{API}/prices/create#create_price-recurring-interval_count",
        lambda s: ("", {"currency": "eur", "unit_amount": 900, "product": "membership_pledge"}),
        **told("price.created", {"interval_count": 3}, of="recurring"),
        otherwise={"recurring": {"interval": "month"}},
    ),
    Effect(
        "POST /v1/prices", {"lookup_key": "large", "transfer_lookup_key": True}, "the other price's key",
        f"{API}/prices/create#create_price-transfer_lookup_key", of_listed_price, key_of_first, None,
        otherwise={"lookup_key": "larger"},
    ),
    Effect(
        "POST /v1/prices/{id}", {"nickname": "Large", "lookup_key": "small"} | TAGGED, "price.updated event",
        f"{API}/prices/update", price, **told("price.updated", {"nickname": "Large", "lookup_key": "small"} | TAGGED),
    ),
    Effect(
        "POST /v1/prices/{id}", {"lookup_key": "large", "transfer_lookup_key": True}, "the other price's key",
        f"{API}/prices/update#update_price-transfer_lookup_key", of_second_price, key_of_first, None,
        otherwise={"lookup_key": "larger"},
    ),
    Effect(
        SESSIONS,
        {"line_items": [{"quantity": 1, "price_data": {
            "currency": "eur", "unit_amount": 500,
            "product_data": {"name": "Mug", "description": "A cup"} | TAGGED,
        }}]},
        "product.created event", f"{API}/checkout/sessions/create", donation,
        **told("product.created", {"name": "Mug", "description": "A cup"} | TAGGED), otherwise=line(),
    ),
)  # fmt: skip
