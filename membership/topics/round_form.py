"""The form in which an editor drafts a round, read into what the verbs need."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from membership.errors import Refusal
from membership.topics.round_terms import Candidate, Terms

USUAL_DAYS: Final = 7
USUAL_OPENING: Final = "09:00"
USUAL_CLOSE: Final = "20:00"
# Beyond these no zone can be reckoned with.
FIRST_YEAR, LAST_YEAR = 2000, 9000
OPEN_BALLOTS: Final = "open"
FIELDS: Final = (
    "title",
    "question",
    "opens_on",
    "opens_time",
    "closes_on",
    "closes_time",
    "joins_on",
    "joins_time",
    "choices",
    "winners",
    "ballots",
    "donor_months",
    "seen",
)
SAID: Final = ("who", "takes", "will_not_be")


@dataclass(frozen=True)
class RoundForm:
    """What stands in the form, as typed. `topics` are the ticked slugs, `said` what stands at each: who, takes, …"""

    title: str = ""
    question: str = ""
    opens_on: str = ""
    opens_time: str = USUAL_OPENING
    closes_on: str = ""
    closes_time: str = USUAL_CLOSE
    joins_on: str = ""
    joins_time: str = ""
    choices: str = "2"
    winners: str = "1"
    ballots: str = "secret"
    donor_months: str = ""
    seen: str = ""
    topics: tuple[str, ...] = field(default=())
    said: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def terms(self, zone: ZoneInfo) -> Terms:
        """Reads the terms, times as meant in the newsroom's zone; raises `Refusal` about the field."""
        opens_at, closes_at = self._moment("opens", zone), self._moment("closes", zone)
        return Terms(
            title=self.title,
            question=self.question,
            opens_at=opens_at,
            closes_at=closes_at,
            choices=self._number("choices"),
            winners=self._number("winners"),
            joins_until=self._moment("joins", zone) if self.joins_on.strip() else None,
            secret=self.ballots != OPEN_BALLOTS,
            donor_months=self._number("donor_months") if self.donor_months.strip() else None,
        )

    def candidates(self) -> tuple[Candidate, ...]:
        """Reads the ticked topics with what is said of each."""
        return tuple(Candidate(slug, **self.said.get(slug, {})) for slug in self.topics)

    def seen_anew(self, seen: str) -> "RoundForm":
        """Returns the same form, as sent by somebody who has seen the draft as it is now."""
        return replace(self, seen=seen)

    def _moment(self, name: str, zone: ZoneInfo) -> datetime:
        typed_day, typed_time = getattr(self, f"{name}_on"), getattr(self, f"{name}_time") or USUAL_CLOSE
        try:
            day = date.fromisoformat(typed_day)
        except ValueError as error:
            raise Refusal("Write the day as year-month-day, like 2026-11-28.", field=f"{name}_on") from error
        try:
            hour = time.fromisoformat(typed_time)
        except ValueError as error:
            raise Refusal("Write the time as hours and minutes, like 20:00.", field=f"{name}_time") from error
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise Refusal("Write the day as year-month-day, like 2026-11-28.", field=f"{name}_on")
        return datetime.combine(day, hour.replace(tzinfo=None), tzinfo=zone)

    def _number(self, name: str) -> int:
        text: str = getattr(self, name).strip()
        if not (text.isascii() and text.isdigit() and len(text) < 4):
            raise Refusal("Write a whole number, like 2.", field=name)
        return int(text)


def empty_form(*, zone: ZoneInfo, now: datetime) -> RoundForm:
    """Returns the form as it is offered first: tomorrow, a week, two choices, one winner."""
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    closes_on = tomorrow + timedelta(days=USUAL_DAYS)
    return RoundForm(opens_on=tomorrow.isoformat(), closes_on=closes_on.isoformat())


def from_terms(terms: Terms, topics: Sequence[Candidate], *, zone: ZoneInfo, seen: str = "") -> RoundForm:
    """Fills the form with the terms and the topics of a round."""
    return RoundForm(
        title=terms.title,
        question=terms.question,
        **_day_and_time("opens", terms.opens_at, zone),
        **_day_and_time("closes", terms.closes_at, zone),
        **_day_and_time("joins", terms.joins_until, zone),
        choices=str(terms.choices),
        winners=str(terms.winners),
        ballots="secret" if terms.secret else OPEN_BALLOTS,
        donor_months="" if terms.donor_months is None else str(terms.donor_months),
        seen=seen,
        topics=tuple(each.slug for each in topics),
        said={each.slug: {name: getattr(each, name) for name in SAID} for each in topics},
    )


def from_request(form: MultiDict[str, str]) -> RoundForm:
    """Takes a sent form as it is."""
    topics = tuple(form.getlist("topics"))
    told = {name.partition("-")[2] for name in form if name.partition("-")[0] in SAID}
    said = {slug: {name: form.get(f"{name}-{slug}", "") for name in SAID} for slug in told}
    return RoundForm(**{name: form.get(name, "") for name in FIELDS}, topics=topics, said=said)


def _day_and_time(name: str, at: datetime | None, zone: ZoneInfo) -> dict[str, str]:
    if at is None:
        return {}
    local = at.astimezone(zone)
    return {f"{name}_on": local.date().isoformat(), f"{name}_time": f"{local:%H:%M}"}
