"""The survey: goes through Stripe's lists a page at a time and lets each part compare the page with our rows."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any, Generic, TypeVar

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from membership.db import Database
from membership.newsroom.site_version import site_id
from membership.payments.gateway import Gateway, GoneAtStripe
from membership.payments.mirror import Thing
from membership.payments.models import StripeObject
from membership.payments.reconciliation.differences import Survey, Window

PAGE = 100
# How far back Stripe's events go, and with them what is compared each night.
LATELY = timedelta(days=30)

Record = TypeVar("Record")
# Told after each page: of which part, how many objects it held, and how many rows of ours the part may hold in all.
Tell = Callable[[str, int, int], object]


@dataclass(frozen=True)
class Open(Generic[Record]):
    """What is still to end and older than the window, so that no list shows it: `list_ids` of ours, fetched singly."""

    kind: str
    list_ids: Callable[[Session, Window], list[tuple[str, str, str]]]
    fetch: Callable[[Gateway, str], Record]


@dataclass(frozen=True)
class Part(Generic[Record]):
    """One list of Stripe's and how a page of it is compared with our rows, by a few queries a page.

    `rows`: about how many it will be, for people who wait; `leftover` looks, when all pages are through, for rows
    of ours that no page showed. A part that is `only_lately` is left out when everything is compared.
    """

    name: str
    read: Callable[[Gateway, Window], Iterator[Record]]
    compare: Callable[[Session, Survey, list[Record]], None]
    rows: Callable[[Session, Window], int]
    open: Open[Record] | None = None
    leftover: Callable[[Session, Survey], None] | None = None
    only_lately: bool = False


def take_survey(
    database: Database, gateway: Gateway, parts: Iterable[Part[Any]], window: Window, *, tell: Tell
) -> Survey:
    """Compares what Stripe lists with our rows; changes nothing. Raises `StripeAway` or `StripeRefused`."""
    with database.session() as session:
        survey = Survey(site_id(session), window)
    for part in parts:
        if not (part.only_lately and window.is_full):
            _go_through(database, gateway, part, survey, tell=tell)
    survey.give_up_unclaimed()
    return survey


def _go_through(database: Database, gateway: Gateway, part: Part[Any], survey: Survey, *, tell: Tell) -> None:
    with database.session() as session:
        rows = part.rows(session, survey.window)
    for page in _pages(part.read(gateway, survey.window)):
        _compare(database, part, survey, page)
        tell(part.name, len(page), rows)
    if part.open is not None and not survey.window.is_full:
        for page in _pages(_fetched(database, gateway, part.open, survey)):
            _compare(database, part, survey, page)
            tell(part.name, len(page), rows)
    if part.leftover is not None:
        with database.session() as session:
            part.leftover(session, survey)


def _compare(database: Database, part: Part[Any], survey: Survey, page: list[Any]) -> None:
    with database.session() as session:
        part.compare(session, survey, page)


def _fetched(database: Database, gateway: Gateway, opened: Open[Record], survey: Survey) -> Iterator[Record]:
    with database.session() as session:
        waiting = [each for each in opened.list_ids(session, survey.window) if not is_gone(session, each[0])]
    for object_id, kind, key in waiting:
        try:
            yield opened.fetch(gateway, object_id)
        except GoneAtStripe:
            survey.add(kind, key, f"{opened.kind} {object_id} is not known at Stripe", Thing(opened.kind, object_id))


def is_gone(session: Session, object_id: str) -> bool:
    """Says whether we know already that Stripe no longer has an object."""
    return bool(session.scalar(select(exists().where(StripeObject.id == object_id, StripeObject.gone_at.is_not(None)))))


def _pages(records: Iterator[Record]) -> Iterator[list[Record]]:
    while page := list(islice(records, PAGE)):
        yield page
