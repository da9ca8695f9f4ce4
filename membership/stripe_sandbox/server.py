"""Serves the sandbox: the API, the hosted pages and the console in one small WSGI server on the loopback address."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import waitress.server
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from membership.stripe_sandbox.billing.billing_settings import add_billing_settings
from membership.stripe_sandbox.billing.invoice_pages import add_invoice_pages
from membership.stripe_sandbox.billing.portal_pages import add_portal_pages
from membership.stripe_sandbox.console.console import add_console
from membership.stripe_sandbox.console.home import notice
from membership.stripe_sandbox.money.mishaps import add_mishaps
from membership.stripe_sandbox.payments.hosted import add_hosted_pages
from membership.stripe_sandbox.payments.hosted_words import ENGLISH
from membership.stripe_sandbox.payments.payment_method_settings import add_settings
from membership.stripe_sandbox.payments.secure import add_secure_page
from membership.stripe_sandbox.protocol.answers import wants_page
from membership.stripe_sandbox.protocol.api import add_api, api_error, api_failure, refusal
from membership.stripe_sandbox.protocol.errors import ApiError
from membership.stripe_sandbox.protocol.guard import refuse_foreign
from membership.stripe_sandbox.state.clock import Clock
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.webhooks.deliveries import Deliverer

HOST = "127.0.0.1"
THREADS = 16
LONGEST_BODY = 4 * 1024 * 1024


def create_sandbox(deliverer: Deliverer, *, app_url: str | None = None) -> Flask:
    """Makes the WSGI application over the deliverer's state and clock. `app_url` is linked from the console."""
    store, clock = deliverer.store, deliverer.clock
    app = Flask(__name__, template_folder="pages", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LONGEST_BODY
    app.jinja_env.globals["say"] = ENGLISH
    add_api(app, store, clock, deliverer.faults)
    add_hosted_pages(app, store, clock)
    add_secure_page(app, store, clock)
    add_settings(app, store)
    add_console(app, deliverer, app_url)
    add_mishaps(app, store, clock)
    add_billing_settings(app, store)
    add_invoice_pages(app, store, clock)
    add_portal_pages(app, store, clock)
    app.before_request(refuse_foreign)
    app.register_error_handler(ApiError, _refused)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, api_failure)

    @app.before_request
    def _remember_address() -> None:
        store.base_url = request.host_url.rstrip("/")

    @app.after_request
    def _finish(response: Response) -> Response:
        if request.method != "GET":
            deliverer.wake()
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return app


def _refused(error: ApiError) -> Response:
    return notice(str(error), error.status) if wants_page() else refusal(error)


def _http_error(error: HTTPException) -> Any:
    return api_error(error) if request.path.startswith("/v1/") else error


@dataclass(frozen=True)
class Sandbox:
    """A sandbox that runs in a thread. `url` is where it answers."""

    url: str
    server: Any
    deliverer: Deliverer
    thread: threading.Thread

    def stop(self) -> None:
        """Ends the sandbox and waits until it has; stopping twice does no harm."""
        if self.thread.is_alive():
            # The loop may find what is to be done before it is woken for it, and has then closed the way to wake it.
            with suppress(OSError):
                self.server.trigger.pull_trigger(lambda: close(self.server))
            self.thread.join()
            self.deliverer.stop()
            self.deliverer.store.close()


@contextmanager
def running(
    *, state: Path, clock: Path, port: int = 0, deliver: bool = True, app_url: str | None = None
) -> Iterator[Sandbox]:
    """Runs a sandbox in a thread for as long as the block lasts; for tests.

    `state` is the SQLite file and `clock` the file of the offset; port 0 takes a free one. With `deliver=False`
    webhooks wait until they are resent by hand.
    """
    deliverer = Deliverer(Store(state), Clock(clock))
    server = make_server(create_sandbox(deliverer, app_url=app_url), port)
    if deliver:
        deliverer.start()
    thread = threading.Thread(target=server.run, name="stripe-sandbox")
    thread.start()
    sandbox = Sandbox(f"http://{HOST}:{server.effective_port}", server, deliverer, thread)
    try:
        yield sandbox
    finally:
        sandbox.stop()


def make_server(app: Flask, port: int) -> Any:
    """Binds the loopback address. Raises OSError if the port is taken."""
    return waitress.server.create_server(
        app, host=HOST, port=port, threads=THREADS, ident=None, clear_untrusted_proxy_headers=True
    )


def close(server: Any) -> None:
    """Ends a server's loop from within: closes every connection and waits for the threads."""
    server.task_dispatcher.shutdown()
    for channel in list(server._map.values()):
        channel.close()
