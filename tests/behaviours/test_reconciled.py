"""What Stripe told and nobody heard: the night's reconciliation finds it, and treats people as if it had been heard."""

import pytest

from membership.payments.reconciliation.nightly import reconcile_beside
from membership.wiring import RECONCILED, SYNCS
from tests.behaviours.acts import PATRON, attempt_states, event_states, payment_states, standing_kind
from tests.money import World


@pytest.mark.parametrize("cadence", ["once", "month"])
def test_whose_webhooks_are_lost_and_who_never_comes_back_is_known_after_the_night(
    newsroom: World, cadence: str
) -> None:
    newsroom.give_and_pay(newsroom.browser(), cadence=cadence, email=PATRON)
    with newsroom.app.app_context():
        for _ in range(2):
            reconcile_beside(newsroom.app.extensions["mirror"], RECONCILED, SYNCS, full=False).join()
    newsroom.work()
    assert (event_states(newsroom), payment_states(newsroom), attempt_states(newsroom)) == (set(), ["paid"], ["paid"])
    assert len(newsroom.letters("Receipt")) == 1
    if cadence == "month":
        assert standing_kind(newsroom) == "live"
        assert len(newsroom.letters("Welcome")) == 1
