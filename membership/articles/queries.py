"""What the pages of articles read: statements built once, columns and not objects, few round trips.

They run on the session's connection, because the session itself would prepare for objects that nobody wants.
"""

from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Row, Select, String, and_, bindparam, cast, desc, func, literal, select, tuple_, union_all
from sqlalchemy.orm import Session, aliased

from membership.appeals.choice import Reading
from membership.articles.models import Article, ArticleAuthor, ArticleTag, Author, Related, Section, Tag
from membership.articles.sections import SectionName
from membership.articles.shown import Card, Entry, Listing, Shown, Story

Columns = Select[*tuple[Any, ...]]

PAGE_SIZE = 20
ALSO_SIZE = 3
FEED_SIZE = 20

# No name holds them: front matter keeps names as single lines without control characters.
_PLACE, _NAME = "\x1f", "\x1e"

_IS_PUBLISHED = (
    Article.language == bindparam("language"),
    Article.state == "published",
    Article.published_at <= bindparam("now"),
)
_NEWEST_FIRST = (Article.published_at.desc(), Article.id.desc())

# Names are gathered in one text: a statement more, or the body once for each author, would be dearer.
_AUTHORS = (
    select(func.aggregate_strings(cast(ArticleAuthor.position, String) + _PLACE + Author.name, _NAME))
    .select_from(ArticleAuthor)
    .join(Author, Author.id == ArticleAuthor.author_id)
    .where(ArticleAuthor.article_id == Article.id)
    .correlate(Article)
    .scalar_subquery()
)
_TAGS = (
    select(func.aggregate_strings(cast(ArticleTag.tag_id, String) + _PLACE + Tag.slug, _NAME))
    .select_from(ArticleTag)
    .join(Tag, Tag.id == ArticleTag.tag_id)
    .where(ArticleTag.article_id == Article.id)
    .correlate(Article)
    .scalar_subquery()
)

_Due = aliased(Article)
_NEXT_DUE = select(func.min(_Due.published_at)).where(
    _Due.language == bindparam("language"), _Due.state == "published", _Due.published_at > bindparam("now")
)

_CARDS = (
    select(
        Article.id,
        Article.section_id,
        Article.slug,
        Article.title,
        Article.standfirst,
        Article.published_at,
        Article.picture_url,
        Article.picture_alt,
        Article.picture_width,
        Article.picture_height,
        Section.slug.label("section_slug"),
        Section.name.label("section_name"),
        _AUTHORS.label("authors"),
    )
    .outerjoin(Section, Section.id == Article.section_id)
    .where(*_IS_PUBLISHED)
)
_OF_SECTION = Section.slug == bindparam("section")
_ANCHOR = select(Article.published_at, Article.id).where(*_IS_PUBLISHED, Article.slug == bindparam("before"))
_AFTER_ANCHOR = tuple_(Article.published_at, Article.id) < tuple_(
    bindparam("anchor_at", type_=Article.published_at.type), bindparam("anchor_id", type_=Article.id.type)
)

# One more than a page shows, to know whether there is another page.
_NEWEST = _CARDS.order_by(*_NEWEST_FIRST).limit(PAGE_SIZE + 1)
_OLDER = _NEWEST.where(_AFTER_ANCHOR)
_NEWEST_OF_SECTION = _NEWEST.where(_OF_SECTION)
_OLDER_OF_SECTION = _OLDER.where(_OF_SECTION)

_STORY = _CARDS.add_columns(Article.body_html, _TAGS.label("tags"), _NEXT_DUE.scalar_subquery().label("next_at")).where(
    Article.slug == bindparam("slug")
)

_OTHERS = _CARDS.where(Article.id != bindparam("article_id"))
_RELATED = (
    _OTHERS.add_columns(Related.position.label("place"))
    .join(Related, and_(Related.other_slug == Article.slug, Related.article_id == bindparam("article_id")))
    .order_by(Related.position)
    .limit(ALSO_SIZE)
    .subquery()
)
# Twice as many, because all of the first may be among the related ones.
_NEIGHBOURS = (
    _OTHERS.add_columns(literal(ALSO_SIZE).label("place"))
    .where(Article.section_id == bindparam("section_id"))
    .order_by(*_NEWEST_FIRST)
    .limit(2 * ALSO_SIZE)
    .subquery()
)
_ALSO = union_all(select(_RELATED), select(_NEIGHBOURS)).order_by("place", desc("published_at"), desc("id"))

