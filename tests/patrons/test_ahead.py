"""Letters before something happens: a yearly charge, a card's last month."""

from datetime import timedelta

from sqlalchemy import select

from membership.patrons.ahead import look_ahead
from membership.patrons.models import Pledge
from tests.behaviours.acts import PATRON, pays, pledge_of, pledged, signed_in, text_of, written_day
from tests.money import DAY, World


def looks_ahead(newsroom: World, times: int = 1) -> None:
    """Lets the newsroom look ahead, as its worker does each day, and carries out what follows."""
    for _ in range(times):
        with newsroom.app.app_context():
            look_ahead(newsroom.app.extensions["seams"])
        newsroom.work()


def goes_to(newsroom: World, before: timedelta) -> None:
    """Lets time go by until this long before the next charge."""
    until = pledge_of(newsroom).period_end_at - before
    newsroom.advance(int((until - newsroom.clock.now()).total_seconds()))
    newsroom.settle()


def test_two_weeks_before_a_yearly_charge_one_letter_names_day_and_amount(newsroom: World) -> None:
    pledged(newsroom, cadence="year", amount="100")
    goes_to(newsroom, timedelta(days=15))
    looks_ahead(newsroom)
    assert newsroom.letters("for another year") == []
    goes_to(newsroom, timedelta(days=13, hours=12))
    looks_ahead(newsroom, times=3)
    (letter,) = newsroom.letters("for another year")
    on = pledge_of(newsroom).period_end_at
    assert str(letter["To"]) == PATRON
    assert f"The next charge is on {written_day(on)}" in text_of(letter)
    assert "€100.00 every year" in text_of(letter)
    assert "/links/stop/" in text_of(letter)


def test_who_has_stopped_is_not_told_of_a_charge(newsroom: World) -> None:
    pledged(newsroom, cadence="year", amount="100")
    goes_to(newsroom, timedelta(days=14))
    signed_in(newsroom).post("/account/pledge/cancellation")
    newsroom.settle()
    looks_ahead(newsroom)
    assert newsroom.letters("for another year") == []


def test_a_monthly_charge_is_not_announced(newsroom: World) -> None:
    pledged(newsroom)
    goes_to(newsroom, timedelta(days=1))
    looks_ahead(newsroom)
    assert newsroom.letters("for another year") == []


def test_in_the_last_month_of_a_card_its_owner_is_told_once(newsroom: World) -> None:
    last_month = newsroom.clock.now() + timedelta(days=70)
    answer = newsroom.give(newsroom.browser(), cadence="month", email=PATRON)
    assert pays(newsroom, answer.location, card_expiry=f"{last_month:%m/%y}").status == 303
    newsroom.settle()
    looks_ahead(newsroom)
    assert newsroom.letters("works until") == []
    with newsroom.session() as session:
        last_day = session.scalars(select(Pledge.card_expires)).one()
    assert last_day is not None
    days = (last_day - newsroom.clock.now().date()).days - 20
    newsroom.advance(days * DAY)
    newsroom.settle()
    looks_ahead(newsroom, times=3)
    (letter,) = newsroom.letters("works until")
    assert f"Your card ending 4242 works until {last_day.day} {last_day:%B %Y}" in str(letter["Subject"])
    assert "/links/stop/" in text_of(letter)
