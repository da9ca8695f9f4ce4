"""The addresses of topics and rounds: made from their titles, and unique."""

from collections.abc import Iterator
from itertools import count
from typing import Any

from slugify import slugify
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.db import insert_ignore
from membership.topics.models import Round, Topic

LONGEST = 80
# Addresses under /topics, /rounds and their staff pages that are no topic and no round.
RESERVED = {"topic": frozenset(("promises", "proposal", "similar", "years")), "round": frozenset(("new",))}


def insert_under_slug(session: Session, model: type[Topic | Round], title: str, **values: Any) -> str:
    """Inserts a row under the first free slug of its title and returns the slug."""
    for slug in _candidates(title, model.__name__.lower()):
        if insert_ignore(session, model, slug=slug, title=title, **values):
            return slug
    raise AssertionError("the numbers never end")


def rename(session: Session, topic: Topic, title: str) -> None:
    """Gives a topic that was never public another title and the first free slug of it."""
    if title == topic.title:
        return
    for slug in _candidates(title, "topic"):
        if session.scalar(select(Topic.id).where(Topic.slug == slug, Topic.id != topic.id)) is None:
            topic.title, topic.slug = title, slug
            return


def _candidates(title: str, otherwise: str) -> Iterator[str]:
    # A title of signs alone leaves nothing to spell.
    stem = slugify(title, max_length=LONGEST - 8, word_boundary=True) or otherwise
    if stem not in RESERVED.get(otherwise, frozenset()):
        yield stem
    for number in count(2):
        yield f"{stem}-{number}"
