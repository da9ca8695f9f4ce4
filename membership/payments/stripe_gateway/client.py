"""The Stripe client as we use it, and what its errors mean to us."""

from collections.abc import Iterator
from contextlib import contextmanager

import stripe
import structlog

from membership.payments.gateway import GoneAtStripe, KeySpoiled, NotLetIn, StripeAway, StripeRefused

# One call may take 4 s and is tried 3 times: the whole stays under 15 s, so that no reader waits longer.
TIMEOUT_SECONDS = 4
RETRIES = 2

# What we ask in, and what our webhook endpoint is made for.
API_VERSION = stripe.api_version

log = structlog.get_logger()


def make_client(key: str, api_base: str | None) -> stripe.StripeClient:
    """Makes a client for the pinned API version; `api_base` leads to the sandbox instead of Stripe."""
    bases = dict.fromkeys(("api", "connect", "files", "meter_events"), api_base) if api_base else None
    return stripe.StripeClient(
        key,
        stripe_version=API_VERSION,
        max_network_retries=RETRIES,
        http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
        base_addresses=bases,  # type: ignore[arg-type]  # the SDK does not export the name of this TypedDict
    )


@contextmanager
def meaning_of_errors() -> Iterator[None]:
    """Turns Stripe's errors into ours. What a reader must not see goes to the log, without keys."""
    try:
        yield
    except stripe.IdempotencyError as error:
        raise KeySpoiled(_short(error)) from error
    except (stripe.APIConnectionError, stripe.RateLimitError) as error:
        raise StripeAway(_short(error)) from error
    except stripe.InvalidRequestError as error:
        raise _refused(error) from error
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        log.error("stripe.not_let_in", error=_short(error))
        raise NotLetIn(_short(error)) from error
    except stripe.CardError as error:
        log.error("stripe.refused", error=_short(error))
        raise StripeRefused(_short(error)) from error
    except stripe.StripeError as error:
        # A 5xx may be the stored answer of this key: asking again with it would get the same one for a day.
        raise (KeySpoiled if error.http_status and error.http_status >= 500 else StripeAway)(_short(error)) from error


def _refused(error: stripe.InvalidRequestError) -> Exception:
    if error.code == "resource_missing":
        return GoneAtStripe(_short(error))
    if error.param == "expires_at":
        return KeySpoiled(_short(error))
    log.error("stripe.refused", error=_short(error), code=error.code, param=error.param)
    return StripeRefused(_short(error))


def _short(error: stripe.StripeError) -> str:
    return f"{type(error).__name__} {error.http_status} {error.code}: {str(error.user_message or '')[:200]}"
