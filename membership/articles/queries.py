"""What the pages of articles read: statements built once, columns and not objects, few round trips.

They run on the session's connection, because the session itself would prepare for objects that nobody wants.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    String,
    bindparam,
    case,
    cast,
    func,
    literal,
    literal_column,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from membership.appeals.choice import Reading
from membership.articles.models import Article, ArticleAuthor, ArticleTag, Author, Related, Section, Tag
from membership.articles.sections import SectionName
from membership.articles.shown import Card, Entry, Listing, Shown, Story

Columns = Select[*tuple[Any, ...]]

PAGE_SIZE = 20
ALSO_SIZE = 3
FEED_SIZE = 20


def _written(value: str | int) -> ColumnElement[Any]:
    """Returns a constant that stands in the statement: one that is bound would be filled in at each execution."""
    return literal_column(f"'{value}'" if isinstance(value, str) else str(value), literal(value).type)


# No name holds them: front matter keeps names as single lines without control characters.
_PLACE, _NAME = "\x1f", "\x1e"

_IS_PUBLISHED = (
    Article.language == bindparam("language"),
    Article.state == _written("published"),
    Article.published_at <= bindparam("now"),
)
_NEWEST_FIRST = (Article.published_at.desc(), Article.id.desc())


# Names are gathered in one text: a statement more, or the body once for each author, would be dearer.
def _gathered(place: InstrumentedAttribute[int], name: InstrumentedAttribute[str]) -> ColumnElement[str]:
    return func.aggregate_strings(cast(place, String) + _written(_PLACE) + name, _written(_NAME))  # type: ignore[arg-type]  # any expression will do


_AUTHORS = (
    select(_gathered(ArticleAuthor.position, Author.name))
    .select_from(ArticleAuthor)
    .join(Author, Author.id == ArticleAuthor.author_id)
    .where(ArticleAuthor.article_id == Article.id)
    .correlate(Article)
    .scalar_subquery()
)
_TAGS = (
    select(_gathered(ArticleTag.tag_id, Tag.slug))
    .select_from(ArticleTag)
    .join(Tag, Tag.id == ArticleTag.tag_id)
    .where(ArticleTag.article_id == Article.id)
    .correlate(Article)
    .scalar_subquery()
)

_Due = aliased(Article)
_NEXT_DUE = select(func.min(_Due.published_at)).where(
    _Due.language == bindparam("language"), _Due.state == _written("published"), _Due.published_at > bindparam("now")
)

_CARD = select(
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
).outerjoin(Section, Section.id == Article.section_id)
_CARDS = _CARD.where(*_IS_PUBLISHED)
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

# A story and what is recommended under it come in one statement: to PostgreSQL, a round trip costs as much as they do.
# Before and after every position of a related one.
_THE_STORY, _A_NEIGHBOUR = -1, 1_000_000
_ITSELF = select(Article.id, Article.section_id).where(*_IS_PUBLISHED, Article.slug == bindparam("slug")).cte("itself")
_ITS_ID = select(_ITSELF.c.id).scalar_subquery()
_ITS_SECTION_ID = select(_ITSELF.c.section_id).scalar_subquery()
_ANOTHER = (*_IS_PUBLISHED, Article.id != _ITS_ID)
_RELATED = (
    select(Article.id, Related.position)
    .join(Related, Related.other_slug == Article.slug)
    .where(*_ANOTHER, Related.article_id == _ITS_ID)
    .order_by(Related.position)
    .limit(ALSO_SIZE)
    .subquery()
)
_NEIGHBOURS = (
    select(Article.id, _written(_A_NEIGHBOUR).label("place"))
    .where(
        *_ANOTHER,
        Article.section_id == _ITS_SECTION_ID,
        Article.slug.not_in(select(Related.other_slug).where(Related.article_id == _ITS_ID)),
    )
    .order_by(*_NEWEST_FIRST)
    .limit(ALSO_SIZE)
    .subquery()
)
_PICKED = union_all(
    select(_ITSELF.c.id, _written(_THE_STORY).label("place")), select(_RELATED), select(_NEIGHBOURS)
).subquery()
_IS_THE_STORY = _PICKED.c.place == _written(_THE_STORY)
_STORY = (
    _CARD.add_columns(
        _PICKED.c.place,
        case((_IS_THE_STORY, Article.body_html)).label("body_html"),
        case((_IS_THE_STORY, _TAGS)).label("tags"),
        case((_IS_THE_STORY, Article.topic_id)).label("topic_id"),
        case((_IS_THE_STORY, _NEXT_DUE.scalar_subquery())).label("next_at"),
    )
    .join(_PICKED, _PICKED.c.id == Article.id)
    .order_by(_PICKED.c.place, *_NEWEST_FIRST)
    .limit(1 + ALSO_SIZE)
)

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
    """Returns a published article; `None` if it is absent, hidden, a draft or not yet due."""
    rows = session.connection().execute(_STORY, {"language": language, "now": now, "slug": slug}).all()
    if not rows or rows[0].place != _THE_STORY:
        return None
    row, *others = rows
    return Story(_card(row), row.body_html, _reading(row), tuple(map(_card, others)), row.next_at, row.topic_id)


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
