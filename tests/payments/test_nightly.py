"""The night: what was missed is mended without anybody asking, operators hear of it, and the next night is calm."""

from membership.payments.alarms import open_alarms
from membership.payments.reconciliation.nightly import DIFFERED, reconcile_by_itself
from membership.wiring import RECONCILED, SYNCS
from tests.behaviours.acts import goes_wrong, payment_states
from tests.money import World


def test_a_night_mends_what_was_missed_and_the_next_finds_nothing(newsroom: World) -> None:
    newsroom.give_and_pay(newsroom.browser())
    assert payment_states(newsroom) == []

    _a_night(newsroom)
    assert payment_states(newsroom) == ["paid"]
    assert "payment" in _alarms(newsroom)[DIFFERED]

    _a_night(newsroom)
    assert _alarms(newsroom) == {}


def test_a_night_without_stripe_changes_nothing_and_says_nothing(newsroom: World) -> None:
    newsroom.give_and_pay(newsroom.browser())
    goes_wrong(newsroom, "server_error", lasts=3600)
    _a_night(newsroom)
    assert payment_states(newsroom) == []
    assert _alarms(newsroom) == {}


def _a_night(newsroom: World) -> None:
    with newsroom.app.app_context():
        reconcile_by_itself(newsroom.app.extensions["mirror"], RECONCILED, SYNCS, full=False)


def _alarms(newsroom: World) -> dict[str, str]:
    with newsroom.session() as session:
        return open_alarms(session)
