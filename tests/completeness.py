"""Nothing is left out silently: what touches rows runs on both databases, and no test is skipped without a reason here.

A plug-in of the test run, named in tests/conftest.py.
"""

from collections.abc import Iterable

import pytest

DATABASES = ("sqlite", "postgresql")
# Test: why it may be skipped or expected to fail. Nothing is.
MAY_BE_LEFT_OUT: dict[str, str] = {}


def pytest_collection_finish(session: pytest.Session) -> None:
    """Ends the run if some test exists on one database only; `-k` and single tests may choose as they like."""
    if session.config.option.keyword or any("::" in argument for argument in session.config.args):
        return
    lonely = on_one_database_only(item.nodeid for item in session.items)
    if lonely:
        raise pytest.UsageError("These tests run on one database only:\n" + "\n".join(lonely))


def on_one_database_only(node_ids: Iterable[str]) -> list[str]:
    """Compares the two sets of test ids with the database taken out; returns those of which only one set has it."""
    found: dict[str, set[str]] = {name: set() for name in DATABASES}
    for node_id in node_ids:
        path, bracket, parameters = node_id.partition("[")
        parts = parameters.removesuffix("]").split("-") if bracket else []
        for name in DATABASES:
            if name in parts:
                rest = "-".join(part for part in parts if part != name)
                found[name].add(f"{path}[{rest}]")
    return sorted(found["sqlite"] ^ found["postgresql"])


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterable[None]:
    """Turns a test that was skipped, or expected to fail, into a failed one unless its reason stands above."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]  # pluggy's result; a hook wrapper's type cannot say so
    if (report.skipped or hasattr(report, "wasxfail")) and item.nodeid not in MAY_BE_LEFT_OUT:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was left out, and tests/completeness.py names no reason: {report.longrepr}"
        report.__dict__.pop("wasxfail", None)
