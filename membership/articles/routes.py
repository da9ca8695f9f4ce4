"""The pages of articles: equal for everyone, and open to everyone."""

from datetime import datetime

from flask import Blueprint, Response, abort, make_response, render_template, request, send_from_directory
from markupsafe import Markup

from membership.appeals.choice import MOST_A_MONTH, Ballot, Counts, Reading, default_appeal, refused_by
from membership.appeals.words import current_words
from membership.articles import queries
from membership.articles.chosen_by import NAMES_AT_ONCE, ChosenBy, chosen_by
from membership.articles.pictures import NAME, TYPES
from membership.articles.sections import SectionName, all_sections
from membership.articles.shown import Story
from membership.db import current_session
from membership.newsroom.words import current_newsroom
from membership.topics import open_now
from membership.web.caching import personal, public
from membership.web.current import current_settings, now

blueprint = Blueprint("articles", __name__)

# Digits of a number of articles or appeals in 30 days; what is longer counts something else.
LONGEST_COUNT = 4


@blueprint.get("/")
def front() -> Response:
    moment, language, before = now(), current_newsroom().language, request.args.get("before") or None
    session = current_session()
    listing = queries.front_page(session, language=language, before=before, now=moment) or abort(404)
    is_first = before is None
    page = render_template(
        "articles/front.html",
        lead=listing.cards[0] if is_first and listing.cards else None,
        cards=listing.cards[1:] if is_first else listing.cards,
        newer=None if is_first else "/",
        older=f"/?before={listing.older}" if listing.older else None,
        round=open_now.open_round(now=moment),
    )
    fresh_until = _sooner(queries.next_due(session, language=language, now=moment), open_now.next_change(now=moment))
    return public(make_response(page), now=moment, fresh_until=fresh_until)


@blueprint.get("/sections/<slug>")
def section(slug: str) -> Response:
    moment, language, before = now(), current_newsroom().language, request.args.get("before") or None
    named, session = _section(slug), current_session()
    listing = queries.section_page(session, slug, language=language, before=before, now=moment) or abort(404)
    page = render_template(
        "articles/section.html",
        section=named,
        cards=listing.cards,
        newer=f"/sections/{slug}" if before else None,
        older=f"/sections/{slug}?before={listing.older}" if listing.older else None,
    )
    return public(make_response(page), now=moment, fresh_until=queries.next_due(session, language=language, now=moment))


@blueprint.get("/articles/<slug>")
def article(slug: str) -> Response:
    moment = now()
    story = queries.story(current_session(), slug, language=current_newsroom().language, now=moment) or abort(404)
    found = None if story.topic_id is None else chosen_by(story.topic_id)
    page = render_template(
        "articles/article.html",
        article=_shown(story),
        also=story.also,
        chosen_by=found,
        names_at_once=NAMES_AT_ONCE,
        appeal=default_appeal(story.reading, current_words(), ballot=_ballot(moment)),
        fragment_href=f"{story.card.href}/appeal",
    )
    return public(
        make_response(page),
        now=moment,
        fresh_until=_sooner(story.next_at, open_now.next_change(now=moment)),
        names_people=found is not None and bool(found.names),
    )


@blueprint.get("/articles/<slug>/voters")
def voters(slug: str) -> Response:
    """Names those who voted in the round that chose what an article answers, page by page."""
    moment = now()
    story = queries.story(current_session(), slug, language=current_newsroom().language, now=moment) or abort(404)
    found = (story.topic_id and chosen_by(story.topic_id)) or abort(404)
    at = _page_number(found)
    path = f"{story.card.href}/voters"
    page = render_template(
        "articles/voters.html",
        article=story.card,
        chosen_by=found,
        names=found.names[(at - 1) * NAMES_AT_ONCE : at * NAMES_AT_ONCE],
        before=None if at == 1 else f"{path}?page={at - 1}",
        after=f"{path}?page={at + 1}" if at * NAMES_AT_ONCE < len(found.names) else None,
    )
    return public(make_response(page), now=moment, names_people=bool(found.names))


@blueprint.get("/articles/<slug>/appeal")
def appeal(slug: str) -> Response:
    """Answers the appeal alone, for the script that asks, when the reader nears the end, what fits its counts."""
    moment = now()
    reading = queries.reading(current_session(), slug, language=current_newsroom().language, now=moment) or abort(404)
    return personal(make_response(_fragment(reading, _counts(), now=moment)))


@blueprint.get("/media/<name>")
def picture(name: str) -> Response:
    match = NAME.fullmatch(name) or abort(404)
    media = current_settings().instance / "media"
    response = send_from_directory(media, name, mimetype=TYPES[match["ending"]], etag=match[0])
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def _fragment(reading: Reading, counts: Counts, *, now: datetime) -> str:
    refused = refused_by(reading, counts)
    if refused is not None:
        return render_template("appeals/_quiet.html", not_now=refused.id == "not_now")
    appeal = default_appeal(reading, current_words(), ballot=_ballot(now))
    return render_template("appeals/_appeal.html", appeal=appeal, not_now=True, most=MOST_A_MONTH)


def _page_number(found: ChosenBy) -> int:
    number = _count("page") or 1
    return number if number == 1 or (number - 1) * NAMES_AT_ONCE < len(found.names) else abort(404)


def _counts() -> Counts:
    """Reads what the browser says of itself; what is no number there counts as nothing."""
    return Counts(_count("read"), _count("seen"), not_now=request.args.get("not_now") == "1")


def _count(name: str) -> int:
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST_COUNT else 0


def _ballot(moment: datetime) -> Ballot | None:
    opened = open_now.open_round(now=moment)
    if opened is None:
        return None
    return Ballot(opened.slug, opened.title, opened.closes_at, votes_today=moment < opened.joins_until)


def _sooner(*moments: datetime | None) -> datetime | None:
    return min((each for each in moments if each is not None), default=None)


def _section(slug: str) -> SectionName:
    return next((each for each in all_sections() if each.slug == slug), None) or abort(404)


def _shown(story: Story) -> dict[str, object]:
    card = story.card
    return {
        "title": card.title,
        "standfirst": card.standfirst,
        "section": card.section,
        "authors": card.authors,
        "published_at": card.published_at,
        "picture": card.picture,
        "body": Markup(story.body),  # noqa: S704 - sanitised when it was imported
        "path": card.href,
        "url": f"{current_settings().base_url}{card.href}",
    }
