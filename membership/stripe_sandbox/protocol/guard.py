"""Who may post here: the API's callers with their keys, programs, and the sandbox's own pages; no other site."""

from urllib.parse import urlsplit

from flask import request
from werkzeug.exceptions import Forbidden

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def refuse_foreign() -> None:
    """Refuses requests under a foreign host name, and unsafe requests that another site's page has caused."""
    if request.host.rsplit(":", 1)[0] not in LOOPBACK and request.host not in LOOPBACK:
        raise Forbidden("The sandbox answers on this machine's own names alone.")
    if request.method in ("GET", "HEAD", "OPTIONS") or request.path.startswith("/v1/"):
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None and site not in ("same-origin", "none"):
        raise Forbidden("This form belongs to another site.")
    if site is None and origin is not None and urlsplit(origin).netloc != request.host:
        raise Forbidden("This form belongs to another site.")
