"""The cross-origin guard: an unsafe request must come from our own pages.

It reads two headers that scripts cannot forge, so pages need no token, no session and stay cacheable.
See https://owasp.org/www-community/attacks/csrf and the Fetch Metadata specification.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, abort, current_app, request

from membership.errors import NotAllowed
from membership.settings import is_loopback
from membership.web.current import current_settings

SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))

View = TypeVar("View", bound=Callable[..., Any])


def open_to_other_origins(view: View) -> View:
    """Marks a view that machines call and that proves its caller by itself (a signature, a bearer key)."""
    view.__dict__["open_to_other_origins"] = True
    return view


def init_app(app: Flask) -> None:
    """Puts the guard before every request."""
    app.before_request(refuse_other_origins)
    app.before_request(refuse_null_bytes)


def refuse_other_origins() -> None:
    """Raises `NotAllowed` for an unsafe request that another site may have caused."""
    if request.method in SAFE_METHODS or request.endpoint is None:
        return
    if _proves_itself() or _is_from_our_pages():
        return
    raise NotAllowed("This form was sent from another site. Open the page here and send it again.")


def refuse_null_bytes() -> None:
    """Answers 400 to a path, a query or a form with a NUL in it: nobody types one, and PostgreSQL keeps none."""
    if "\0" in request.path or "%00" in request.query_string.decode("ascii", "replace"):
        abort(400)
    if request.method in SAFE_METHODS or _proves_itself():
        return
    if any("\0" in value for values in request.form.listvalues() for value in values):
        abort(400)


def _proves_itself() -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    return bool(getattr(view, "open_to_other_origins", False))


def _is_from_our_pages() -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is not None and origin in _our_origins()


def _our_origins() -> tuple[str, ...]:
    base_url = current_settings().base_url
    served = f"{request.scheme}://{request.host}"
    return (base_url, served) if is_loopback(request.host.partition(":")[0]) else (base_url,)
