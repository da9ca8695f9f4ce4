"""The newsroom's colours, as a stylesheet of their own: pages allow no inline style."""

from flask import Blueprint, Response

from membership.newsroom.words import current_newsroom

blueprint = Blueprint("newsroom", __name__)


@blueprint.get("/theme.css")
def theme() -> Response:
    newsroom = current_newsroom()
    css = f":root{{--accent:{newsroom.accent};--on-accent:{newsroom.on_accent}}}\n"
    response = Response(css, mimetype="text/css")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
