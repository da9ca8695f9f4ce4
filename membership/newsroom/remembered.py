"""Values that every page needs and few changes touch: read once for each version of the site."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from flask import Flask, current_app

from membership.db import Database, current_database
from membership.newsroom.site_version import VersionWatch

Value = TypeVar("Value")


class Remembered(Generic[Value]):
    """A reader whose answer is kept, per application and for each `key`, until the site's version changes.

    Whoever changes the rows behind it bumps the version in the same transaction. The value must be immutable, and
    keys must be few.
    """

    def __init__(self, load: Callable[..., Value]) -> None:
        self._load = load

    def __call__(self, *key: Hashable) -> Value:
        version = current_watch().current()
        kept: dict[object, tuple[int, Value]] = current_app.extensions["remembered"]
        held = kept.get((self, key))
        if held is not None and held[0] == version:
            return held[1]
        with current_database().session() as session:
            value = self._load(session, *key)
        kept[self, key] = (version, value)
        return value


def init_app(app: Flask, database: Database, *, look_every_seconds: float) -> None:
    """Gives the application its watch on the site's version and an empty memory."""
    app.extensions["version_watch"] = VersionWatch(database, look_every_seconds)
    app.extensions["remembered"] = {}


def current_watch() -> VersionWatch:
    """Returns the watch on the site's version of the current application."""
    watch: VersionWatch = current_app.extensions["version_watch"]
    return watch
