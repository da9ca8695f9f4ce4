"""Static files under names that change with their content, so that browsers may keep them for a year."""

from functools import cache
from hashlib import blake2b
from pathlib import Path

from flask import Flask, Response, request

from membership.settings import ROOT

STATIC = ROOT / "static"


def init_app(app: Flask) -> None:
    """Gives templates `asset(path)` and static files their caching."""
    app.add_template_global(asset)
    app.after_request(_keep_static)


def asset(path: str) -> str:
    """Returns the URL of a static file, with a part that changes when its content does."""
    return f"/static/{path}?v={_digest(STATIC / path)}"


@cache
def _digest(path: Path) -> str:
    return blake2b(path.read_bytes(), digest_size=6).hexdigest()


def _keep_static(response: Response) -> Response:
    if request.endpoint == "static" and response.status_code in (200, 206, 304):
        versioned = "v" in request.args
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if versioned else "public, max-age=300"
        )
    return response
