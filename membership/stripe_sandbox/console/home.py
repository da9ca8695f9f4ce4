"""The console's first page: clock, faults, webhooks, state, on one page that works without scripts."""

from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Response, make_response, render_template

from membership.stripe_sandbox.billing.calendars import months_later
from membership.stripe_sandbox.console.faults import API, KINDS, METHODS, WEBHOOK, Fault
from membership.stripe_sandbox.money.disputes import REASONS
from membership.stripe_sandbox.money.fraud_warnings import FRAUD_TYPES
from membership.stripe_sandbox.payments.hosted import with_headers
from membership.stripe_sandbox.protocol.answers import json_response, wants_json
from membership.stripe_sandbox.state.snapshots import every_snapshot
from membership.stripe_sandbox.webhooks.deliveries import Deliverer
from membership.stripe_sandbox.webhooks.delivery_log import last_deliveries
from membership.stripe_sandbox.webhooks.events import API_VERSION
from membership.stripe_sandbox.webhooks.webhook_settings import retry_pauses

SHOWN = 10
# A renewal is charged about an hour after its period began.
RENEWED = 2 * 3600


@dataclass(frozen=True)
class Home:
    """The first page over a running sandbox. `app_url` is where the application answers, or None."""

    deliverer: Deliverer
    app_url: str | None

    def page(self, error: str | None = None) -> Response:
        """Answers the page; with an error it is 422 and says what was wrong."""
        store, clock = self.deliverer.store, self.deliverer.clock
        now = datetime.fromtimestamp(clock.now(), UTC)
        html = render_template(
            "console.html",
            api_version=API_VERSION,
            app_url=self.app_url,
            deliveries=last_deliveries(store, limit=SHOWN),
            endpoints=store.endpoints(),
            error=error,
            fraud_types=FRAUD_TYPES,
            faults=[_fault_in_words(fault) for fault in self.deliverer.faults.every()],
            kinds={side: {n: k.words for n, k in KINDS.items() if k.side == side} for side in (API, WEBHOOK)},
            methods=METHODS,
            next_month=int(months_later(now, 1).timestamp()) + RENEWED,
            now=now,
            pauses=", ".join(map(str, retry_pauses(store))),
            reasons=list(REASONS),
            shift=_shift(clock.offset()),
            snapshots=every_snapshot(store),
        )
        return with_headers(make_response(html, 422 if error else 200))

    def refused(self, error: Exception) -> Response:
        """Answers what could not be done: a program gets JSON, a browser the page with the sentence on it."""
        if wants_json():
            return json_response({"error": str(error)}, 422)
        return self.page(str(error))


def notice(sentence: str, status: int) -> Response:
    """Answers a page that says one thing, with the way back to the console."""
    html = render_template("notice.html", title=sentence, text="", back="/_sandbox")
    return with_headers(make_response(html, status))


def _fault_in_words(fault: Fault) -> dict[str, str | int]:
    kind = KINDS[fault.kind]
    chosen = f"{fault.method or 'any'} {fault.path}" if kind.side == API else fault.type
    left = "every time" if fault.times is None else f"{fault.met} of {fault.times} met"
    until = "" if fault.until is None else f", until {datetime.fromtimestamp(fault.until, UTC):%-d %B %Y, %H:%M} UTC"
    return {"id": fault.id, "kind": fault.kind, "words": kind.words, "chosen": chosen, "left": f"{left}{until}"}


def _shift(offset: int) -> str:
    minutes = round(offset / 60)
    if minutes == 0:
        return "the real time"
    days, rest = divmod(minutes, 1440)
    return f"{days} {'day' if days == 1 else 'days'}, {rest // 60} h and {rest % 60} min ahead of the real time"
