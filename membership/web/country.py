"""The country a request comes from, as a trusted proxy says it; it is used at once, and neither kept nor logged."""

import re

from flask import request

from membership.web.current import current_settings

# ISO 3166-1 alpha-2; proxies write XX or T1 where they do not know.
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_UNKNOWN = "XX"


def current_country() -> str | None:
    """Returns two capital letters, or `None`: no header is named, no proxy is trusted, or the proxy does not know.

    A page that asks is one person's: it must be marked `personal`, because the page cache does not know countries.
    """
    settings = current_settings()
    if not settings.country_header or not settings.trusted_proxies:
        return None
    said = request.headers.get(settings.country_header, "").strip().upper()
    return said if _COUNTRY.fullmatch(said) and said != _UNKNOWN else None
