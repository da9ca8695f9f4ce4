"""What every application of a test process compiles alike, compiled once: templates, addresses and statements."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.engine import make_url
from werkzeug.routing import Rule

from membership import db

_compile_builder: Callable[[Rule, bool], Any] = Rule._compile_builder


@contextmanager
def compiled_once() -> Iterator[None]:
    """Lets applications share what they compile; each test makes one or two, of a hundred routes each."""
    folder = tempfile.mkdtemp(prefix="membership-compiled-")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "jinja_options", {"bytecode_cache": FileSystemBytecodeCache(folder)})
        patch.setattr(Rule, "_compile_builder", _shared_builder)
        yield
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def one_engine(url: str) -> Iterator[None]:
    """Lets all who open this database share an engine, which keeps what it compiled for tests to come.

    Whoever closes the database meanwhile leaves the connections to the end of the block.
    """
    used = set[Engine]()
    with pytest.MonkeyPatch.context() as patch:

        def engine_of(asked: URL, **how: Any) -> Engine:
            if asked.database != make_url(url).database:
                return create_engine(asked, **how)
            engine = _engine(asked, **how)
            patch.setattr(engine, "dispose", lambda: None)
            used.add(engine)
            return engine

        patch.setattr(db, "create_engine", engine_of)
        yield
    for engine in used:
        engine.dispose()


@cache
def _engine(url: URL, **how: Any) -> Engine:
    return create_engine(url, **how)


def _shared_builder(rule: Rule, append_unknown: bool = True) -> Any:
    # What is compiled calls the converters of the rule that it is bound to, so it serves every rule that reads alike.
    return _builder(_Alike(rule), append_unknown)


class _Alike:
    """A rule that equals all that are written as it is."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self._key = (rule.rule, rule.subdomain, rule.host, repr(rule.defaults))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Alike) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


@cache
def _builder(alike: _Alike, append_unknown: bool) -> Any:
    return _compile_builder(alike.rule, append_unknown)
