"""Tables only: what goes upward or sideways between packages is listed here, in the order in which it runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint

from membership.clock import Clock
from membership.db import Database
from membership.mail.transport import MailTransport
from membership.newsroom import routes as newsroom_routes
from membership.newsroom import words
from membership.outbox.periodic import Every
from membership.outbox.rows import Task
from membership.settings import Settings


@dataclass(frozen=True)
class Seams:
    """What a process works with: the database, and the three seams behind which the world lies."""

    settings: Settings
    database: Database
    clock: Clock
    mail: MailTransport


Load = Callable[..., None]

BLUEPRINTS: tuple[Blueprint, ...] = (newsroom_routes.blueprint,)

# Which package reads which table of newsroom.toml: (session, table, now=).
LOADERS: Mapping[str, Load] = {
    "newsroom": words.load,
}

# What carries out which side effect. Each runs outside of any transaction.
TASKS: Mapping[str, Callable[[Seams, Task], None]] = {}

# What comes round by the clock, and how often.
PERIODIC: Mapping[str, tuple[Every, Callable[[Seams], object]]] = {}

# What every worker looks at in each turn, before side effects and periodic tasks.
ROUNDS: tuple[Callable[[Seams], int], ...] = ()

# Asked, in the caller's transaction, when an account comes to have the right to vote: (session, account_id, now=).
MAY_VOTE_NOW: tuple[Callable[..., object], ...] = ()

# What the layout of every page may use besides the newsroom's own words; each must be remembered, not queried.
LAYOUT: Mapping[str, Callable[[], Any]] = {}

__all__ = ["BLUEPRINTS", "LAYOUT", "LOADERS", "MAY_VOTE_NOW", "PERIODIC", "ROUNDS", "TASKS", "Seams"]
