"""An operator sets events waiting again: one, or all of a kind, or one that never came in."""

from flask import Flask
from sqlalchemy import select, update

from membership.db import transaction
from membership.payments.models import Payment, StripeEvent
from membership.payments.webhook import UNKNOWN_TYPE
from tests.behaviours.acts import body_of, latest, payment_states
from tests.money import World


def replays(newsroom: World, *words: str) -> tuple[int, str]:
    result = newsroom.app.test_cli_runner().invoke(args=["stripe", "replay", *words])
    return result.exit_code, result.output


def states(newsroom: World) -> dict[str, str]:
    with newsroom.session() as session:
        return {row.id: row.state for row in session.execute(select(StripeEvent.id, StripeEvent.state))}


def became(newsroom: World, state: str, reason: str | None = None, **fields: object) -> None:
    """Lets all stored events be in a state, as if a worker had left them there."""
    values = {"state": state, "reason": reason, "tries": 22, "next_try_at": None} | fields
    with newsroom.session() as session, transaction(session):
        session.execute(update(StripeEvent).values(**values))


def given(newsroom: World) -> str:
    """Gives €5 of which only the charge's event comes in; returns its id."""
    newsroom.give_and_pay(newsroom.browser())
    event = latest(newsroom, "charge.succeeded")
    assert newsroom.post_event(body_of(event)).status_code == 200
    return str(event.id)


def test_a_dead_event_is_replayed_and_handled(newsroom: World) -> None:
    event_id = given(newsroom)
    became(newsroom, "dead", "StripeAway: no answer")
    assert replays(newsroom, event_id) == (0, f"{event_id} is waiting; the worker looks at it next.\n")
    newsroom.work()
    assert (states(newsroom), payment_states(newsroom)) == ({event_id: "handled"}, ["paid"])


def test_an_event_that_never_came_in_is_fetched_from_stripe(newsroom: World) -> None:
    newsroom.give_and_pay(newsroom.browser())
    event_id = latest(newsroom, "checkout.session.completed").id
    assert replays(newsroom, event_id)[0] == 0
    newsroom.work()
    assert (states(newsroom), payment_states(newsroom)) == ({event_id: "handled"}, ["paid"])


def test_an_event_that_nobody_knows_is_refused_in_words(newsroom: World) -> None:
    code, said = replays(newsroom, "evt_unheard_of")
    assert code == 1
    assert "Stripe does not have it" in said
    assert states(newsroom) == {}


def test_what_stripe_has_and_nothing_depends_on_is_told(newsroom: World) -> None:
    newsroom.give_and_pay(newsroom.browser())
    event_id = latest(newsroom, "payment_intent.created").id
    assert replays(newsroom, event_id) == (0, f"{event_id} was fetched from Stripe and is ignored: {UNKNOWN_TYPE}.\n")
    assert states(newsroom) == {event_id: "ignored"}


def test_what_is_not_for_this_site_is_never_replayed(newsroom: World) -> None:
    event_id = given(newsroom)
    for reason in ("livemode", "another account"):
        became(newsroom, "ignored", reason)
        assert "not for this site" in replays(newsroom, event_id)[1]
        assert replays(newsroom, "--state", "ignored")[1].startswith("0 events")
        assert states(newsroom) == {event_id: "ignored"}


def test_a_filter_names_state_type_and_time(newsroom: World) -> None:
    newsroom.give_and_pay(newsroom.browser())
    newsroom.deliver()
    became(newsroom, "dead")
    today = f"{newsroom.clock.now():%Y-%m-%d}"
    for words, count in (
        (("--state", "ignored"), 0),
        (("--since", "2036-01-01"), 0),
        (("--type", "charge.succeeded", "--since", today), 1),
        (("--state", "dead"), len(states(newsroom)) - 1),
    ):
        said = f"{count} event{'' if count == 1 else 's'} set waiting; the worker looks at them next.\n"
        assert replays(newsroom, *words) == (0, said)
    assert set(states(newsroom).values()) == {"waiting"}
    newsroom.work()
    assert payment_states(newsroom) == ["paid"]


def test_one_event_and_a_filter_exclude_each_other_and_one_is_needed(app: Flask) -> None:
    for words in ((), ("evt_1", "--state", "dead")):
        result = app.test_cli_runner().invoke(args=["stripe", "replay", *words])
        assert result.exit_code == 2
        assert "Name one event" in result.output


def test_a_purged_event_gets_its_text_back_from_stripe(newsroom: World) -> None:
    event_id = given(newsroom)
    became(newsroom, "dead", payload=None)
    replays(newsroom, event_id)
    newsroom.work()
    assert (states(newsroom), payment_states(newsroom)) == ({event_id: "handled"}, ["paid"])
    with newsroom.session() as session:
        assert session.scalars(select(StripeEvent.payload)).one() is not None


def test_a_purged_event_that_stripe_has_forgotten_is_looked_at_by_its_object(newsroom: World) -> None:
    given(newsroom)
    newsroom.work()
    for words in (("evt_forgotten",), ("--state", "dead")):
        with newsroom.session() as session, transaction(session):
            session.execute(update(Payment).values(state="started", paid_at=None))
            session.execute(update(StripeEvent).values(id="evt_forgotten"))
        became(newsroom, "dead", payload=None)
        assert replays(newsroom, *words)[0] == 0
        newsroom.work()
        assert (states(newsroom), payment_states(newsroom)) == ({"evt_forgotten": "handled"}, ["paid"])
