"""What the current application was made with: its settings, its clock, and where its newsroom is at home."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Flask, current_app

from membership.clock import Clock
from membership.settings import Settings


def init_app(app: Flask, settings: Settings, clock: Clock, *, home: Callable[[], tuple[ZoneInfo, str]]) -> None:
    """Gives the application its settings, its clock, and how to learn the newsroom's zone and language."""
    app.extensions["settings"] = settings
    app.extensions["clock"] = clock
    app.extensions["home"] = home


def current_settings() -> Settings:
    """Returns the settings of the current application."""
    settings: Settings = current_app.extensions["settings"]
    return settings


def current_clock() -> Clock:
    """Returns the clock of the current application."""
    clock: Clock = current_app.extensions["clock"]
    return clock


def now() -> datetime:
    """Reads the clock; routes call it once and pass the moment on."""
    return current_clock().now()


def zone() -> ZoneInfo:
    """Returns the newsroom's time zone, in which days, months and times of rounds are meant."""
    found: ZoneInfo = current_app.extensions["home"]()[0]
    return found


def default_language() -> str:
    """Returns the newsroom's default language."""
    found: str = current_app.extensions["home"]()[1]
    return found
