"""The real application with one thing changed, for figures that production has no address for."""

from flask import Flask, Response

from app import create_app

EMPTY = "/bench/empty"


def without_page_cache() -> Flask:
    """Makes the application as production does, but each page is rendered anew."""
    return create_app(page_cache=False)


def with_empty_route() -> Flask:
    """Makes the application as production does, with a route that does nothing beneath all of its hooks."""
    app = create_app()

    @app.get(EMPTY)
    def empty() -> Response:
        return Response("", mimetype="text/plain")

    return app
