"""A newsroom of many processes: a sandbox, two apps and two workers on one database, and a mail server."""

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from membership.articles.importing import import_paths
from membership.clock import ShiftedClock
from membership.db import current_session, transaction
from membership.factory import create_app
from membership.newsroom.commands import load_tables
from membership.newsroom.words import current_newsroom
from membership.settings import PREFIX, ROOT, Settings
from membership.wiring import LOADERS
from tests.conftest import demo_settings
from tests.processes.alive import answer_of, demo_environ, free_port, until
from tests.storms.newsroom import MOST_BYTES
from tests.storms.postbox import Postbox, open_postbox
from tests.storms.processes import Process, logged_to
from tests.storms.rows import rows
from tests.storms.sandbox import Stripe

APPS = WORKERS = 2
WORKER = ("-m", "flask", "--app", "tests.storms.newsroom:create_app", "worker")
WORDS = ROOT / "membership" / "demo" / "newsroom.toml"
SECRET = "whsec_of_the_storm"
SENDER = "Lantern <news@example.org>"
SLUG = "the-long-bridge"
ARTICLE = f"""---
title: The long bridge
slug: {SLUG}
standfirst: Who pays for it.
authors: [Olena Marchuk]
section: city-and-river
published: 2026-01-05T06:45:00+02:00
---

{" ".join(["The bridge is long, and somebody has to pay for it."] * 200)}
"""
PRODUCTS = {"membership_pledge": "Pledge", "membership_donation": "Donation"}


@dataclass
class Fleet:
    """All that runs. `apps` and `workers` may be killed; `blows` counts how often one was while it may have worked."""

    url: str
    instance: Path
    stripe: Stripe
    postbox: Postbox
    ports: list[int]
    apps: list[Process]
    workers: list[Process]
    blows: int = 0
    told: set[str] = field(default_factory=set, repr=False)

    @property
    def site(self) -> str:
        """The mark that this newsroom puts on what it makes at Stripe."""
        return str(rows(self.url, "SELECT site_id FROM site_version")[0][0])

    def strike(self, chance: Random) -> None:
        """Kills an app or a worker, and starts it again at once."""
        struck = chance.choice([*self.apps, *self.workers])
        struck.kill()
        struck.start()
        self.blows += 1

    def wait_until_up(self) -> None:
        """Waits until every app answers."""
        until(lambda: all(answer_of(port, "/readyz") == 200 for port in self.ports), self.last_words)

    def bound_disk(self, most_bytes: int | None) -> None:
        """Lets no file of an app grow beyond `most_bytes` from the next request on; `None` takes it back."""
        bound = self.instance / MOST_BYTES
        if most_bytes is None:
            bound.unlink(missing_ok=True)
        else:
            bound.write_text(str(most_bytes), "ascii")

    def last_words(self) -> str:
        """Returns the end of what all of them said."""
        return (self.instance / "fleet.log").read_text("utf-8", errors="replace")[-4000:]


@contextmanager
def fleet(url: str, instance: Path) -> Iterator[Fleet]:
    """Runs a newsroom on a migrated database for as long as the block lasts."""
    instance.mkdir(parents=True, exist_ok=True)
    everything: list[Process] = []
    with open_postbox() as postbox, logged_to(instance / "fleet.log") as log:
        try:
            stripe, ports = Stripe(free_port()), [free_port() for _ in range(APPS)]
            environ = _environ(url, instance, stripe, postbox, ports)
            everything.append(Process(_sandbox(stripe, instance), environ, log))
            _load(demo_settings(url, instance))
            everything += [Process(("-m", "tests.storms.serve", str(port)), environ, log) for port in ports]
            everything += [Process(WORKER, environ, log) for _ in range(WORKERS)]
            _, *movable = everything
            made = Fleet(url, instance, stripe, postbox, ports, movable[:APPS], movable[APPS:])
            _prepare(made)
            yield made
        finally:
            for process in everything:
                process.ask_to_end()
            for process in everything:
                process.end()


def _environ(url: str, instance: Path, stripe: Stripe, postbox: Postbox, ports: list[int]) -> dict[str, str]:
    ours = {
        "DATABASE_URL": url,
        "STRIPE_API_BASE": stripe.url,
        "STRIPE_WEBHOOK_SECRETS": SECRET,
        "MAIL_URL": postbox.url,
        "MAIL_FROM": SENDER,
        "TRUSTED_PROXIES": "1",
    }
    return demo_environ(instance, ports[0], **{PREFIX + name: value for name, value in ours.items()})


def _sandbox(stripe: Stripe, instance: Path) -> tuple[str, ...]:
    state, clock = str(instance / "sandbox.db"), str(instance / "clock")
    return ("-m", "membership.stripe_sandbox", "--port", str(stripe.port), "--state", state, "--clock", clock)


def _load(settings: Settings) -> None:
    app = create_app(settings)
    now, manuscript = ShiftedClock(settings.instance / "clock").now(), settings.instance / f"{SLUG}.md"
    manuscript.write_text(ARTICLE, "utf-8")
    with app.app_context():
        session = current_session()
        with transaction(session):
            load_tables(session, tomllib.loads(WORDS.read_text("utf-8")), LOADERS, now=now)
        report = import_paths(
            session, (manuscript,), media=settings.instance / "media", language=current_newsroom().language, now=now
        )
        assert not report.faults, report.faults
    app.extensions["database"].close()


def _prepare(made: Fleet) -> None:
    until(lambda: answer_of(made.stripe.port, "/_sandbox/health") == 200, made.last_words)
    for product, name in PRODUCTS.items():
        made.stripe.post("products", id=product, name=name)
    made.wait_until_up()
