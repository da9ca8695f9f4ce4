"""Tables of articles and what they are sorted by."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from membership.db import Base, Id, one_of

ARTICLE_STATES = ("draft", "published", "hidden")


class Section(Base):
    """A part of the newsroom's coverage."""

    __tablename__ = "sections"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    position: Mapped[int]


class Author(Base):
    """Who wrote."""

    __tablename__ = "authors"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]


class Tag(Base):
    """A word by which articles are found."""

    __tablename__ = "tags"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]


class Article(Base):
    """An article as it is now. `body_html` is sanitised when it is written, never when it is read."""

    __tablename__ = "articles"
    __table_args__ = (
        UniqueConstraint("language", "slug"),
        one_of("state", ARTICLE_STATES),
        Index("ix_articles_state_published_at_id", "state", "published_at", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    language: Mapped[str]
    slug: Mapped[str]
    state: Mapped[str]
    title: Mapped[str]
    standfirst: Mapped[str]
    published_at: Mapped[datetime | None]
    section_id: Mapped[int | None] = mapped_column(ForeignKey("sections.id"), index=True)
    topic_id: Mapped[int | None] = mapped_column(ForeignKey("topics.id"))
    picture_url: Mapped[str | None]
    picture_alt: Mapped[str | None]
    picture_width: Mapped[int | None]
    picture_height: Mapped[int | None]
    body_source: Mapped[str]
    body_html: Mapped[str]
    content_hash: Mapped[str]
    changed_at: Mapped[datetime]


class ArticleVersion(Base):
    """An article as it was at one import. Append-only."""

    __tablename__ = "article_versions"
    __table_args__ = (UniqueConstraint("article_id", "number"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id"))
    number: Mapped[int]
    at: Mapped[datetime]
    content_hash: Mapped[str]
    front_matter: Mapped[dict[str, Any]] = mapped_column(JSON)
    body_source: Mapped[str]


class ArticleTag(Base):
    """A tag on an article."""

    __tablename__ = "article_tags"

    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id"), primary_key=True)
    tag_id: Mapped[int] = mapped_column(ForeignKey("tags.id"), primary_key=True, index=True)


class ArticleAuthor(Base):
    """An author of an article; `position` is the order in the byline."""

    __tablename__ = "article_authors"

    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id"), primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"), primary_key=True, index=True)
    position: Mapped[int]


class Related(Base):
    """An article recommended under another; kept as a slug, because the other may be imported later."""

    __tablename__ = "related"

    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    other_slug: Mapped[str]


class ArticleViews(Base):
    """How often an article was answered on a day of the newsroom's zone: a sum, and never a row a view."""

    __tablename__ = "article_views"
    __table_args__ = (CheckConstraint("views > 0", name="some_views"),)

    day: Mapped[date] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id"), primary_key=True)
    views: Mapped[int]
