"""The architecture: which package may know which, and where the outside world may be touched. Cannot go stale."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, configure_mappers, mapped_column, registry, relationship

from membership.accounts import models as accounts
from membership.articles import models as articles
from membership.db import Base
from membership.newsroom import models as newsroom
from membership.outbox import models as outbox
from membership.patrons import models as patrons
from membership.payments import models as payments
from membership.settings import ROOT
from membership.support import models as support
from membership.topics import models as topics

# From the ground up. Each may import what stands before it; packages in one line do not know each other.
LADDER: tuple[tuple[str, ...], ...] = (
    # 0, in this order
    ("errors",),
    ("clock",),
    ("money",),
    ("masking", "mailbox", "personal"),
    ("notation",),
    ("settings",),
    # 1
    ("db",),
    ("append_only", "migrating"),
    # 2
    ("outbox", "mail"),
    # 3
    ("newsroom", "web"),
    # 4 to 11, as money, votes and reading rest upon each other
    ("accounts",),
    ("payments",),
    ("patrons",),
    ("topics",),
    ("support",),
    ("appeals",),
    ("articles",),
    ("dashboard",),
    # 12, in this order
    ("periods",),
    ("wiring", "demo"),
    # 13, in this order
    ("serving", "working"),
    ("cli",),
    ("factory",),
    ("supervising",),
)
SANDBOX = "stripe_sandbox"
FLOOR = {name: floor for floor, names in enumerate(LADDER) for name in names}

# Who may touch what of the world outside: module (or a call), and the paths that may.
MAY_TOUCH = {
    "importlib": ("cli.py", "accounts/authenticators.py"),
    "stripe": ("payments/stripe_gateway/", f"{SANDBOX}/"),
    "smtplib": ("mail/",),
    "webauthn": ("accounts/authenticators.py",),
}
CLOCKS = ("clock.py", f"{SANDBOX}/state/clock.py")
READS_CLOCK = frozenset(
    f"{owner}.{name}"
    for owner, names in {
        "time": ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "localtime", "gmtime"),
        "datetime": ("now", "utcnow", "today"),
        "datetime.datetime": ("now", "utcnow", "today"),
        "date": ("today",),
        "datetime.date": ("today",),
    }.items()
    for name in names
)
# Rules that need no request to be understood, or to be tested.
PURE = (
    "append_only.py",
    "appeals/choice.py",
    "clock.py",
    "errors.py",
    "mailbox.py",
    "masking.py",
    "money.py",
    "notation.py",
    "patrons/standing.py",
    "payments/states.py",
    "settings.py",
    "topics/tally.py",
)
NOT_A_THING = frozenset(("base", "common", "helper", "helpers", "manager", "service", "services", "util", "utils"))

MODELS = (accounts, articles, newsroom, outbox, patrons, payments, support, topics)


@dataclass(frozen=True)
class Source:
    """One file of the application. `path` is relative to the package `membership`."""

    path: str
    tree: ast.Module

    @property
    def package(self) -> str:
        return self.path.partition("/")[0].removesuffix(".py")

    def may(self, paths: tuple[str, ...]) -> bool:
        return any(self.path == each or (each.endswith("/") and self.path.startswith(each)) for each in paths)

    def imports(self) -> Iterator[tuple[int, str]]:
        """Yields line and dotted name of everything imported, at whatever depth and for whatever reason."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from ((node.lineno, f"{node.module or ''}.{alias.name}") for alias in node.names)


@cache
def sources(folder: Path) -> list[Source]:
    """Reads every Python file of a package's folder."""
    paths = sorted(folder.rglob("*.py"))
    return [Source(path.relative_to(folder).as_posix(), ast.parse(path.read_bytes(), str(path))) for path in paths]


