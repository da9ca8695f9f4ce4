"""The form by which an editor opens a round, read into what the verb needs."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from membership.errors import Refusal

USUAL_DAYS = 7
USUAL_CLOSE = "20:00"
FIELDS = ("title", "question", "closes_on", "closes_time", "choices", "winners")


@dataclass(frozen=True)
class RoundForm:
    """What stands in the form, as typed."""

    title: str = ""
    question: str = ""
    closes_on: str = ""
    closes_time: str = USUAL_CLOSE
    choices: str = "2"
    winners: str = "1"
    topics: tuple[str, ...] = field(default=())

    def closes_at(self, zone: ZoneInfo) -> datetime:
        """Reads day and time as meant in the newsroom's zone; raises `Refusal` about the field."""
        try:
            day = date.fromisoformat(self.closes_on)
        except ValueError as error:
            raise Refusal("Write the day as year-month-day, like 2026-11-28.", field="closes_on") from error
        try:
            hour = time.fromisoformat(self.closes_time)
        except ValueError as error:
            raise Refusal("Write the time as hours and minutes, like 20:00.", field="closes_time") from error
        return datetime.combine(day, hour.replace(tzinfo=None), tzinfo=zone)

    def number(self, name: str) -> int:
        """Reads one of the small numbers; raises `Refusal` about the field."""
        text: str = getattr(self, name).strip()
        if not (text.isascii() and text.isdigit() and len(text) < 4):
            raise Refusal("Write a whole number, like 2.", field=name)
        return int(text)


def empty_form(*, zone: ZoneInfo, now: datetime) -> RoundForm:
    """Returns the form as it is offered: a week, two choices, one winner."""
    return RoundForm(closes_on=(now.astimezone(zone) + timedelta(days=USUAL_DAYS)).date().isoformat())


def from_request(form: MultiDict[str, str]) -> RoundForm:
    """Takes a sent form as it is."""
    return RoundForm(**{name: form.get(name, "") for name in FIELDS}, topics=tuple(form.getlist("topics")))
