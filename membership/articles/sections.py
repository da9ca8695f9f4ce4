"""Sections of the newsroom's coverage: named in newsroom.toml, or made by the first article that names one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.articles.models import Section
from membership.articles.slugs import RESERVED
from membership.db import insert_ignore
from membership.newsroom.remembered import Remembered
from membership.newsroom.site_version import bump
from membership.newsroom.toml import Reading, Table
from membership.web.slugs import is_slug


@dataclass(frozen=True)
class SectionName:
    """A section as pages name it."""

    slug: str
    name: str


def load(session: Session, table: Sequence[Table], *, now: datetime) -> None:
    """Keeps the tables `[[sections]]` in their order; raises `TomlError` with all that is wrong in them.

    Sections that the file does not name keep their articles and come after.
    """
    reading = Reading("sections")
    named = _read(table, reading)
    reading.finish()
    rest = [each for each in _all(session) if each.slug not in {section.slug for section in named}]
    for position, section in enumerate([*named, *rest]):
        insert_ignore(session, Section, slug=section.slug, name=section.name, position=position)
        row = session.scalars(select(Section).where(Section.slug == section.slug)).one()
        row.name, row.position = section.name, position
    bump(session)


def _read(table: object, reading: Reading) -> list[SectionName]:
    if not isinstance(table, list) or not all(isinstance(each, dict) for each in table):
        reading.problem("sections", "must be written as [[sections]]")
        return []
    sections = [SectionName(reading.text(each, "slug", longest=100), reading.text(each, "name")) for each in table]
    for section in sections:
        if not is_slug(section.slug) or section.slug in RESERVED:
            reading.problem(
                "slug", f"{section.slug!r} must be lower-case letters a-z, digits and hyphens, not reserved"
            )
    if len({section.slug for section in sections}) < len(sections):
        reading.problem("slug", "stands twice")
    return sections


def _all(session: Session) -> tuple[SectionName, ...]:
    rows = session.execute(select(Section.slug, Section.name).order_by(Section.position, Section.slug))
    return tuple(SectionName(slug, name) for slug, name in rows)


all_sections = Remembered(_all)