_READING = (
    select(Article.slug, Section.slug.label("section_slug"), _TAGS.label("tags"))
    .outerjoin(Section, Section.id == Article.section_id)
    .where(*_IS_PUBLISHED, Article.slug == bindparam("slug"))
)
_FEED = _CARDS.add_columns(Article.body_html, Article.changed_at).order_by(*_NEWEST_FIRST).limit(FEED_SIZE)


def front_page(session: Session, *, language: str, before: str | None = None, now: datetime) -> Listing | None:
    """Returns the newest articles, or those older than the one with the slug `before`; `None` if that is not public."""
    return _listing(session, (_NEWEST, _OLDER), {"language": language, "now": now, "before": before})


def section_page(
    session: Session, section: str, *, language: str, before: str | None = None, now: datetime
) -> Listing | None:
    """Returns the newest articles of a section, as `front_page`."""
    values = {"language": language, "now": now, "before": before, "section": section}
    return _listing(session, (_NEWEST_OF_SECTION, _OLDER_OF_SECTION), values)


def story(session: Session, slug: str, *, language: str, now: datetime) -> Story | None:
    """Returns a published article in two statements; `None` if it is absent, hidden, a draft or not yet due."""
    values = {"language": language, "now": now, "slug": slug}
    connection = session.connection()
    row = connection.execute(_STORY, values).first()
    if row is None:
        return None
    others = connection.execute(_ALSO, {**values, "article_id": row.id, "section_id": row.section_id}).all()
    distinct = {other.slug: other for other in others}.values()
    also = tuple(_card(other) for other in islice(distinct, ALSO_SIZE))
    return Story(_card(row), row.body_html, _reading(row), also, row.next_at)


def reading(session: Session, slug: str, *, language: str, now: datetime) -> Reading | None:
    """Returns what an appeal may know of a published article; `None` as for `story`."""
    row = session.connection().execute(_READING, {"language": language, "now": now, "slug": slug}).first()
    return None if row is None else _reading(row)


def newest_in_full(session: Session, *, language: str, now: datetime) -> tuple[Entry, ...]:
    """Returns what the feed holds, newest first."""
    rows = session.connection().execute(_FEED, {"language": language, "now": now})
    return tuple(Entry(_card(row), row.body_html, max(row.changed_at, row.published_at)) for row in rows)


def next_due(session: Session, *, language: str, now: datetime) -> datetime | None:
    """Returns the next moment at which an article is due: then lists of articles change by the clock alone."""
    return session.connection().scalar(_NEXT_DUE, {"language": language, "now": now})


def _listing(session: Session, newest_and_older: tuple[Columns, Columns], values: dict[str, Any]) -> Listing | None:
    newest, older = newest_and_older
    if values["before"] is None:
        rows = session.connection().execute(newest, values).all()
    else:
        anchor = session.connection().execute(_ANCHOR, values).first()
        if anchor is None:
            return None
        rows = (
            session.connection()
            .execute(older, {**values, "anchor_at": anchor.published_at, "anchor_id": anchor.id})
            .all()
        )
    cards = tuple(_card(row) for row in rows[:PAGE_SIZE])
    return Listing(cards, cards[-1].slug if len(rows) > PAGE_SIZE else None)


def _card(row: Row[Any]) -> Card:
    return Card(
        slug=row.slug,
        title=row.title,
        standfirst=row.standfirst,
        section=SectionName(row.section_slug, row.section_name) if row.section_slug else None,
        authors=_in_order(row.authors),
        published_at=row.published_at,
        picture=_picture(row),
    )


def _picture(row: Row[Any]) -> Shown | None:
    if row.picture_url is None:
        return None
    return Shown(row.picture_url, row.picture_alt or "", row.picture_width, row.picture_height)


def _reading(row: Row[Any]) -> Reading:
    return Reading(row.slug, row.section_slug, _in_order(row.tags))


def _in_order(gathered: str | None) -> tuple[str, ...]:
    """Takes apart what was gathered; databases promise no order inside of it."""
    if gathered is None:
        return ()
    items = (item.partition(_PLACE) for item in gathered.split(_NAME))
    return tuple(name for _, _, name in sorted(items, key=lambda item: int(item[0])))
