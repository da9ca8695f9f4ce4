"""Writes `docs/stripe-sandbox.md`: which routes are served, which parameters act, and which are refused.

`python -m membership.stripe_sandbox.document` writes it anew after a change of the routes.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import stripe

from membership.stripe_sandbox.protocol.form import Spec, spec_of
from membership.stripe_sandbox.protocol.routes import Route
from membership.stripe_sandbox.protocol.routing import ROUTES

PATH = Path(__file__).resolve().parents[2] / "docs" / "stripe-sandbox.md"
ABOUT = Path(__file__).with_name("pages") / "about.md"


def main() -> None:
    """Writes the file."""
    PATH.write_text(document(), encoding="utf-8")


def document() -> str:
    """Returns what the file should say."""
    version = f"Stripe’s API {stripe.api_version}, as the `stripe` package {stripe.VERSION} declares it."
    about = ABOUT.read_text(encoding="utf-8").format(version=version, routes=len(ROUTES))
    return "\n".join([about, *(_of_route(route) for route in sorted(ROUTES, key=_in_order))])


def _in_order(route: Route) -> tuple[str, str]:
    return route.path, route.method


def _of_route(route: Route) -> str:
    refused = ", ".join(f"`{path}`" for path in refused_parameters(route))
    acted_upon = ", ".join(f"`{path}`" for path in sorted(route.modelled))
    lines = [f"### `{route.method} {route.path}`", ""]
    lines += [f"Acts on: {acted_upon or 'nothing but the path'}."]
    if refused:
        lines += ["", f"Refuses: {refused}."]
    return "\n".join([*lines, ""])


def refused_parameters(route: Route) -> list[str]:
    """Lists the dotted paths that Stripe knows and the sandbox refuses, each no deeper than it must be."""
    declared: Any = route.declared
    return list(_refused(spec_of(declared), route.modelled, ""))


def _refused(spec: Spec, modelled: frozenset[str], at: str) -> Iterator[str]:
    for name, below in sorted((spec.fields or {}).items()):
        path = f"{at}.{name}" if at else name
        if path == "expand" or any(path == known or path.startswith(f"{known}.") for known in modelled):
            continue
        inner = below if below.fields else below.items
        if inner is not None and inner.fields and any(known.startswith(f"{path}.") for known in modelled):
            yield from _refused(inner, modelled, path)
        else:
            yield path


if __name__ == "__main__":
    main()
