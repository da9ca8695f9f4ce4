"""Webhook deliveries: signed, sent in the background without order, tried again with growing pauses."""

import hashlib
import hmac
import http.client
import json
import logging
import sqlite3
import threading
from urllib.parse import urlsplit

from membership.stripe_sandbox.clock import Clock, monotonic
from membership.stripe_sandbox.shapes import Json
from membership.stripe_sandbox.store import Store
from membership.stripe_sandbox.time_travel import run_due

# Seconds between tries on the sandbox's clock: Stripe's three days, the first ones made short.
PAUSES = (2, 5, 15, 60, 300, 1800, 3600, 14_400, 43_200, 86_400, 86_400)
SENDERS = 2
TIMEOUT = 10
FLUSH_SECONDS = 10
SOON = 10

log = logging.getLogger(__name__)


class Deliverer:
    """Sends what waits. `start` begins in the background, `stop` ends after the try that is under way."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.running = False
        self._stopping = threading.Event()
        self._work = threading.Event()
        self._threads = [threading.Thread(target=self._run, name=f"webhooks-{n}", daemon=True) for n in range(SENDERS)]

    def start(self) -> None:
        """Begins to send; what a former process left half-sent is sent again."""
        self.store.rows("UPDATE deliveries SET state = 'waiting' WHERE state = 'sending'")
        self.running = True
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends sending."""
        self._stopping.set()
        self._work.set()
        if self.running:
            for thread in self._threads:
                thread.join()
        self.running = False

    def wake(self) -> None:
        """Says that there may be something new to send."""
        self._work.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                run_due(self.store, now=self.clock.now())
                sent = self.send_next()
            except Exception:  # the thread must outlive any one delivery
                log.exception("a webhook could not be handled")
                sent = False
            if not sent and self._work.wait(0.25) and not self._stopping.is_set():
                self._work.clear()

    def send_next(self) -> bool:
        """Sends the delivery that is due first; returns whether there was one."""
        claimed = self._claim()
        if claimed:
            self._send(claimed)
        return claimed is not None

    def resend(self, number: int) -> bool:
        """Sends one delivery now, whatever became of it before; returns whether there is one of this number."""
        rows = self.store.rows("SELECT * FROM deliveries WHERE id = ?", number)
        if not rows:
            return False
        self._send(rows[0])
        return True

    def flush(self) -> int:
        """Waits, at most 10 s, until nothing is due now or soon; returns how many still wait."""
        deadline = monotonic() + FLUSH_SECONDS
        while self.running and self._pressing() and monotonic() < deadline:
            self.wake()
            self._stopping.wait(0.02)
        rows = self.store.rows("SELECT count(*) FROM deliveries WHERE state IN ('waiting', 'sending')")
        waiting: int = rows[0][0]
        return waiting

    def _pressing(self) -> bool:
        return bool(
            self.store.rows(
                "SELECT 1 FROM deliveries WHERE state = 'sending' OR (state = 'waiting' AND next_at <= ?) LIMIT 1",
                self.clock.now() + SOON,
            )
        )

    def _claim(self) -> sqlite3.Row | None:
        rows = self.store.rows(
            "UPDATE deliveries SET state = 'sending' WHERE id = (SELECT id FROM deliveries "
            "WHERE state = 'waiting' AND next_at <= ? ORDER BY next_at, id LIMIT 1) RETURNING *",
            self.clock.now(),
        )
        return rows[0] if rows else None

    def _send(self, delivery: sqlite3.Row) -> None:
        event, endpoint = self.store.get(delivery["event"]), self.store.get(delivery["endpoint"])
        if event is None or endpoint is None:
            self._note(delivery, "failed", "the endpoint is gone")
            return
        secret = self.store.hidden(endpoint["id"])["secret"]
        answer = _post(endpoint["url"], event, secret, wall=self.clock.wall())
        good = answer[:1] == "2" and answer.isdigit()
        self._note(delivery, "delivered" if good else "waiting", answer)

    def _note(self, delivery: sqlite3.Row, state: str, answer: str) -> None:
        tries, now = delivery["tries"] + 1, self.clock.now()
        if state == "waiting" and tries > len(PAUSES):
            state = "failed"
        pause = PAUSES[min(tries, len(PAUSES)) - 1]
        self.store.rows(
            "UPDATE deliveries SET state = ?, tries = ?, last_at = ?, next_at = ?, answer = ? WHERE id = ?",
            state, tries, now, now + pause, answer, delivery["id"],
        )  # fmt: skip


def _post(url: str, event: Json, secret: str, *, wall: int) -> str:
    body = json.dumps(event, indent=2).encode()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Stripe-Signature": signature(body, secret, wall),
        "User-Agent": "Stripe/1.0 (sandbox)",
    }
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=TIMEOUT)
    target = (address.path or "/") + (f"?{address.query}" if address.query else "")
    try:
        connection.request("POST", target, body, headers)
        return str(connection.getresponse().status)
    except ConnectionRefusedError:
        return "nobody answers there"
    except TimeoutError:
        return f"no answer within {TIMEOUT} s"
    except (OSError, http.client.HTTPException) as error:
        return f"no answer ({type(error).__name__})"
    finally:
        connection.close()


def signature(body: bytes, secret: str, wall: int) -> str:
    """Returns the Stripe-Signature header for the real time `wall`.

    Source: https://docs.stripe.com/webhooks#verify-manually.
    """
    digest = hmac.new(secret.encode(), f"{wall}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={wall},v1={digest}"
