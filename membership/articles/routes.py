"""The pages of articles: equal for everyone, and open to everyone."""

from flask import Blueprint, Response, abort, make_response, render_template, request, send_from_directory
from markupsafe import Markup

from membership.appeals.choice import choose
from membership.appeals.words import current_words
from membership.articles import queries
from membership.articles.pictures import NAME, TYPES
from membership.articles.sections import SectionName, all_sections
from membership.articles.shown import Story
from membership.db import current_session
from membership.newsroom.words import current_newsroom
from membership.web.caching import personal, public
from membership.web.current import current_settings, now

blueprint = Blueprint("articles", __name__)


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
    )
    return public(make_response(page), now=moment, fresh_until=queries.next_due(session, language=language, now=moment))


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
    appeal = choose(story.reading, current_words())
    page = render_template("articles/article.html", article=_shown(story), also=story.also, appeal=appeal)
    return public(make_response(page), now=moment, fresh_until=story.next_at)


@blueprint.get("/articles/<slug>/appeal")
def appeal(slug: str) -> Response:
    """Answers the appeal alone, for the script that looks for a fitting one when the reader nears the end."""
    reading = queries.reading(current_session(), slug, language=current_newsroom().language, now=now()) or abort(404)
    fragment = render_template("appeals/_appeal.html", appeal=choose(reading, current_words()))
    return personal(make_response(fragment))


@blueprint.get("/media/<name>")
def picture(name: str) -> Response:
    match = NAME.fullmatch(name) or abort(404)
    media = current_settings().instance / "media"
    response = send_from_directory(media, name, mimetype=TYPES[match["ending"]], etag=match[0])
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


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
        "url": f"{current_settings().base_url}{card.href}",
    }
