"""Starts the sandbox from the command line; demo mode alone, the loopback address alone."""

import argparse
import gc
import logging
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from membership.stripe_sandbox.protocol.errors import ApiError
from membership.stripe_sandbox.server import HOST, create_sandbox, make_server
from membership.stripe_sandbox.state.clock import Clock
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.webhooks.deliveries import Deliverer
from membership.stripe_sandbox.webhooks.webhook_settings import change_settings


def main() -> None:
    """Serves until SIGTERM or SIGINT."""
    arguments = _arguments()
    mode = os.environ.get("MEMBERSHIP_MODE")
    if mode != "demo":
        sys.exit(f"The Stripe sandbox runs in demo mode alone: set MEMBERSHIP_MODE=demo (it is {mode!r}).")
    logging.basicConfig(level=logging.INFO, format="sandbox: %(message)s")
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    store = Store(arguments.state)
    if arguments.retry_pauses is not None:
        _set_pauses(store, arguments.retry_pauses)
    deliverer = Deliverer(store, Clock(arguments.clock))
    try:
        server = make_server(create_sandbox(deliverer, app_url=arguments.app_url), arguments.port)
    except OSError as error:
        sys.exit(f"The Stripe sandbox cannot use port {arguments.port}: {error.strerror}.")
    gc.freeze()  # what the SDK and Flask brought stays; looking through it again and again costs a twentieth
    deliverer.start()
    logging.getLogger(__name__).info("http://%s:%s/_sandbox", HOST, server.effective_port)
    server.run()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m membership.stripe_sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--state", type=Path, default=Path("instance/sandbox.db"), help="the SQLite file")
    parser.add_argument("--clock", type=Path, default=Path("instance/clock"), help="the file of the offset")
    parser.add_argument("--app-url", help="where the application answers; the console links to it")
    parser.add_argument(
        "--retry-pauses", metavar="SECONDS", help="between the tries of a webhook, for example 1,5,60; it is remembered"
    )
    return parser.parse_args()


def _set_pauses(store: Store, given: str) -> None:
    try:
        change_settings(store, {"retry_pauses": given})
    except ApiError as error:
        sys.exit(f"The Stripe sandbox cannot start: {error}")


def _end(number: int, frame: FrameType | None) -> None:
    """Ends the process at once: every change stands committed, and no caller is worth waiting for."""
    os._exit(0)


if __name__ == "__main__":
    main()
