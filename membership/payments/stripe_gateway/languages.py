"""Which languages Stripe's own pages speak."""

from typing import Any

# Whose words Stripe's pages know (https://docs.stripe.com/api/checkout/sessions/create, locale); it refuses others.
LOCALES = frozenset(
    "bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hi-IN hr hu id it ja ko lt lv ms mt nb nl pl pt pt-BR ro ru "  # noqa: SIM905 - 41 lines would say no more
    "sk sl sv th tr vi zh zh-HK zh-TW".split()
)


def locale_of(language: str) -> Any:
    """Returns what to ask of Stripe's pages: the language if they speak it, else the browser's choice."""
    return language if language in LOCALES else "auto"
