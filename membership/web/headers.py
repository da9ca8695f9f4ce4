"""Headers that every response carries, errors and static files included."""

from urllib.parse import urlsplit

from flask import Flask, Response

from membership.settings import Settings

STRIPE_PAGES = ("https://checkout.stripe.com", "https://billing.stripe.com", "https://invoice.stripe.com")


def init_app(app: Flask, settings: Settings) -> None:
    """Adds the security headers after every request; no response leaves without saying how it may be cached."""
    fixed = security_headers(settings)

    def add(response: Response) -> Response:
        for name, value in fixed:
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    app.after_request(add)


def security_headers(settings: Settings) -> tuple[tuple[str, str], ...]:
    """Lists the headers. Forms may end at Stripe's pages, because browsers check the redirect's target too."""
    pages = " ".join(STRIPE_PAGES if settings.stripe_api_base is None else (_origin(settings.stripe_api_base),))
    headers: tuple[tuple[str, str], ...] = (
        (
            "Content-Security-Policy",
            "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; "
            f"form-action 'self' {pages}; base-uri 'none'; frame-ancestors 'none'",
        ),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        # With no-referrer, browsers would send forms with `Origin: null`, which the guard refuses.
        ("Referrer-Policy", "same-origin"),
        (
            "Permissions-Policy",
            "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
        ),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    )
    if settings.base_url.startswith("https://"):
        headers += (("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),)
    return headers


def _origin(url: str) -> str:
    # The sandbox's pages may be reached by either loopback name.
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://localhost{port} {parts.scheme}://127.0.0.1{port}"
