"""Errors as pages: what happened, and what one can do."""

from http import HTTPStatus

import structlog
from flask import Flask, Response, make_response, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.exc import InternalError, OperationalError
from werkzeug.exceptions import HTTPException

from membership.errors import Refusal

log = structlog.get_logger()

# What the database raises if it is away, has no room, or may only be read: nobody's mistake, and over in a while.
AWAY = (OperationalError, InternalError)
# When somebody may look whether the database is there again.
AWAY_SECONDS = 60
WORDLESS = "This cannot be reached right now. Please try again in a minute.\n"

TITLES = {
    400: lazy_gettext("This request could not be read"),
    403: lazy_gettext("Not allowed"),
    404: lazy_gettext("There is nothing here"),
    405: lazy_gettext("Not possible here"),
    409: lazy_gettext("That has changed meanwhile"),
    410: lazy_gettext("This is over"),
    413: lazy_gettext("That is too much"),
    422: lazy_gettext("Something is missing or wrong"),
    429: lazy_gettext("Too many at once"),
    500: lazy_gettext("Something broke on our side"),
    503: lazy_gettext("Not reachable right now"),
}
SENTENCES = {
    400: lazy_gettext("Nothing was changed. Go back and try it again."),
    404: lazy_gettext("The address may be mistyped, or the page has moved. All articles are on the front page."),
    405: lazy_gettext("This address does not take that kind of request."),
    413: lazy_gettext("What you sent is larger than this form takes. Nothing was kept."),
    500: lazy_gettext("It was noted, and nothing is half-done. Please try again in a minute."),
}


def init_app(app: Flask) -> None:
    """Turns refusals, HTTP errors and faults into pages."""
    app.register_error_handler(Refusal, refused)
    app.register_error_handler(HTTPException, failed)
    for kind in AWAY:
        app.register_error_handler(kind, away)
    app.register_error_handler(Exception, broke)


def refused(refusal: Refusal) -> Response:
    """Answers a refusal that no form took up."""
    response = error_page(refusal.status, said(refusal))
    if refusal.retry_after is not None:
        response.headers["Retry-After"] = str(refusal.retry_after)
    return response


def failed(error: HTTPException) -> Response:
    """Answers an HTTP error; redirects made by routing pass as they are."""
    status = error.code or 500
    if status < 400:
        return make_response(error)
    response = error_page(status, SENTENCES.get(status, SENTENCES[400]))
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def away(_error: Exception) -> Response:
    """Answers what the database could not do just now: it is away, its disk is full, or it may only be read."""
    log.exception("request.database_away")
    return error_page(503, SENTENCES[500])


def broke(_error: Exception) -> Response:
    """Answers a fault of ours, and logs it."""
    log.exception("request.failed")
    return error_page(500, SENTENCES[500])


def error_page(status: int, sentence: object) -> Response:
    """Renders the page of an error; `sentence` is what people read, perhaps still to be translated."""
    try:
        response = make_response(_page(status, sentence), status)
    except AWAY:
        # The newsroom's words, and its language, stand in the database too.
        status, response = 503, Response(WORDLESS, 503, mimetype="text/plain")
    response.headers["Cache-Control"] = "no-store"
    if status == 503:
        response.headers["Retry-After"] = str(AWAY_SECONDS)
    return response


def _page(status: int, sentence: object) -> str:
    title = str(TITLES.get(status, HTTPStatus(status).phrase))
    return render_template("web/error.html", status=status, title=title, sentence=str(sentence))


def said(refusal: Refusal) -> str:
    """Translates the sentence of a refusal."""
    return str(_(refusal.sentence, **refusal.values))
