"""The command: demo mode alone, loopback alone, and an end at once."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.stripe_sandbox.steps import Browser


def command(tmp_path: Path, port: int) -> list[str]:
    files = ["--state", str(tmp_path / "sandbox.db"), "--clock", str(tmp_path / "clock")]
    return [sys.executable, "-m", "membership.stripe_sandbox", "--port", str(port), *files]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize("mode", ["live", "test", "", None])
def test_it_starts_in_demo_mode_alone(tmp_path: Path, mode: str | None) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "MEMBERSHIP_MODE"}
    if mode is not None:
        environment["MEMBERSHIP_MODE"] = mode
    done = subprocess.run(command(tmp_path, 0), env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    assert done.returncode == 1
    assert "demo mode alone" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once(tmp_path: Path, number: signal.Signals) -> None:
    port = free_port()
    environment = os.environ | {"MEMBERSHIP_MODE": "demo"}
    with subprocess.Popen(command(tmp_path, port), env=environment, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - our own command
        _wait_for(port)
        assert Browser(f"http://127.0.0.1:{port}").get("/_sandbox/health").status == 200
        started = time.monotonic()
        process.send_signal(number)
        assert process.wait(5) == 0
        assert time.monotonic() - started < 1


def test_the_pauses_of_webhooks_are_set_at_the_start(tmp_path: Path) -> None:
    port = free_port()
    environment = os.environ | {"MEMBERSHIP_MODE": "demo"}
    with subprocess.Popen(  # noqa: S603 - our own command
        [*command(tmp_path, port), "--retry-pauses", "1,2"], env=environment, stderr=subprocess.DEVNULL
    ) as process:
        _wait_for(port)
        answer = Browser(f"http://127.0.0.1:{port}").get("/_sandbox/webhook_settings")
        process.terminate()
    assert answer.json == {"retry_pauses": [1, 2]}


def test_wrong_pauses_are_a_sentence(tmp_path: Path) -> None:
    environment = os.environ | {"MEMBERSHIP_MODE": "demo"}
    wrong = [*command(tmp_path, 0), "--retry-pauses", "soon"]
    done = subprocess.run(wrong, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    assert done.returncode == 1
    assert "retry_pauses must be" in done.stderr


def test_a_taken_port_is_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        environment = os.environ | {"MEMBERSHIP_MODE": "demo"}
        done = subprocess.run(command(tmp_path, port), env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    assert done.returncode == 1
    assert f"cannot use port {port}" in done.stderr


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"nothing answers on port {port}")
