"""Webhook deliveries: signed, sent in the background without order, tried again with growing pauses."""

import http.client
import logging
import sqlite3
import threading
from urllib.parse import urlsplit

from membership.stripe_sandbox.console.faults import Fault, Faults
from membership.stripe_sandbox.state.clock import Clock, monotonic
from membership.stripe_sandbox.state.store import Store, encoded
from membership.stripe_sandbox.state.time_travel import run_due
from membership.stripe_sandbox.webhooks.signing import Signing, secrets_of, signature
from membership.stripe_sandbox.webhooks.webhook_settings import retry_pauses

SENDERS = 2
TIMEOUT = 10
FLUSH_SECONDS = 10
SOON = 10
# A delivery that others shall overtake is held back so long, in seconds of the sandbox's clock.
HELD_BACK = 3
LONGEST_ANSWER = 4000

log = logging.getLogger(__name__)


class Deliverer:
    """Sends what waits. `start` begins in the background, `stop` ends after the try that is under way."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.faults = Faults(clock)
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
        """Takes up the delivery that is due first; returns whether there was one."""
        age = self.store.age
        claimed = self._claim()
        if claimed:
            self._take_up(claimed, age)
        return claimed is not None

    def resend(self, number: int) -> bool:
        """Sends one delivery now, whatever became of it before; returns whether there is one of this number."""
        rows = self.store.rows("SELECT * FROM deliveries WHERE id = ?", number)
        if not rows:
            return False
        self._send(rows[0], self.store.age)
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
            "WHERE state = 'waiting' AND next_at <= ? AND NOT (turn < 0 AND EXISTS ("
            "SELECT 1 FROM deliveries WHERE state = 'sending' AND turn < 0)) "  # these go one by one
            "ORDER BY next_at, turn, id LIMIT 1) RETURNING *",
            self.clock.now(),
        )
        return rows[0] if rows else None

    def _take_up(self, delivery: sqlite3.Row, age: int) -> None:
        """Sends a delivery, or does to it what a fault says; each delivery meets at most one fault."""
        fault = None if delivery["fault"] else self.faults.for_delivery(delivery["type"])
        if fault:
            self.store.rows("UPDATE deliveries SET fault = ? WHERE id = ?", fault.kind, delivery["id"])
        if fault and fault.kind in ("delay", "reorder"):
            self._hold_back(delivery, fault)
        elif fault and fault.kind == "drop":
            self._note(delivery, age, "failed", "never sent: a fault")
        else:
            if fault and fault.kind == "duplicate":
                self._repeat(delivery)
            self._send(delivery, age, _signing(fault))

    def _repeat(self, delivery: sqlite3.Row) -> None:
        self.store.rows(
            "INSERT INTO deliveries (event, type, endpoint, state, first_at, next_at, fault) "
            "SELECT event, type, endpoint, 'waiting', first_at, ?, 'duplicate' FROM deliveries WHERE id = ?",
            self.clock.now(), delivery["id"],
        )  # fmt: skip

    def _hold_back(self, delivery: sqlite3.Row, fault: Fault) -> None:
        late = fault.kind == "reorder"
        self.store.rows(
            "UPDATE deliveries SET state = 'waiting', next_at = ?, turn = ? WHERE id = ?",
            delivery["next_at"] + HELD_BACK if late else self.clock.now() + fault.seconds,
            -delivery["id"] if late else 0,
            delivery["id"],
        )

    def _send(self, delivery: sqlite3.Row, age: int, how: Signing | None = None) -> None:
        event, endpoint = self.store.get(delivery["event"]), self.store.get(delivery["endpoint"])
        if event is None or endpoint is None or endpoint["status"] != "enabled":
            gone = "the endpoint is disabled" if event and endpoint else "the endpoint is gone"
            self._note(delivery, age, "failed", gone)
            return
        body = encoded(event).encode()
        secrets = secrets_of(self.store, endpoint["id"], now=self.clock.now())
        header = signature(body, secrets, self.clock.wall(), how or Signing())
        answer, said = _post(endpoint["url"], body, header)
        good = answer[:1] == "2" and answer.isdigit()
        self._note(delivery, age, "delivered" if good else "waiting", answer, (header, said))

    def _note(
        self, delivery: sqlite3.Row, age: int, state: str, answer: str, sent: tuple[str, str] | None = None
    ) -> None:
        """Writes down how a try went, unless another state was put in place meanwhile."""
        now, number = self.clock.now(), delivery["id"]
        with self.store.transaction():
            if self.store.age != age:
                return
            pauses = retry_pauses(self.store)
            (row,) = self.store.rows("UPDATE deliveries SET tries = tries + 1 WHERE id = ? RETURNING tries", number)
            if state == "waiting" and row["tries"] > len(pauses):
                state = "failed"
            pause = pauses[min(row["tries"], len(pauses)) - 1] if pauses else 0
            self.store.rows(
                "UPDATE deliveries SET state = ?, last_at = ?, next_at = ?, turn = 0, answer = ? WHERE id = ?",
                state, now, now + pause, answer, number,
            )  # fmt: skip
            if sent:
                sql = "INSERT INTO tries (delivery, at, signature, answer, body) VALUES (?, ?, ?, ?, ?)"
                self.store.rows(sql, number, now, sent[0], answer, sent[1])


def _signing(fault: Fault | None) -> Signing:
    if fault is None:
        return Signing()
    shifts = {"old_timestamp": -fault.seconds, "future_timestamp": fault.seconds}
    return Signing(shift=shifts.get(fault.kind, 0), forged=fault.kind == "wrong_signature")


def _post(url: str, body: bytes, header: str) -> tuple[str, str]:
    """Returns the status, or why there is none, and the beginning of what was answered."""
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Stripe-Signature": header,
        "User-Agent": "Stripe/1.0 (sandbox)",
    }
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=TIMEOUT)
    target = (address.path or "/") + (f"?{address.query}" if address.query else "")
    try:
        connection.request("POST", target, body, headers)
        answer = connection.getresponse()
        return str(answer.status), answer.read(LONGEST_ANSWER).decode(errors="replace")
    except ConnectionRefusedError:
        return "nobody answers there", ""
    except TimeoutError:
        return f"no answer within {TIMEOUT} s", ""
    except (OSError, http.client.HTTPException) as error:
        return f"no answer ({type(error).__name__})", ""
    finally:
        connection.close()
