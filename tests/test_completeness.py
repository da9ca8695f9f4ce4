"""What makes sure that no test is left out."""

import subprocess
import sys
from pathlib import Path

import pytest

from membership.settings import ROOT
from tests.completeness import on_one_database_only

LEFT_OUT = """
import pytest

def test_skipped():
    pytest.skip("no reason that anybody agreed to")

@pytest.mark.xfail
def test_expected_to_fail():
    raise AssertionError

def test_seen():
    pass
"""


@pytest.mark.parametrize(
    ("node_ids", "lonely"),
    [
        (["a.py::f[sqlite]", "a.py::f[postgresql]", "a.py::g"], []),
        (["a.py::f[sqlite-EUR]", "a.py::f[postgresql-EUR]"], []),
        (["a.py::f[EUR-sqlite]", "a.py::f[EUR-postgresql]"], []),
        (["a.py::f[sqlite-EUR]", "a.py::f[postgresql-USD]"], ["a.py::f[EUR]", "a.py::f[USD]"]),
        (["a.py::f[postgresql]"], ["a.py::f[]"]),
        (["a.py::f[sqlite]"], ["a.py::f[]"]),
    ],
)
def test_a_test_on_one_database_only_is_named(node_ids: list[str], lonely: list[str]) -> None:
    assert on_one_database_only(node_ids) == lonely


def test_what_is_skipped_or_expected_to_fail_without_a_reason_fails(tmp_path: Path) -> None:
    done = _run_pytest(tmp_path, LEFT_OUT)

    assert "2 failed, 1 passed" in done.stdout


def test_a_run_with_a_test_on_one_database_only_is_refused(tmp_path: Path) -> None:
    code = "import pytest\n\n@pytest.mark.parametrize('database', ['sqlite'])\ndef test_alone(database):\n    pass\n"

    done = _run_pytest(tmp_path, code)

    assert done.returncode != 0
    assert "test_alone[]" in done.stderr + done.stdout


def _run_pytest(folder: Path, code: str) -> "subprocess.CompletedProcess[str]":
    (folder / "test_planted.py").write_text(code, "utf-8")
    command = (sys.executable, "-m", "pytest", "-p", "tests.completeness", "-p", "no:cacheprovider", str(folder))
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
