"""Makes the application out of its settings and its seams."""

import os
from typing import Any

import structlog
from flask import Flask
from sqlalchemy import inspect
from werkzeug.middleware.proxy_fix import ProxyFix

from membership import cli, db
from membership.clock import Clock, ShiftedClock, SystemClock
from membership.db import Database
from membership.mail.transport import FolderTransport, MailTransport, SmtpTransport
from membership.newsroom import remembered, site_version
from membership.newsroom.words import current_newsroom, kept
from membership.settings import ROOT, Settings, SettingsError, from_environment
from membership.web import assets, current, errors, filters, guard, headers, language
from membership.web.observed import Observed
from membership.wiring import BLUEPRINTS, LAYOUT, LOADERS, Seams

FORM_BYTES = 64 * 1024

log = structlog.get_logger()


def create_app(
    settings: Settings | None = None,
    *,
    clock: Clock | None = None,
    mail: MailTransport | None = None,
    look_every_seconds: float = site_version.LOOK_EVERY_SECONDS,
) -> Flask:
    """Makes the application. What is not given is made from the environment.

    Raises `SettingsError` if the settings are wrong, or if a database with demo rows is opened in earnest.
    """
    settings = settings or from_environment(os.environ)
    seams = Seams(
        settings=settings,
        database=Database(settings.database_url),
        clock=clock or (ShiftedClock(settings.instance / "clock") if settings.is_demo else SystemClock()),
        mail=mail or _transport(settings),
    )
    refuse_demo_rows(seams)
    app = Flask("membership", root_path=str(ROOT), static_folder="static", template_folder="templates")
    app.config.update(
        SECRET_KEY=settings.secret_keys[0],
        SECRET_KEY_FALLBACKS=list(settings.secret_keys[1:]),
        MAX_CONTENT_LENGTH=FORM_BYTES,
        TRUSTED_HOSTS=[settings.host, "localhost", "127.0.0.1"],
    )
    _furnish(app, seams, look_every_seconds)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    cli.register(app)
    _wrap(app, seams)
    return app


def refuse_demo_rows(seams: Seams) -> None:
    """Raises `SettingsError` if invented people and payments stand in a database that is opened in earnest."""
    if seams.settings.is_demo or not inspect(seams.database.engine).has_table("newsroom_settings"):
        return
    with seams.database.session() as session:
        if kept(session, "demo") is not None:
            raise SettingsError("This database holds the demo newsroom. Live and test mode need one of their own.")


def _transport(settings: Settings) -> MailTransport:
    return FolderTransport(settings.instance / "mail") if settings.is_demo else SmtpTransport(settings.mail_url)


def _furnish(app: Flask, seams: Seams, look_every_seconds: float) -> None:
    app.extensions["seams"] = seams
    app.extensions["loaders"] = LOADERS
    app.extensions["mail_transport"] = seams.mail
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    db.init_app(app, seams.database)
    remembered.init_app(app, seams.database, look_every_seconds=look_every_seconds)
    current.init_app(app, seams.settings, seams.clock, home=_home)
    for part in (guard, errors, filters, assets, language):
        part.init_app(app)
    headers.init_app(app, seams.settings)
    app.context_processor(_layout)


def _home() -> tuple[Any, str]:
    newsroom = current_newsroom()
    return newsroom.zone, newsroom.language


def _layout() -> dict[str, Any]:
    # The colour is in the address, so that the stylesheet may be kept for a year.
    newsroom = current_newsroom()
    return {
        "newsroom": newsroom,
        "mode": current.current_settings().mode,
        "theme_url": f"/theme.css?v={newsroom.accent[1:]}",
        **{name: read() for name, read in LAYOUT.items()},
    }


def _wrap(app: Flask, seams: Seams) -> None:
    if seams.settings.trusted_proxies:
        count = seams.settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]  # Flask's own way to add a layer
    app.wsgi_app = Observed(app.wsgi_app)  # type: ignore[method-assign]  # Flask's own way to add a layer
