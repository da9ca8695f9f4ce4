"""Keeps an article as it is now and as it was at each import."""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from hashlib import sha256
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from membership.articles.front_matter import BrokenArticle, Manuscript, Named, Problem
from membership.articles.models import (
    Article,
    ArticleAuthor,
    ArticleTag,
    ArticleVersion,
    Author,
    Related,
    Section,
    Tag,
)
from membership.articles.pictures import Picture
from membership.articles.slugs import slug_of
from membership.db import insert_ignore, locked
from membership.newsroom.site_version import bump
from membership.topics.models import Topic


class Outcome(Enum):
    """What became of a file that is not broken."""

    NEW = "imported"
    CHANGED = "new version"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Prepared:
    """A manuscript with its body rendered and its pictures in the store: all that needs no database is done."""

    manuscript: Manuscript
    body_html: str
    picture: Picture | None

    @property
    def front_matter(self) -> dict[str, Any]:
        """The fields as they are kept with a version."""
        manuscript = self.manuscript
        published = manuscript.published_at
        return {
            "title": manuscript.title,
            "slug": manuscript.slug,
            "standfirst": manuscript.standfirst,
            "authors": list(manuscript.authors),
            "section": manuscript.section.name if manuscript.section else None,
            "tags": [tag.name for tag in manuscript.tags],
            "published": published.isoformat() if published else None,
            "picture": self.picture.url if self.picture else None,
            "picture_alt": manuscript.picture_alt,
            "related": list(manuscript.related),
            "topic": manuscript.topic,
        }

    @property
    def content_hash(self) -> str:
        """SHA-256 of all that a reader could notice, the pictures' content included."""
        content = [self.front_matter, self.manuscript.body, self.body_html]
        return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def keep(session: Session, prepared: Prepared, *, language: str, now: datetime) -> Outcome:
    """Keeps an article under its slug: a new one, a new version, or nothing if it is as it was.

    Sections, tags and authors are made if absent. Raises `BrokenArticle` if its topic does not exist.
    """
    manuscript = prepared.manuscript
    topic_id = _topic_id(session, manuscript)
    content_hash = prepared.content_hash
    article = _article(session, language, manuscript.slug)
    if article is not None and article.content_hash == content_hash:
        return Outcome.UNCHANGED
    outcome = Outcome.CHANGED if article else Outcome.NEW
    article = article or Article(language=language, slug=manuscript.slug, state="draft")
    _fill(article, prepared, content_hash=content_hash, now=now)
    article.topic_id = topic_id
    article.section_id = _section_id(session, manuscript.section)
    session.add(article)
    session.flush()
    _sort_under(session, article.id, manuscript)
    _add_version(session, article.id, prepared, content_hash=content_hash, now=now)
    bump(session)
    return outcome


def _topic_id(session: Session, manuscript: Manuscript) -> int | None:
    if manuscript.topic is None:
        return None
    topic_id = session.scalar(select(Topic.id).where(Topic.slug == manuscript.topic))
    if topic_id is None:
        raise BrokenArticle(Problem(manuscript.line_of("topic"), f"topic {manuscript.topic!r} does not exist"))
    return topic_id


def _article(session: Session, language: str, slug: str) -> Article | None:
    article_id = session.scalar(select(Article.id).where(Article.language == language, Article.slug == slug))
    return None if article_id is None else locked(session, Article, article_id)


def _fill(article: Article, prepared: Prepared, *, content_hash: str, now: datetime) -> None:
    manuscript, picture = prepared.manuscript, prepared.picture
    article.title = manuscript.title
    article.standfirst = manuscript.standfirst
    article.published_at = manuscript.published_at
    # What an editor has hidden stays hidden, whatever the file says.
    if article.state != "hidden":
        article.state = "published" if manuscript.published_at else "draft"
    article.picture_url = picture.url if picture else None
    article.picture_alt = manuscript.picture_alt if picture else None
    article.picture_width = picture.width if picture else None
    article.picture_height = picture.height if picture else None
    article.body_source = manuscript.body
    article.body_html = prepared.body_html
    article.content_hash = content_hash
    article.changed_at = now


def _section_id(session: Session, section: Named | None) -> int | None:
    if section is None:
        return None
    last = session.scalar(select(func.max(Section.position)))
    insert_ignore(session, Section, slug=section.slug, name=section.name, position=0 if last is None else last + 1)
    return session.scalars(select(Section.id).where(Section.slug == section.slug)).one()


def _sort_under(session: Session, article_id: int, manuscript: Manuscript) -> None:
    """Says anew which tags, authors and related articles an article has."""
    for link in (ArticleTag, ArticleAuthor, Related):
        session.execute(delete(link).where(link.article_id == article_id))
    tag_ids = dict.fromkeys(_tag_id(session, tag) for tag in manuscript.tags)
    author_ids = dict.fromkeys(_author_id(session, name) for name in manuscript.authors)
    others = [slug for slug in manuscript.related if slug != manuscript.slug]
    session.add_all(ArticleTag(article_id=article_id, tag_id=each) for each in tag_ids)
    session.add_all(
        ArticleAuthor(article_id=article_id, author_id=each, position=place) for place, each in enumerate(author_ids)
    )
    session.add_all(
        Related(article_id=article_id, position=place, other_slug=slug) for place, slug in enumerate(others)
    )


def _tag_id(session: Session, tag: Named) -> int:
    insert_ignore(session, Tag, slug=tag.slug, name=tag.name)
    return session.scalars(select(Tag.id).where(Tag.slug == tag.slug)).one()


def _author_id(session: Session, name: str) -> int:
    """Finds an author by name, or makes one; two names that are spelt alike get two slugs."""
    stem = slug_of(name) or "author"
    number = 1
    while True:
        found = session.scalar(select(Author.id).where(Author.name == name).limit(1))
        if found is not None:
            return found
        insert_ignore(session, Author, slug=stem if number == 1 else f"{stem}-{number}", name=name)
        number += 1


def _add_version(session: Session, article_id: int, prepared: Prepared, *, content_hash: str, now: datetime) -> None:
    last = session.scalar(select(func.max(ArticleVersion.number)).where(ArticleVersion.article_id == article_id))
    session.add(
        ArticleVersion(
            article_id=article_id,
            number=(last or 0) + 1,
            at=now,
            content_hash=content_hash,
            front_matter=prepared.front_matter,
            body_source=prepared.manuscript.body,
        )
    )
