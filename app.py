"""The application, for `flask --app app` and for a WSGI server; `python app.py` serves it."""

import click
from flask import Flask

from membership import factory
from membership.articles.views import Views
from membership.serving import serve
from membership.settings import SettingsError
from membership.web import logs


def create_app() -> Flask:
    """Makes the application from the environment; wrong settings are told in sentences, without a traceback."""
    logs.configure()
    try:
        app = factory.create_app()
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    views: Views = app.extensions["views"]
    views.keep_writing()
    return app


if __name__ == "__main__":
    serve()