def relative_imports(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield f"{source.path}:{node.lineno} imports relatively"


def imports_in_functions(source: Source) -> Iterator[str]:
    for function in ast.walk(source.tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    yield f"{source.path}:{node.lineno} imports inside {function.name}()"


def upward_imports(source: Source) -> Iterator[str]:
    for line, name in source.imports():
        if not name.startswith("membership."):
            continue
        other = name.split(".")[1]
        if not _may_know(source.package, other):
            yield f"{source.path}:{line} imports {other}, which does not stand below {source.package}"


def _may_know(package: str, other: str) -> bool:
    if package == other:
        return True
    if SANDBOX in (package, other) or package not in FLOOR or other not in FLOOR:
        return False
    return FLOOR[other] < FLOOR[package]


def packages_without_floor(source: Source) -> Iterator[str]:
    if source.package not in {*FLOOR, SANDBOX, "__init__"}:
        yield f"{source.path} stands on no floor"


def outside_touched(source: Source) -> Iterator[str]:
    for line, name in source.imports():
        outside = name.partition(".")[0]
        if outside in MAY_TOUCH and not source.may(MAY_TOUCH[outside]):
            yield f"{source.path}:{line} imports {outside}"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Name) and node.id == "__import__":
            yield f"{source.path}:{node.lineno} uses __import__"


def clock_read(source: Source) -> Iterator[str]:
    if source.may(CLOCKS):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in READS_CLOCK:
            yield f"{source.path}:{node.lineno} reads the system clock: {ast.unparse(node)}"
    for line, name in source.imports():
        if name in READS_CLOCK and name.startswith("time."):
            yield f"{source.path}:{line} imports {name}"


def flask_in_pure(source: Source) -> Iterator[str]:
    if source.path in PURE:
        for line, name in source.imports():
            if name.partition(".")[0].startswith(("flask", "werkzeug")):
                yield f"{source.path}:{line} is a pure module and imports {name}"


def names_of_nothing(source: Source) -> Iterator[str]:
    for part in source.path.removesuffix(".py").split("/"):
        if NOT_A_THING & set(part.split("_")):
            yield f"{source.path} is named for nothing: the thing has not been found yet"


def busy_inits(source: Source) -> Iterator[str]:
    is_docstring = [isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in source.tree.body]
    if source.path.endswith("__init__.py") and is_docstring != [True]:
        yield f"{source.path} holds more than its docstring, or none"


def keys_that_point_up(mapped: registry) -> Iterator[str]:
    """Yields foreign keys and relationships, as they are at run time, that lead to a package that is not below."""
    package_of = {mapper.local_table: mapper.class_.__module__.split(".")[1] for mapper in mapped.mappers}
    for mapper in mapped.mappers:
        package = package_of[mapper.local_table]
        for key in getattr(mapper.local_table, "foreign_keys", ()):
            if not _may_know(package, package_of[key.column.table]):
                yield f"{package}: {key.parent} points up to {key.column}"
        for relation in mapper.relationships:
            if not _may_know(package, package_of[relation.mapper.local_table]):
                yield f"{package}: {relation} points up to {relation.mapper.class_.__name__}"


CHECKS: tuple[Callable[[Source], Iterator[str]], ...] = (
    relative_imports,
    imports_in_functions,
    upward_imports,
    packages_without_floor,
    outside_touched,
    clock_read,
    flask_in_pure,
    names_of_nothing,
    busy_inits,
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_code_keeps_to_its_floors(check: Callable[[Source], Iterator[str]]) -> None:
    assert [found for source in sources(ROOT / "membership") for found in check(source)] == []


def test_the_tables_keep_to_their_floors() -> None:
    configure_mappers()
    tables = {mapper.local_table for mapper in Base.registry.mappers}

    assert len(MODELS) == len({mapper.class_.__module__ for mapper in Base.registry.mappers})
    assert tables == set(Base.metadata.tables.values())
    assert list(keys_that_point_up(Base.registry)) == []


def test_every_pure_module_exists() -> None:
    assert [path for path in PURE if not (ROOT / "membership" / path).is_file()] == []


@pytest.mark.parametrize(
    ("check", "path", "code"),
    [
        (relative_imports, "topics/ballots.py", "from . import models"),
        (imports_in_functions, "topics/ballots.py", "def cast() -> None:\n    import json"),
        (imports_in_functions, "topics/ballots.py", "class A:\n    async def f(self): from json import loads"),
        (upward_imports, "payments/ledger.py", "from membership.patrons import tiers"),
        (upward_imports, "payments/ledger.py", "import membership.patrons.tiers"),
        (upward_imports, "payments/ledger.py", "from membership import patrons"),
        (upward_imports, "money.py", "from membership.settings import Settings"),
        (upward_imports, "web/guard.py", "from membership.newsroom import words"),
        (upward_imports, "demo/loading.py", "from membership.wiring import ROUNDS"),
        (upward_imports, "demo/loading.py", "from membership.stripe_sandbox import seeding"),
        (upward_imports, "stripe_sandbox/state/clock.py", "from membership.clock import Clock"),
        (
            upward_imports,
            "db.py",
            "import typing\nif typing.TYPE_CHECKING:\n    from membership.web import guard",
        ),
        (packages_without_floor, "gifts/models.py", ""),
        (outside_touched, "payments/ledger.py", "import stripe"),
        (outside_touched, "accounts/letter.py", "from smtplib import SMTP"),
        (outside_touched, "accounts/passkeys.py", "from webauthn import options_to_json"),
        (outside_touched, "wiring.py", "from importlib import import_module"),
        (outside_touched, "wiring.py", "__import__('stripe')"),
        (clock_read, "topics/ballots.py", "import time\ntime.time()"),
        (clock_read, "topics/ballots.py", "from time import monotonic"),
        (clock_read, "topics/ballots.py", "from datetime import datetime\nnow = datetime.now"),
        (clock_read, "topics/ballots.py", "import datetime\ndatetime.date.today()"),
        (flask_in_pure, "topics/tally.py", "from flask import g"),
        (flask_in_pure, "money.py", "import flask_babel"),
        (names_of_nothing, "topics/utils.py", ""),
        (names_of_nothing, "topics/ballot_helpers.py", ""),
        (names_of_nothing, "common/money.py", ""),
        (busy_inits, "topics/__init__.py", '"""Topics."""\nfrom membership.topics.models import Topic'),
        (busy_inits, "topics/__init__.py", ""),
    ],
)
def test_a_planted_violation_is_found(
    check: Callable[[Source], Iterator[str]], path: str, code: str, tmp_path: Path
) -> None:
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(code, "utf-8")

    assert len([found for source in sources(tmp_path) for found in check(source)]) == 1


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("articles/routes.py", "from membership.topics.models import Topic"),
        ("payments/stripe_gateway/client.py", "import stripe"),
        ("clock.py", "import time\nmonotonic = time.monotonic"),
        ("topics/rounds.py", '"""Says `import stripe`."""\nfrom datetime import datetime, time\ntime(20, 0)'),
        ("topics/__init__.py", '"""Topics."""'),
    ],
)
def test_what_is_allowed_is_not_reported(path: str, code: str, tmp_path: Path) -> None:
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(code, "utf-8")

    assert [found for source in sources(tmp_path) for check in CHECKS for found in check(source)] == []


def test_a_planted_foreign_key_that_points_up_is_found() -> None:
    class Planted(DeclarativeBase):
        pass

    class Vote(Planted):
        __tablename__ = "votes"
        __module__ = "membership.topics.models"
        id: Mapped[int] = mapped_column(primary_key=True)

    class Payment(Planted):
        __tablename__ = "payments"
        __module__ = "membership.payments.models"
        id: Mapped[int] = mapped_column(primary_key=True)
        vote_id: Mapped[int] = mapped_column(ForeignKey("votes.id"))
        vote: Mapped[Vote] = relationship(Vote)

    assert len(list(keys_that_point_up(Planted.registry))) == 2
