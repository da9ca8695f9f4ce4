"""Structured logs: one JSON line an event on standard error, without secrets, addresses or bodies."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO, cast

import structlog

from membership.masking import masked
from membership.web.written_behind import WrittenBehind


def configure(*, colour: bool = False) -> None:
    """Sets the process's logging up; `colour` is for people who read it in a terminal."""
    renderer: Any = console(colours=True) if colour else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            without_secrets,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=cast(TextIO, WrittenBehind(sys.stderr))),
        cache_logger_on_first_use=True,
    )


def console(*, colours: bool) -> structlog.dev.ConsoleRenderer:
    """Writes lines for people. Tracebacks are plain: one with all locals takes seconds, and may show what is secret."""
    return structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)


def without_secrets(_logger: object, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Masks keys and addresses in every text of a log line."""
    for name, value in line.items():
        if isinstance(value, str):
            line[name] = masked(value)
    return line
