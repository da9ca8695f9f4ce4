"""Where it is dangerous to give, and whether giving is closed: altogether, or for the country of this request.

Pledges that run are left alone; what is closed is giving anew, and giving more.
"""

from dataclasses import dataclass

from babel.lists import format_list
from flask import Response, make_response, render_template
from flask_babel import get_locale

from membership.errors import NotAllowed, Refusal, WrongState
from membership.newsroom.danger import current_danger
from membership.web.caching import personal
from membership.web.country import current_country


@dataclass(frozen=True)
class DangerLine:
    """What is said before the amounts. `places`: all, as a sentence lists them; `is_here`: the reader's is one."""

    places: str
    is_here: bool


@dataclass(frozen=True)
class Closed:
    """Why nothing is taken. `place` is where; empty: everywhere."""

    reason: str
    place: str

    @property
    def refusal(self) -> Refusal:
        """What is answered to whoever tries all the same."""
        if self.place:
            return NotAllowed("From %(place)s we take no money. %(reason)s", place=self.place, reason=self.reason)
        return WrongState("We take no money at the moment. %(reason)s", reason=self.reason)


def danger_line(*, for_everyone: bool = False) -> DangerLine | None:
    """Returns what to say of danger; `None` if no place is listed. `for_everyone`: on a page that may be kept."""
    danger = current_danger()
    if not danger.places:
        return None
    names = format_list([place.name for place in danger.places], locale=get_locale())
    return DangerLine(names, not for_everyone and danger.place_of(current_country()) is not None)


def closed_everywhere() -> Closed | None:
    """Says whether nobody may give."""
    reason = current_danger().closed
    return Closed(reason, "") if reason else None


def closed_here() -> Closed | None:
    """Says whether giving is closed to whoever asks; the page that asks is theirs alone."""
    place = current_danger().place_of(current_country())
    return closed_everywhere() or (Closed(place.closed, place.name) if place and place.closed else None)


def refuse_if_closed() -> None:
    """Raises `WrongState` if giving is closed altogether, `NotAllowed` if it is for the country of this request."""
    closed = closed_here()
    if closed is not None:
        raise closed.refusal


def closed_page(closed: Closed, *, is_refused: bool = False) -> Response:
    """Says why, in place of the form."""
    page = render_template("support/closed.html", closed=closed, danger=danger_line(), is_refused=is_refused)
    return personal(make_response(page, closed.refusal.status if is_refused else 200))
