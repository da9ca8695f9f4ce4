"""The table of behaviours is true: nothing of the list is left out, each test is there, and nothing waits in vain."""

import ast
import re
from functools import cache

import pytest
from flask import Flask

from membership.db import Base
from membership.payments.gateway import Gateway
from membership.settings import ROOT
from membership.wiring import EVENTS, PERIODIC
from tests.behaviours.behaviours import BEHAVIOURS, LISTED, Behaviour, Capability

WAITING = sorted(
    {each for behaviour in BEHAVIOURS for each in behaviour.waits_for}, key=lambda capability: capability.words
)


@cache
def named_in(module: str) -> frozenset[str]:
    """Returns the functions of a module that pytest collects."""
    path = ROOT / "tests" / f"{module.replace('.', '/')}.py"
    assert path.name.startswith("test_"), path
    tree = ast.parse(path.read_text("utf-8"))
    return frozenset(
        node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def test_every_behaviour_of_the_list_stands_here_once() -> None:
    listed = " ".join(LISTED.split()).split(" · ")
    assert [behaviour.words for behaviour in BEHAVIOURS] == listed
    assert len(set(listed)) == len(listed) == 28


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.words)
def test_each_is_shown_by_tests_that_exist_or_waits_for_something(behaviour: Behaviour) -> None:
    missing = [name for name in behaviour.shown_by if name.partition("::")[2] not in named_in(name.partition("::")[0])]
    assert missing == []
    assert len(set(behaviour.shown_by)) == len(behaviour.shown_by)
    assert behaviour.shown_by or behaviour.waits_for


def test_every_test_of_this_package_shows_a_behaviour() -> None:
    here = [path.stem for path in (ROOT / "tests" / "behaviours").glob("test_*.py") if path.stem != "test_behaviours"]
    there = {f"behaviours.{module}::{test}" for module in here for test in named_in(f"behaviours.{module}")}
    assert there - {name for behaviour in BEHAVIOURS for name in behaviour.shown_by} == set()


def what_the_app_has(app: Flask) -> frozenset[str]:
    """Returns the events it looks at, its tables, and the words of its routes, commands, tasks and calls of Stripe."""
    spoken = [
        *(rule.rule for rule in app.url_map.iter_rules()),
        *(f"{group} {' '.join(getattr(command, 'commands', ()))}" for group, command in app.cli.commands.items()),
        *PERIODIC,
    ]
    words = {word for text in spoken for word in re.findall(r"[a-z]+", text)}
    return frozenset({*EVENTS.looks, *Base.metadata.tables, *vars(Gateway), *words})


def test_what_the_app_has_is_seen(app: Flask) -> None:
    has = what_the_app_has(app)
    assert {"invoice.paid", "receipts", "cancellation", "export", "forget", "create_checkout"} <= has


@pytest.mark.parametrize("capability", WAITING, ids=lambda capability: capability.words)
def test_nothing_waits_for_what_the_app_has_already(app: Flask, capability: Capability) -> None:
    """Fails on the day on which the capability comes: then its behaviours need their tests."""
    assert what_the_app_has(app) & set(capability.signs) == set()
