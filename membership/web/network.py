"""The network a request comes from, known only as a keyed hash of its /24 or /48 that changes every day."""

import hmac
from datetime import datetime
from hashlib import sha256
from ipaddress import ip_address, ip_network

from flask import request

from membership.web.current import current_settings

FORWARDING = ("X-Forwarded-For", "Forwarded")


def network_key(*, now: datetime) -> str | None:
    """Returns the day's hash of the caller's network; `None` if the address is unknown."""
    network = network_of(request.remote_addr or "")
    if network is None:
        return None
    secret = current_settings().secret_keys[0]
    day_key = hmac.digest(secret.encode(), f"network {now:%Y-%m-%d}".encode(), "sha256")
    return hmac.new(day_key, network.encode(), sha256).hexdigest()[:32]


def network_of(address: str) -> str | None:
    """Returns the /24 of an IPv4 or the /48 of an IPv6 address; `None` for anything else."""
    try:
        ip = ip_address(address)
    except ValueError:
        return None
    return str(ip_network((ip, 24 if ip.version == 4 else 48), strict=False))


def is_operator() -> bool:
    """Says whether the caller sits in one of the operator's networks.

    Whoever comes through a proxy that is not trusted does not: the address is then the proxy's own.
    """
    if not current_settings().trusted_proxies and any(name in request.headers for name in FORWARDING):
        return False
    try:
        ip = ip_address(request.remote_addr or "")
    except ValueError:
        return False
    return any(ip in ip_network(network) for network in current_settings().operator_networks)
