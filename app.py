"""The application, for `flask --app app` and for a WSGI server; `python app.py` serves it."""

import gc

import click
from flask import Flask

from membership import cli, factory
from membership.articles.views import Views
from membership.serving import serve
from membership.settings import SettingsError, keep_files_private
from membership.web import logs


def create_app(*, page_cache: bool = True) -> Flask:
    """Makes the application from the environment; wrong settings are told in sentences, without a traceback."""
    cli.refuse_flask_run()
    keep_files_private()
    logs.configure()
    try:
        app = factory.create_app(page_cache=page_cache)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    views: Views = app.extensions["views"]
    views.keep_writing()
    # What stands now stands until the end: the collector need not walk it with every page's garbage.
    gc.freeze()
    return app


if __name__ == "__main__":
    serve()
