"""Makes the application out of its settings and its seams."""

import os
from dataclasses import replace
from typing import Any

import structlog
from flask import Flask
from sqlalchemy import inspect
from werkzeug.middleware.proxy_fix import ProxyFix

from membership import cli, db, working
from membership.accounts import login
from membership.articles.views import Views
from membership.clock import Clock, ShiftedClock, SystemClock
from membership.db import Database
from membership.demo import routes as demo_routes
from membership.mail.transport import FolderTransport, MailTransport, SmtpTransport
from membership.newsroom import layout, remembered, site_version
from membership.newsroom.words import current_newsroom, kept
from membership.payments.gateway import Gateway
from membership.payments.stripe_gateway.gateway import StripeGateway
from membership.periods import RETENTION
from membership.settings import ROOT, Settings, SettingsError, from_environment
from membership.web import assets, current, errors, filters, guard, headers, language
from membership.web.observed import Observed
from membership.web.page_cache import PageCache
from membership.wiring import (
    ADDRESS_MOVED,
    ARTICLES_OF,
    BALLOT_OF,
    BLUEPRINTS,
    EVENTS,
    INVARIANTS,
    LAYOUT,
    LINKS,
    LOADERS,
    NEWS,
    PERSONAL_DATA,
    PROPOSALS_OF,
    RECONCILED,
    SIGNED_IN,
    TOLD,
    WAITS,
    Seams,
)

FORM_BYTES = 64 * 1024

log = structlog.get_logger()


def create_app(
    settings: Settings | None = None,
    *,
    clock: Clock | None = None,
    mail: MailTransport | None = None,
    gateway: Gateway | None = None,
    look_every_seconds: float = site_version.LOOK_EVERY_SECONDS,
    page_cache: bool = True,
) -> Flask:
    """Makes the application. What is not given is made from the environment.

    Without `page_cache`, public pages are rendered anew each time, and otherwise leave as they would from the cache.

    Raises `SettingsError` if the settings are wrong, or if a database with demo rows is opened in earnest.
    """
    settings = settings or from_environment(os.environ)
    seams = Seams(
        settings=settings,
        database=Database(settings.database_url),
        clock=clock or (ShiftedClock(settings.instance / "clock") if settings.is_demo else SystemClock()),
        mail=mail or _transport(settings),
        gateway=gateway or StripeGateway(settings.stripe_secret_key, settings.stripe_api_base),
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
    for blueprint in (*BLUEPRINTS, *((demo_routes.blueprint,) if settings.is_demo else ())):
        app.register_blueprint(blueprint)
    cli.register(app)
    _wrap(app, seams, page_cache)
    return app


def refuse_demo_rows(seams: Seams) -> None:
    """Raises `SettingsError` if invented people and payments stand in a database that is opened in earnest."""
    if seams.settings.is_demo:
        return
    try:
        if _is_demo(seams.database):
            raise SettingsError("This database holds the demo newsroom. Live and test mode need one of their own.")
    finally:
        # A server forks after this, and no connection may be shared with a child.
        seams.database.close()


def _is_demo(database: Database) -> bool:
    if not inspect(database.engine).has_table("newsroom_settings"):
        return False
    with database.session() as session:
        return kept(session, "demo") is not None


def _transport(settings: Settings) -> MailTransport:
    return FolderTransport(settings.instance / "mail") if settings.is_demo else SmtpTransport(settings.mail_url)


def _furnish(app: Flask, seams: Seams, look_every_seconds: float) -> None:
    app.extensions["seams"] = seams
    app.extensions["gateway"] = seams.gateway
    app.extensions["mirror"] = seams.mirror
    app.extensions["articles_of"] = ARTICLES_OF
    app.extensions["ballot_of"] = BALLOT_OF
    app.extensions["proposals_of"] = PROPOSALS_OF
    app.extensions["events"] = EVENTS
    app.extensions["invariants"] = INVARIANTS
    app.extensions["links"] = LINKS
    app.extensions["loaders"] = LOADERS
    app.extensions["news"] = NEWS
    app.extensions["mail_transport"] = seams.mail
    app.extensions["personal_data"] = PERSONAL_DATA
    app.extensions["reconciled"] = RECONCILED
    app.extensions["retention"] = RETENTION
    app.extensions["signed_in"] = SIGNED_IN
    app.extensions["address_moved"] = ADDRESS_MOVED
    app.extensions["waits"] = WAITS
    app.extensions["told"] = TOLD
    # For the demo's past, whose receipts are numbered as the money came.
    app.extensions["rounds_in_order"] = working.rounds_of(replace(seams, keepers=1))
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    db.init_app(app, seams.database)
    remembered.init_app(app, seams.database, look_every_seconds=look_every_seconds)
    current.init_app(app, seams.settings, seams.clock, home=_home)
    for part in (guard, errors, filters, assets, language):
        part.init_app(app)
    headers.init_app(app, seams.settings)
    login.init_app(app, seams.settings)
    layout.init_app(app, mode=seams.settings.mode, navigation=LAYOUT)


def _home() -> tuple[Any, str]:
    newsroom = current_newsroom()
    return newsroom.zone, newsroom.language


def _wrap(app: Flask, seams: Seams, page_cache: bool) -> None:
    if seams.settings.trusted_proxies:
        count = seams.settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]  # Flask's own way to add a layer
    watch = app.extensions["version_watch"]
    cached = PageCache(app.wsgi_app, version=watch.current, now=seams.clock.now, stores=page_cache)
    views = app.extensions["views"] = Views(app, seams.database, seams.clock)
    app.wsgi_app = Observed(cached, answered=views.answered)  # type: ignore[method-assign]  # Flask's own way to add a layer
