"""`serve` and `python app.py`: a real server in front of the application."""

import signal
import socket
from pathlib import Path

import pytest

from membership.serving import is_free
from tests.databases import migrated
from tests.processes.alive import ADDRESS, answer_of, demo_environ, free_port, run, started, until


@pytest.mark.parametrize("command", [("app.py",), ("-m", "flask", "--app", "app", "serve")])
def test_pages_are_served_until_sigterm(command: tuple[str, ...], tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "app.log"
    migrated(f"sqlite:///{tmp_path / 'membership.db'}")

    with started(command, demo_environ(tmp_path, port), log) as process:
        until(lambda: answer_of(port, "/") == 200, log.read_text)
        process.send_signal(signal.SIGTERM)

        assert process.wait(10) == 0
    assert answer_of(port, "/") is None


def test_a_taken_port_is_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind((ADDRESS, 0))
        other.listen()
        port = other.getsockname()[1]

        done = run(("app.py",), demo_environ(tmp_path, port))

    assert done.returncode == 1
    assert done.stderr == f"Error: Port {port} of {ADDRESS} is taken. Choose another with --port.\n"


@pytest.mark.parametrize("command", [("app.py",), ("-m", "flask", "--app", "app", "worker")])
def test_wrong_settings_are_told_without_a_traceback(command: tuple[str, ...], tmp_path: Path) -> None:
    done = run(command, demo_environ(tmp_path, 8000, MEMBERSHIP_SECRET_KEY="", MEMBERSHIP_BIND="0.0.0.0"))  # noqa: S104 - refused

    assert done.returncode == 1
    assert "MEMBERSHIP_SECRET_KEY is missing" in done.stderr
    assert "MEMBERSHIP_BIND is 0.0.0.0" in done.stderr
    assert "Traceback" not in done.stderr


def test_flask_run_is_refused_with_the_way_that_works(tmp_path: Path) -> None:
    port = free_port()

    flask_run = ("-m", "flask", "--app", "app", "run", "--host", "0.0.0.0", "--port", str(port))  # noqa: S104 - refused
    done = run(flask_run, demo_environ(tmp_path, port))

    assert done.returncode == 2
    assert "flask --app app serve" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("bind", "warned"), [("0.0.0.0", True), (ADDRESS, False)])  # noqa: S104 - warned of
def test_who_listens_for_everyone_in_earnest_is_warned(bind: str, warned: bool, tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "app.log"
    migrated(f"sqlite:///{tmp_path / 'membership.db'}")
    live = {
        "MEMBERSHIP_MODE": "live",
        "MEMBERSHIP_BASE_URL": f"https://news.example.org:{port}",
        "MEMBERSHIP_STRIPE_SECRET_KEY": "sk_live_invented",
        "MEMBERSHIP_MAIL_URL": "smtp://127.0.0.1:1",
        "MEMBERSHIP_BIND": bind,
    }
    environ = demo_environ(tmp_path, port, **live)
    del environ["MEMBERSHIP_STRIPE_API_BASE"]

    with started(("app.py",), environ, log) as process:
        until(lambda: answer_of(port, "/healthz") is not None, log.read_text)
        process.send_signal(signal.SIGTERM)
        process.wait(10)
    assert ("buffering proxy" in log.read_text()) is warned


def test_a_port_that_was_just_left_is_free() -> None:
    assert is_free(ADDRESS, free_port())
