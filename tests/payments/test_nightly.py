"""The night: what was missed is mended without anybody asking, operators hear of it, and the next night is calm."""

from datetime import timedelta

from membership.db import transaction
from membership.outbox.models import PeriodicRun
from membership.payments.alarms import open_alarms
from membership.payments.reconciliation.nightly import DIFFERED, NIGHTLY, reconcile_by_itself
from membership.wiring import RECONCILED, SYNCS
from tests.behaviours.acts import goes_wrong, payment_states
from tests.money import World


def test_a_night_mends_what_was_missed_and_the_next_finds_nothing(newsroom: World) -> None:
    _nights_before(newsroom, 2)
    newsroom.give_and_pay(newsroom.browser())
    assert payment_states(newsroom) == []

    _a_night(newsroom)
    assert payment_states(newsroom) == ["paid"]
    assert "payment" in _alarms(newsroom)[DIFFERED]

    _a_night(newsroom)
    assert _alarms(newsroom) == {}


def test_the_first_night_brings_the_past_and_alarms_nobody(newsroom: World) -> None:
    _nights_before(newsroom, 1)
    newsroom.give_and_pay(newsroom.browser())
    _a_night(newsroom)
    assert payment_states(newsroom) == ["paid"]
    assert _alarms(newsroom) == {}


def test_a_night_without_stripe_changes_nothing_and_says_nothing(newsroom: World) -> None:
    newsroom.give_and_pay(newsroom.browser())
    goes_wrong(newsroom, "server_error", lasts=3600)
    _a_night(newsroom)
    assert payment_states(newsroom) == []
    assert _alarms(newsroom) == {}


def _nights_before(newsroom: World, nights: int) -> None:
    with newsroom.session() as session, transaction(session):
        for ago in range(nights):
            session.add(PeriodicRun(name=NIGHTLY, due_at=newsroom.clock.now() - timedelta(days=ago)))


def _a_night(newsroom: World) -> None:
    with newsroom.app.app_context():
        reconcile_by_itself(newsroom.app.extensions["mirror"], RECONCILED, SYNCS, full=False)


def _alarms(newsroom: World) -> dict[str, str]:
    with newsroom.session() as session:
        return open_alarms(session)
