"""Bare Flask with one route: what every rate is compared with."""

from flask import Flask


def create_app() -> Flask:
    """Makes the smallest application."""
    app = Flask(__name__)

    @app.get("/")
    def hello() -> str:
        return "hello"

    return app
