"""How the values of settings are written; what is written otherwise is a `ValueError`."""

import re
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from membership.mailbox import is_address, mailbox_of

DEFAULT_PORTS = {"http": 80, "https": 443}

_ORIGIN = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?/?",
    re.ASCII,
)

# RFC 9110, 5.1: a token; of those that proxies name, letters, digits and hyphens are enough.
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]*", re.ASCII)


def bare(text: str) -> str:
    """Returns a value without white space and one pair of quotes around it, as shells and other tools read it."""
    text = text.strip()
    is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" and text[0] not in text[1:-1]
    return text[1:-1].strip() if is_quoted else text


def split(text: str) -> tuple[str, ...]:
    """Returns the parts of a comma list."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def count(text: str) -> int:
    """Returns a whole number, 0 or more."""
    if int(text) < 0:
        raise ValueError(text)
    return int(text)


def days(text: str) -> int:
    """Returns a whole number of days, at most a hundred years of them."""
    if count(text) > 36_500:
        raise ValueError(text)
    return count(text)


def four_counts(text: str) -> tuple[int, int, int, int]:
    """Returns the four whole numbers above 0 of a comma list."""
    first, second, third, fourth = (count(part) for part in split(text))
    if not (first and second and third and fourth):
        raise ValueError(text)
    return first, second, third, fourth


def header(text: str) -> str:
    """Returns the name of a header, or nothing."""
    if text and not _HEADER.fullmatch(text):
        raise ValueError(text)
    return text


def networks(text: str) -> tuple[str, ...]:
    """Returns the networks of a comma list, like 192.0.2.0/24."""
    return tuple(str(ip_network(part)) for part in split(text))


def origin(text: str) -> str:
    """Returns an origin as browsers write it: lower case, without a default port; raises `ValueError` for others."""
    match = _ORIGIN.fullmatch(text.lower())
    if match is None:
        raise ValueError(text)
    scheme, host, port = match["scheme"], match["host"], int(match["port"] or DEFAULT_PORTS[match["scheme"]])
    if not 0 < port < 65536 or (host.startswith("[") and ip_address(host[1:-1]).version != 6):
        raise ValueError(text)
    return f"{scheme}://{host}" if port == DEFAULT_PORTS[scheme] else f"{scheme}://{host}:{port}"


def sender(text: str) -> str:
    """Returns an address, or `Name <address>`, as it is."""
    mailbox = mailbox_of(text)
    # Mail that stays on this machine may come from it.
    address = re.sub(r"@localhost\Z", "@example.org", mailbox.address)
    if not is_address(address) or not mailbox.name.isprintable():
        raise ValueError(text)
    return text


def is_mail_server(url: str) -> bool:
    """Says whether a text is `smtp://…` or `smtps://…` with a host."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
