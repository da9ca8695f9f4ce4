"""Addresses of pages and endpoints, as parameters give them."""

from urllib.parse import SplitResult, urlsplit

from membership.stripe_sandbox.protocol.errors import invalid


def checked_address(text: str, param: str) -> SplitResult:
    """Returns the parts of an address of the web. Raises ApiError url_invalid for anything else."""
    try:
        address = urlsplit(text)
        port = address.port
    except ValueError:  # a bracket that is not closed, or a port that is no port
        address, port = urlsplit(""), None
    if address.scheme not in ("http", "https") or not address.hostname or port == 0:
        raise invalid("Not a valid URL", param, code="url_invalid")
    return address
