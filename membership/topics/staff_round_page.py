"""One round as its editors see it, and the form of its draft: what the pages show, and what was refused on them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from flask import Response, make_response, render_template

from membership.accounts.staff_nav import staff_nav
from membership.db import current_session
from membership.topics.announcing import CHECKS
from membership.topics.drafting import fingerprint
from membership.topics.listing import topics_in
from membership.topics.models import Round
from membership.topics.moves import REASON_LENGTH
from membership.topics.roll import roll_size, told_turnout
from membership.topics.round_form import RoundForm
from membership.topics.round_phase import phase
from membership.topics.round_terms import MOST_DONOR_MONTHS, QUESTION_LENGTH, SAID_LENGTH, TITLE_LENGTH, donors_since
from membership.topics.rounds import InRound, reason_called_off, topics_in_round
from membership.topics.similar import Titled, similar_to
from membership.web.caching import personal
from membership.web.current import now, zone


@dataclass(frozen=True)
class Typed:
    """What came back with a refused act: ticked boxes, the topic that was meant, the reason as typed."""

    checks: Collection[str] = field(default=())
    topic: str = ""
    reason: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)


NOTHING_TYPED = Typed()


def round_page(round_: Round, typed: Typed = NOTHING_TYPED, *, status: int = 200) -> Response:
    """Shows a round with the acts that its phase allows."""
    session, at = current_session(), now()
    topics = topics_in_round(session, round_)
    page = render_template(
        "topics/staff_round.html",
        staff_nav=staff_nav(),
        round=round_,
        phase=phase(round_, now=at),
        is_late=round_.opens_at <= at,
        topics=topics,
        roll_size=roll_size(session, round_.id),
        turnout=told_turnout(session, round_.id),
        donors_since=donors_since(round_),
        called_off=reason_called_off(session, round_),
        checks=CHECKS,
        alike=_alike(topics) if round_.announced_at is None else (),
        seen=fingerprint(session, round_) if round_.announced_at is None else "",
        typed=typed,
        reason_length=REASON_LENGTH,
    )
    return personal(make_response(page, status))


def _alike(topics: Sequence[InRound]) -> tuple[Titled, ...]:
    """Lists public topics, done or not, whose titles are like those of the round."""
    own = {topic.slug for topic in topics}
    found = {each.slug: each for topic in topics for each in similar_to(topic.title) if each.slug not in own}
    return tuple(found.values())


def form_page(
    form: RoundForm, round_: Round | None, errors: Mapping[str, str] | None = None, *, status: int = 200
) -> Response:
    """Shows the form of a new draft (`None`), or of the draft of a round."""
    session = current_session()
    offered = {each.slug: each for each in topics_in(session, "shortlisted")}
    of_draft = {} if round_ is None else {each.slug: each for each in topics_in_round(session, round_)}
    page = render_template(
        "topics/staff_round_form.html",
        staff_nav=staff_nav(),
        round=round_,
        topics=tuple((offered | of_draft).values()),
        off_the_shortlist=of_draft.keys() - offered.keys(),
        form=form,
        errors=errors or {},
        zone=str(zone()),
        title_length=TITLE_LENGTH,
        question_length=QUESTION_LENGTH,
        said_length=SAID_LENGTH,
        most_months=MOST_DONOR_MONTHS,
    )
    return personal(make_response(page, status))
