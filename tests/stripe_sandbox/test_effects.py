"""Each modelled parameter of the table of effects acts: with it something changes that does not change without it."""

import pytest
from stripe import CardError, InvalidRequestError, StripeClient

from membership.stripe_sandbox.protocol.routes import CURSOR
from membership.stripe_sandbox.protocol.routing import ROUTES
from tests.stripe_sandbox.acting import Effect, Stage, filled, merged, params_of
from tests.stripe_sandbox.effects import EFFECTS
from tests.stripe_sandbox.effects_missing import WITHOUT_EFFECT
from tests.stripe_sandbox.receiver import Receiver
from tests.stripe_sandbox.steps import Browser

MODELLED = {f"{route.method} {route.path}": route.modelled for route in ROUTES}


def test_the_table_has_at_least_sixty_rows_about_what_is_modelled() -> None:
    assert len(EFFECTS) >= 60
    assert len({str(effect) for effect in EFFECTS}) == len(EFFECTS)
    for effect in EFFECTS:
        assert effect.page.startswith("https://docs.stripe.com/")
        for path in params_of(effect.given):
            modelled = MODELLED[effect.call]
            assert any(path == known or path.startswith(f"{known}.") for known in modelled), str(effect)


def test_every_modelled_parameter_has_its_effect() -> None:
    """What a route says it acts upon stands in the table, or in the list of what does not, with the reason."""
    shown = {(effect.call, path) for effect in EFFECTS for path in params_of(effect.given)}
    silent = {
        (call, known)
        for call, modelled in MODELLED.items()
        for known in modelled
        if known not in CURSOR.split()
        and not any(call == of and (path == known or path.startswith(f"{known}.")) for of, path in shown)
    }
    assert silent == WITHOUT_EFFECT.keys()


@pytest.mark.usefixtures("early_in_the_month")
@pytest.mark.parametrize("effect", EFFECTS, ids=str)
def test_a_parameter_has_its_effect(client: StripeClient, browser: Browser, receiver: Receiver, effect: Effect) -> None:
    stage = Stage(client, browser, receiver)
    object_id, needed = effect.prepare(stage)
    given = filled(effect.given, stage.notes)
    answer = stage.call(effect.call, object_id, merged(needed, given))
    assert effect.see(stage, answer) == effect.expected


@pytest.mark.usefixtures("early_in_the_month")
@pytest.mark.parametrize("effect", [effect for effect in EFFECTS if effect.given], ids=str)
def test_without_the_parameter_there_is_no_such_effect(
    client: StripeClient, browser: Browser, receiver: Receiver, effect: Effect
) -> None:
    """A call that cannot do without the parameter is refused for just that, or the bank declines."""
    stage = Stage(client, browser, receiver)
    object_id, needed = effect.prepare(stage)
    otherwise = filled(effect.otherwise, stage.notes)
    try:
        answer = stage.call(effect.call, object_id, merged(needed, otherwise))
    except CardError:
        return
    except InvalidRequestError as refusal:
        if refusal.code != "parameter_missing":
            raise
        return
    assert effect.see(stage, answer) != effect.expected
