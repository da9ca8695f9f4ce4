"""How often articles are read: counted in memory, kept as one sum for each article and day, about nobody."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from threading import Lock, Thread, main_thread
from typing import Any

import structlog
from flask import Flask
from sqlalchemy import Date, Integer, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import Insert

from membership.articles.models import Article, ArticleViews
from membership.clock import Clock
from membership.db import Database, transaction
from membership.newsroom.words import current_newsroom

log = structlog.get_logger()

FLUSH_EVERY = timedelta(minutes=1)
# What could not be written waits in memory, for a day at most.
MOST_WAITING = 24 * 60

_BEFORE_SLUG = "/articles/"
# A browser or a cache that asks whether its copy still holds, and hears yes, reads the article too.
_READ = ("200", "304")

Counted = tuple[datetime, dict[str, int]]


class Views:
    """Counts articles as they are answered, kept pages included, and adds the sums to the database.

    No cookie, no address and no header is looked at. Counting starts no thread by itself: see `keep_writing`.
    """

    def __init__(self, app: Flask, database: Database, clock: Clock) -> None:
        self._app = app
        self._database = database
        self._clock = clock
        self._lock = Lock()
        self._counts: dict[str, int] = {}
        self._began_at = clock.now()
        self._waiting: deque[Counted] = deque(maxlen=MOST_WAITING)
        self._may_start = False

    def keep_writing(self) -> None:
        """Has a thread write the sums every minute, from the first view on, and once more as the process ends."""
        self._may_start = True

    def answered(self, method: str, path: str, status: str) -> None:
        """Is told of each answer to any request; counts those that were an article."""
        if status in _READ and method == "GET" and path.startswith(_BEFORE_SLUG):
            with self._lock:
                if not self._counts:
                    self._begin()
                self._counts[path] = self._counts.get(path, 0) + 1

    def flush(self) -> None:
        """Adds what was counted to the database. What cannot be written now waits for the next time."""
        with self._lock:
            if self._counts:
                self._waiting.append((self._began_at, self._counts))
                self._counts = {}
        if not self._waiting:
            return
        try:
            with self._app.app_context():
                self._write()
        except SQLAlchemyError as error:
            # The database may be away; reading goes on, and the sums wait.
            log.warning("views.not_written", reason=type(error).__name__)
            return
        self._waiting.clear()

    def _begin(self) -> None:
        # Once a minute, and not for each view: in the demo, reading the clock means reading a file.
        self._began_at = self._clock.now()
        if self._may_start and main_thread().is_alive():
            self._may_start = False
            # Said out loud, because the server's own threads are daemons and theirs would be, too.
            Thread(target=self._write_until_the_end, name="views", daemon=False).start()

    def _write(self) -> None:
        newsroom = current_newsroom()
        sums: dict[tuple[date, str], int] = defaultdict(int)
        for began_at, counts in self._waiting:
            day = began_at.astimezone(newsroom.zone).date()
            for path, number in counts.items():
                sums[day, path.removeprefix(_BEFORE_SLUG)] += number
        with self._database.session() as session, transaction(session):
            add(session, ((day, slug, number) for (day, slug), number in sums.items()), language=newsroom.language)

    def _write_until_the_end(self) -> None:
        # No daemon: the process waits for the last sums, and waiting for the main thread is how to hear of its end.
        while main_thread().is_alive():
            main_thread().join(self._pause().total_seconds())
            self.flush()

    def _pause(self) -> timedelta:
        """Says how long to wait: a minute, or until midnight, so that each view stands under its day."""
        try:
            with self._app.app_context():
                local = self._clock.now().astimezone(current_newsroom().zone)
        except SQLAlchemyError:
            log.warning("views.zone_unknown")
            return FLUSH_EVERY
        midnight = datetime.combine(local.date() + timedelta(days=1), datetime.min.time(), local.tzinfo)
        return min(FLUSH_EVERY, midnight - local)


def add(session: Session, sums: Iterable[tuple[date, str, int]], *, language: str) -> None:
    """Adds views of articles, by day and slug; what is no published article is passed over."""
    statement = _ADD[session.get_bind().dialect.name]
    # In one order, whoever adds: two processes then never wait for each other in a circle.
    for day, slug, number in sorted(sums):
        session.execute(statement, {"on": day, "slug": slug, "number": number, "language": language})


def _adding(insert: Callable[[Any], Any]) -> Insert:
    table = ArticleViews.__table__
    statement = insert(table).from_select(["day", "article_id", "views"], _OF_ARTICLE)
    added: Insert = statement.on_conflict_do_update(
        index_elements=["day", "article_id"], set_={"views": table.c.views + statement.excluded.views}
    )
    return added


_OF_ARTICLE = select(bindparam("on", type_=Date), Article.id, bindparam("number", type_=Integer)).where(
    Article.language == bindparam("language"), Article.slug == bindparam("slug"), Article.state == "published"
)
_ADD = {"sqlite": _adding(sqlite.insert), "postgresql": _adding(postgresql.insert)}
