"""Effects of the billing portal: what its configurations switch on, and how its sessions begin and end."""

from collections.abc import Callable

from tests.stripe_sandbox.acting import Effect, Json, Stage
from tests.stripe_sandbox.effects_of_billing import of_pledge
from tests.stripe_sandbox.effects_of_later import of_portal, portal_page
from tests.stripe_sandbox.steps import CARD, GOOD

PORTAL = "https://docs.stripe.com/api/customer_portal"
MADE, CHANGED = "POST /v1/billing_portal/configurations", "POST /v1/billing_portal/configurations/{id}"
SESSIONS = "POST /v1/billing_portal/sessions"
OFF: Json = {name: {"enabled": False} for name in ("invoice_history", "payment_method_update", "subscription_cancel")}


def opened(stage: Stage, configuration: Json) -> Json:
    """Opens the portal of a pledge's customer with a configuration."""
    if "customer" not in stage.notes:
        of_pledge(stage)
    given = {"customer": stage.notes["customer"], "configuration": configuration["id"]}
    return stage.call(SESSIONS, "", given)


def offers(words: str) -> Callable[[Stage, Json], bool]:
    """Returns how to see whether a configuration's page has certain words."""
    return lambda stage, configuration: words in portal_page(stage, opened(stage, configuration))


def status_after_cancelling(stage: Stage, configuration: Json) -> str:
    session = opened(stage, configuration)
    stage.browser.post(f"/p/session/{session['id']}/cancellation/{stage.notes['subscription']}", {})
    return str(stage.get(f"/v1/subscriptions/{stage.notes['subscription']}")["status"])


def where_it_goes_back(stage: Stage, configuration: Json) -> str | None:
    return_url: str | None = opened(stage, configuration)["return_url"]
    return return_url


def of_nothing(_stage: Stage) -> tuple[str, Json]:
    return "", {"features": OFF}


def of_empty(stage: Stage) -> tuple[str, Json]:
    return stage.call(MADE, "", {"features": OFF})["id"], {}


def of_configurations(stage: Stage) -> tuple[str, Json]:
    """Leaves the default configuration, one that is switched off, and one that is not."""
    stage.call(SESSIONS, "", {"customer": of_portal(stage)[1]["customer"]})
    stage.call(CHANGED, of_empty(stage)[0], {"active": False})
    of_empty(stage)
    return "", {"limit": 100}


def of_poor_configuration(stage: Stage) -> tuple[str, Json]:
    _, given = of_portal(stage)
    stage.notes["poor"] = of_empty(stage)[0]
    return "", given


def after_card(stage: Stage, session: Json) -> str:
    form = CARD | {"card_number": GOOD}
    return stage.browser.post(f"/p/session/{session['id']}/card", form).location


def switched(feature: str, **given: object) -> Json:
    return {"features": {feature: {"enabled": True} | given}}


def of_configuration(call: str, prepare: Callable[[Stage], tuple[str, Json]]) -> tuple[Effect, ...]:
    """Returns the rows that making and changing a configuration share."""
    page = f"{PORTAL}/configurations/{'create' if call == MADE else 'update'}"
    return (
        Effect(
            call, switched("invoice_history"), "the invoices on the page", page, prepare,
            offers('<h2 id="invoices">'), True,
        ),
        Effect(
            call, switched("payment_method_update"), "the link on the page", page, prepare,
            offers("Use another card"), True,
        ),
        Effect(
            call, switched("subscription_cancel"), "the button on the page", page, prepare,
            offers("Cancel this subscription"), True,
        ),
        Effect(
            call, switched("subscription_cancel", mode="immediately"), "subscription.status, cancelled there", page,
            prepare, status_after_cancelling, "canceled", otherwise=switched("subscription_cancel"),
        ),
        Effect(
            call, {"business_profile": {"headline": "Your support"}}, "the headline on the page", page, prepare,
            offers("<h1>Your support</h1>"), True,
        ),
        Effect(
            call, {"business_profile": {"privacy_policy_url": "http://localhost/privacy"}}, "the link on the page",
            page, prepare, offers("http://localhost/privacy"), True,
        ),
        Effect(
            call, {"default_return_url": "http://localhost/home"}, "session.return_url", page, prepare,
            where_it_goes_back, "http://localhost/home",
        ),
        Effect(
            call, {"name": "Readers", "metadata": {"desk": "7"}}, "the configuration", page, prepare,
            lambda s, made: [s.get(f"/v1/billing_portal/configurations/{made['id']}")[name]
                             for name in ("name", "metadata")],
            ["Readers", {"desk": "7"}],
        ),
    )  # fmt: skip


CONFIGURATIONS = (
    *of_configuration(MADE, of_nothing),
    *of_configuration(CHANGED, of_empty),
    Effect(
        CHANGED, {"active": False}, "the list of active configurations", f"{PORTAL}/configurations/update", of_empty,
        lambda s, made: s.all("/v1/billing_portal/configurations?active=true"), [],
    ),
    Effect(
        "GET /v1/billing_portal/configurations", {"active": False}, "which are listed",
        f"{PORTAL}/configurations/list", of_configurations, lambda s, made: len(made["data"]), 1,
    ),
    Effect(
        "GET /v1/billing_portal/configurations", {"is_default": True}, "which are listed",
        f"{PORTAL}/configurations/list", of_configurations, lambda s, made: len(made["data"]), 1,
    ),
)  # fmt: skip

VISITS = (
    Effect(
        SESSIONS, {"customer": "$customer"}, "whose subscription is on the page", f"{PORTAL}/sessions/create",
        lambda s: (of_pledge(s) and "", {}), lambda s, made: s.notes["subscription"] in portal_page(s, made), True,
    ),
    Effect(
        SESSIONS, {"configuration": "$poor"}, "the link on the page",
        f"{PORTAL}/sessions/create#create_portal_session-configuration", of_poor_configuration,
        lambda s, made: "Use another card" in portal_page(s, made), False,
    ),
    Effect(
        SESSIONS, {"locale": "de"}, "the language of the page",
        f"{PORTAL}/sessions/create#create_portal_session-locale", of_portal,
        lambda s, made: ('<html lang="de">' in portal_page(s, made), "Rechnungen" in portal_page(s, made)),
        (True, True),
    ),
    Effect(
        SESSIONS, {"flow_data": {"type": "payment_method_update"}}, "the first page",
        "https://docs.stripe.com/customer-management/portal-deep-links", of_portal,
        lambda s, made: "Card number" in portal_page(s, made), True,
    ),
    Effect(
        SESSIONS,
        {"flow_data": {"type": "payment_method_update", "after_completion": {
            "type": "redirect", "redirect": {"return_url": "http://localhost/saved"},
        }}},
        "where the saved card leads", "https://docs.stripe.com/customer-management/portal-deep-links", of_portal,
        after_card, "http://localhost/saved", otherwise={"flow_data": {"type": "payment_method_update"}},
    ),
)  # fmt: skip

PORTALS = (*CONFIGURATIONS, *VISITS)
