"""The chance of a storm, and its fleets: one for each database, started when the first small storm needs it."""

import os
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.databases import create_postgresql, migrated
from tests.storms.cluster import Cluster, cluster
from tests.storms.fleet import Fleet, fleet

SEED = "STORM_SEED"


@pytest.fixture
def chance() -> random.Random:
    """Chance from a seed that is printed; `STORM_SEED=<number>` plays the same storm again."""
    seed = int(os.environ.get(SEED) or random.SystemRandom().getrandbits(32))
    print(f"{SEED}={seed}")  # noqa: T201 - shown when the storm finds something, and by `make storm`
    return random.Random(seed)


@dataclass(frozen=True)
class Ground:
    """A fleet, and the PostgreSQL beneath it if it stands on one."""

    fleet: Fleet
    cluster: Cluster | None = None


Grounds = Callable[[str], Ground]


@pytest.fixture(scope="session")
def grounds(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grounds]:
    """Starts a fleet on a kind of database once, and returns it again to whoever asks."""
    made: dict[str, Ground] = {}
    with ExitStack() as stack:

        def ground(kind: str) -> Ground:
            if kind not in made:
                made[kind] = stack.enter_context(_standing(kind, sqlite_template, tmp_path_factory.mktemp("storm")))
            return made[kind]

        yield ground


@pytest.fixture(params=["sqlite", "postgresql"])
def small(request: pytest.FixtureRequest, grounds: Grounds) -> Ground:
    """The fleet of all small storms on one kind of database: its books must be right after each of them."""
    return grounds(request.param)


@pytest.fixture
def small_postgresql(grounds: Grounds) -> Ground:
    """The same, for what only PostgreSQL can suffer."""
    return grounds("postgresql")


@pytest.fixture(params=["sqlite", "postgresql"])
def full(request: pytest.FixtureRequest, sqlite_template: Path, tmp_path: Path) -> Iterator[Ground]:
    """A fleet for one full storm alone."""
    with _standing(request.param, sqlite_template, tmp_path) as ground:
        yield ground


@pytest.fixture
def full_postgresql(sqlite_template: Path, tmp_path: Path) -> Iterator[Ground]:
    """The same, for what only PostgreSQL can suffer."""
    with _standing("postgresql", sqlite_template, tmp_path) as ground:
        yield ground


@contextmanager
def _standing(kind: str, sqlite_template: Path, folder: Path) -> Iterator[Ground]:
    if kind == "sqlite":
        path = folder / "membership.db"
        shutil.copy(sqlite_template, path)
        with fleet(f"sqlite:///{path}", folder / "instance") as made:
            yield Ground(made)
        return
    with cluster() as server, fleet(migrated(create_postgresql(server.url)), folder / "instance") as made:
        yield Ground(made, server)
