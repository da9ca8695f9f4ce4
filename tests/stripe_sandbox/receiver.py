"""A small HTTP server that takes webhooks, remembers them and answers as it is told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from stripe import Webhook


class Receiver:
    """What has arrived. `answers` holds the statuses of the next answers; once it is empty the answer is 200."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: list[int] = []
        self.arrived: list[tuple[bytes, str]] = []

    def events(self, secret: str) -> list[Any]:
        """Returns the events that arrived, each verified by the SDK."""
        return [Webhook.construct_event(body, header, secret) for body, header in list(self.arrived)]

    def types(self) -> list[str]:
        """Returns the types of the events that arrived."""
        return [json.loads(body)["type"] for body, _ in list(self.arrived)]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Runs a receiver on a free port."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.arrived.append((body, self.headers["Stripe-Signature"]))
            self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/stripe/webhook"
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
