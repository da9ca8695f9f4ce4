"""Documentation that is tested: what the pages name is there, and what is there is named."""

import re
import sqlite3
import tomllib
from pathlib import Path

import click
import pytest
from flask import Flask
from sqlalchemy import CheckConstraint, Column, Index, Table, UniqueConstraint

from membership.db import Base
from membership.factory import create_app
from membership.payments.export import COLUMNS
from membership.settings import PREFIX, ROOT, from_environment
from membership.wiring import LOADERS
from tests.conftest import demo_settings
from tests.pages import leads_somewhere, links, sections, table

README, CONTRIBUTING = ROOT / "README.md", ROOT / "CONTRIBUTING.md"
DESIGN, DATA, RUNNING = (ROOT / "docs" / f"{name}.md" for name in ("design", "data", "running"))
PAGES = (README, CONTRIBUTING, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md")))

COMMAND = re.compile(r"flask --app app(?P<words>(?: [a-z][a-z-]*)+)")
MAKE = re.compile(r"`make (?P<target>[a-z]+)")
OPTION = re.compile(r"(?<![\w-])--[a-z-]+")
TICKED = re.compile(r"`([^`]+)`")
SETTING = re.compile(rf"`{PREFIX}([A-Z_]+)`")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    folder = tmp_path_factory.mktemp("docs")
    return create_app(demo_settings(f"sqlite:///{folder / 'unused.db'}", folder))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_and_picture_of_a_page_exists(page: Path) -> None:
    broken = [target for target in links(page) if not leads_somewhere(page, target)]
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_names_exists(page: Path, app: Flask) -> None:
    words = [match["words"].split() for match in COMMAND.finditer(page.read_text("utf-8"))]
    assert [each for each in words if not is_command(app, each)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_that_a_page_names_exists(page: Path) -> None:
    assert {match["target"] for match in MAKE.finditer(page.read_text("utf-8"))} <= make_targets()


def test_the_contract_lists_all_commands_and_no_other(app: Flask) -> None:
    listed = {
        " ".join(match["words"].split()) for row in table(DESIGN, "Commands") for match in COMMAND.finditer(row[0])
    }
    assert listed == set(commands(app))


def test_the_contract_lists_all_make_targets_and_no_other() -> None:
    assert {match["target"] for row in table(DESIGN, "Commands") for match in MAKE.finditer(row[0])} == make_targets()


def test_commands_take_the_options_that_the_contract_names(app: Flask) -> None:
    known = commands(app)
    for first, said in table(DESIGN, "Commands"):
        match = COMMAND.search(first)
        if match is not None:
            options = {option for each in known[match["words"].strip()].params for option in each.opts}
            assert set(OPTION.findall(said)) <= options, first


def test_the_contract_lists_all_routes_and_no_other(app: Flask) -> None:
    listed = {
        (method, path.strip("`")) for methods, path, _what in table(DESIGN, "Routes") for method in methods.split(", ")
    }
    served = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert listed == served


@pytest.mark.parametrize(("page", "heading"), [(README, "Settings"), (RUNNING, "Settings")], ids=["README", "running"])
def test_the_table_of_settings_lists_all_that_are_read_and_no_other(page: Path, heading: str) -> None:
    source = (ROOT / "membership" / "settings.py").read_text("utf-8")
    read = set(re.findall(r'"([A-Z][A-Z_]*[A-Z])"', source)) | set(re.findall(r"\{PREFIX\}([A-Z][A-Z_]+)", source))
    assert {name for row in table(page, heading) for name in SETTING.findall(row[0])} == read - {"FILE"}


def test_the_defaults_of_settings_are_as_told(tmp_path: Path) -> None:
    told = {SETTING.findall(name)[0]: default for name, default, _meaning in table(RUNNING, "Settings")}
    required = {
        "MODE": "test",
        "SECRET_KEY": "s" * 32,
        "STRIPE_SECRET_KEY": "sk_test_x",
        "MAIL_URL": "smtp://localhost",
    }
    settings = from_environment({PREFIX + name: value for name, value in required.items()}, instance=tmp_path)
    for name in ("BASE_URL", "MAIL_FROM", "TRUSTED_PROXIES", "OPERATOR_NETWORKS", "ATTEMPTS_AN_HOUR", "BIND"):
        value = getattr(settings, name.lower())
        assert told[name] == f"`{','.join(map(str, value)) if isinstance(value, tuple) else value}`", name


def test_the_tables_of_newsroom_toml_are_those_that_packages_load() -> None:
    rows = table(DESIGN, "6. Modes and settings")
    assert {TICKED.findall(row[0])[0].strip("[]") for row in rows if row[0].startswith("`[")} == set(LOADERS)


def test_the_fields_of_the_ledger_export_are_as_told() -> None:
    assert tuple(name for row in table(DESIGN, "Exports") for name in TICKED.findall(row[0])) == COLUMNS


def test_the_ladder_of_floors_names_every_package_and_no_other() -> None:
    named = {name for row in table(DESIGN, "The ladder") for name in TICKED.findall(row[1])}
    modules = {path.stem for path in (ROOT / "membership").glob("*.py")} - {"__init__"}
    packages = {path.parent.name for path in (ROOT / "membership").glob("*/__init__.py")}
    assert named == modules | packages


def test_every_dependency_has_its_line_and_no_other() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wanted = [
        *project["project"]["dependencies"],
        *(each for group in project["dependency-groups"].values() for each in group),
    ]
    names = {re.split(r"[\[=<>~! ]", each.lower(), maxsplit=1)[0] for each in wanted}
    lines = [row[0] for row in table(CONTRIBUTING, "Dependencies") if not row[0].startswith("*")]
    told = {name for line in lines[: index_of_left(lines)] for name in line.split(", ")}
    assert told == names


def test_the_page_of_tables_lists_all_tables_and_no_other() -> None:
    assert set(sections(DATA, level=3)) == set(Base.metadata.tables)


@pytest.mark.parametrize("name", sorted(Base.metadata.tables))
def test_the_page_of_tables_tells_a_table_as_it_is(name: str) -> None:
    assert told_of(name) == kept_of(Base.metadata.tables[name])


def test_the_page_of_tables_names_what_refuses_change(sqlite_template: Path) -> None:
    connection = sqlite3.connect(sqlite_template)
    triggers = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
    connection.close()
    told = set()
    for name, text in sections(DATA, level=3).items():
        verbs = ("update", "delete") if "- Append-only." in text else ("delete",) if "- Never deleted." in text else ()
        told |= {f"{name}_refuses_{verb}" for verb in verbs}
        told |= {each for line in text.splitlines() if line.startswith("- Triggers:") for each in TICKED.findall(line)}
    assert told == triggers


def commands(app: Flask) -> dict[str, click.Command]:
    found: dict[str, click.Command] = {}
    for name, command in app.cli.commands.items():
        if isinstance(command, click.Group):
            found |= {f"{name} {each}": inner for each, inner in command.commands.items()}
        else:
            found[name] = command
    return found


def is_command(app: Flask, words: list[str]) -> bool:
    """Says whether the first one or two words are a command; what follows are its arguments."""
    known = commands(app)
    return words[0] in known or " ".join(words[:2]) in known


def make_targets() -> set[str]:
    text = (ROOT / "Makefile").read_text("utf-8")
    return {target for line in re.findall(r"^\.PHONY: (.+)$", text, re.MULTILINE) for target in line.split()}


def index_of_left(lines: list[str]) -> int:
    """Says where the second table under the heading begins: that of packages which were left."""
    return next(at for at in range(1, len(lines)) if lines[at].startswith("Flask-SQLAlchemy"))


def told_of(name: str) -> dict[str, set[str] | list[str]]:
    """Reads what the page tells of a table: each line of its list, taken apart."""
    text = re.sub(r"\n  +", " ", sections(DATA, level=3)[name])
    lines = dict(re.findall(r"^- (Columns|Key|Unique|One of|Check): (.+)$", text, re.MULTILINE))
    return {
        "Columns": TICKED.findall(lines["Columns"]),
        **{kind: set(lines.get(kind, "").split(" · ")) - {""} for kind in ("Key", "Unique", "One of", "Check")},
    }


def kept_of(kept: Table) -> dict[str, set[str] | list[str]]:
    """Says the same of a table as the code has it."""
    key = [column.name for column in kept.primary_key.columns]
    checks = [str(each.sqltext) for each in kept.constraints if isinstance(each, CheckConstraint)]
    lists = [match for match in (re.fullmatch(r"(\w+) IN \((.+)\)", check) for check in checks) if match]
    return {
        "Columns": [told_column(column) for column in kept.columns],
        "Key": set() if key == ["id"] else {together(key)},
        "Unique": {
            together([column.name for column in each.columns])
            for each in kept.constraints
            if isinstance(each, UniqueConstraint)
        }
        | {told_index(each) for each in kept.indexes if each.unique},
        "One of": {f"`{match[1]}` " + match[2].replace("'", "") for match in lists},
        "Check": {f"`{check}`" for check in checks if " IN (" not in check},
    }


def told_column(column: Column[object]) -> str:
    name = column.name + ("?" if column.nullable else "")
    targets = [key.column.table.name for key in column.foreign_keys]
    return f"{name} → {targets[0]}" if targets else name


def told_index(index: Index) -> str:
    return (
        f"{together([str(column.name) for column in index.columns])} while `{index.dialect_options['sqlite']['where']}`"
    )


def together(names: list[str]) -> str:
    ticked = [f"`{name}`" for name in names]
    return ticked[0] if len(ticked) == 1 else f"({', '.join(ticked)})"
