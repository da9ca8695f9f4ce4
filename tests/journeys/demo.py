"""The whole demo as real processes on free ports, each of which a test can end and start again."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from threading import Event
from typing import Any

from membership.db import Database
from membership.demo.dev_mail import Mail, newest
from membership.payments.export import export_rows
from membership.serving import is_free
from membership.settings import PREFIX, ROOT
from membership.supervising.surroundings import ADDRESS, Surroundings, answers

PATIENCE_SECONDS = 60
# The demo lives through a year before it is there: seconds by itself, minutes on a machine that does much else.
YEAR_SECONDS = 180
WITHOUT_BRAKE = ",".join(["1000000"] * 4)
LOADED = "Ctrl-C ends everything."
PROCESSES = ("sandbox", "app", "worker")


@dataclass(frozen=True)
class Demo(Surroundings):
    """One running demo newsroom over its own folder."""

    _running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def start(self, *names: str) -> None:
        """Starts processes (all three without a name) and waits until they answer."""
        starting = names or PROCESSES
        for name in starting:
            if name != "worker":
                self._begin(name)
        for name, port, path in (
            ("sandbox", self.sandbox_port, "/_sandbox/health"),
            ("app", self.port, "/healthz"),
        ):
            if name in self._running:
                until(partial(self._is_there, name, port, path), f"{name} does not answer")
        if "worker" in starting:
            # It asks Stripe at once for what its clock says is due, and an outage is an error in its log.
            self._begin("worker")

    def stop(self, *names: str) -> None:
        """Ends processes (all without a name), and all that they started; the sandbox when nobody asks it any more."""
        ending = names or tuple(self._running)
        self._end(name for name in ending if name != "sandbox")
        self._end(name for name in ending if name == "sandbox")

    def _begin(self, name: str) -> None:
        with (self.instance / "logs" / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(  # noqa: S603 - our own commands
                self._command(name), cwd=ROOT, env=self._environ(), stdout=log, stderr=log, start_new_session=True
            )

    def _end(self, names: Iterable[str]) -> None:
        ending = [self._running.pop(name) for name in names]
        for process in ending:
            process.send_signal(signal.SIGTERM)
        for process in ending:
            with suppress(subprocess.TimeoutExpired):
                process.wait(15)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def flask(self, *arguments: str, exit_code: int = 0) -> "subprocess.CompletedProcess[str]":
        """Runs `flask --app app …` as a person would beside the running demo."""
        command = (sys.executable, "-m", "flask", "--app", "app", *arguments)
        done = subprocess.run(command, cwd=ROOT, env=self._environ(), capture_output=True, text=True, check=False)  # noqa: S603 - our own commands
        assert done.returncode == exit_code, f"{' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def ledger(self) -> list[dict[str, Any]]:
        """Returns the rows of `ledger export` without the wait for a command."""
        database = Database(f"sqlite:///{self.instance / 'membership.db'}")
        try:
            with database.session() as session:
                return list(export_rows(session))
        finally:
            database.close()

    def letters(self, to: str, about: str = "") -> list[Mail]:
        """Returns the letters to an address whose subject holds `about`, newest first."""
        return [mail for mail in newest(self.instance / "mail") if mail.to == to and about in mail.subject]

    def await_letter(self, to: str, about: str = "", *, after: int = 0) -> Mail:
        """Waits until there are more than `after` such letters, and returns the newest."""
        until(lambda: len(self.letters(to, about)) > after, f"no letter “{about}” to {to}")
        return self.letters(to, about)[0]

    def settle(self) -> None:
        """Waits until the sandbox has delivered, and the worker has done, all that is due."""
        until(lambda: not self.ask(self.sandbox_port, "POST", "/_sandbox/deliveries/flush")["waiting"], "undelivered")
        until(lambda: self._waits() == (None, None), "the worker has not done all that is due")

    def ask(self, port: int, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        """Sends one request with JSON and returns the JSON that is answered."""
        connection = HTTPConnection(ADDRESS, port, timeout=30)
        try:
            headers = {"Content-Type": "application/json", "Accept": "application/json"}
            connection.request(method, path, json.dumps(body or {}).encode(), headers)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def tracebacks(self) -> list[str]:
        """Returns the lines of logs that tell of an error that nobody caught, and what was said after them."""
        logs = {log.name: log.read_text("utf-8", errors="replace") for log in (self.instance / "logs").glob("*.log")}
        return [f"{name}: {said[said.index('Traceback') :]}" for name, said in logs.items() if "Traceback" in said]

    def _is_there(self, name: str, port: int, path: str) -> bool:
        log = self.instance / "logs" / f"{name}.log"
        assert self._running[name].poll() is None, log.read_text("utf-8")[-2000:]
        return answers(port, path)

    def _waits(self) -> tuple[float | None, float | None]:
        found = self.ask(self.port, "GET", "/readyz")
        effects = found["oldest_side_effect_seconds"]
        # What is due later waits for its time and not for the worker.
        return found["oldest_event_seconds"], None if effects == 0 else effects

    def _command(self, name: str) -> tuple[str, ...]:
        files = ("--state", str(self.instance / "sandbox.db"), "--clock", str(self.instance / "clock"))
        sandbox = ("-m", "membership.stripe_sandbox", "--port", str(self.sandbox_port), "--app-url", self.base_url)
        commands: Mapping[str, tuple[str, ...]] = {
            "sandbox": (*sandbox, *files),
            "app": ("app.py",),
            "worker": ("-m", "flask", "--app", "app", "worker"),
        }
        return (sys.executable, *commands[name])

    def _environ(self) -> dict[str, str]:
        return surroundings(
            {
                f"{PREFIX}MODE": "demo",
                f"{PREFIX}INSTANCE": str(self.instance),
                f"{PREFIX}BASE_URL": self.base_url,
                f"{PREFIX}STRIPE_API_BASE": self.sandbox_url,
            }
        )


def load(instance: Path) -> Demo:
    """Makes a demo as `make run` makes it, until it says that all is there, and ends it."""
    demo = Demo(*free_ports(), instance)
    ports = {"PORT": str(demo.port), "SANDBOX_PORT": str(demo.sandbox_port), f"{PREFIX}INSTANCE": str(instance)}
    said = instance.with_suffix(".out")
    with said.open("wb") as out:
        command = (sys.executable, "-m", "membership.supervising")
        process = subprocess.Popen(command, cwd=ROOT, env=surroundings(ports), stdout=out, stderr=out)  # noqa: S603 - our own command
    try:
        until(
            lambda: process.poll() is not None or LOADED in said.read_text("utf-8"),
            "the demo does not start",
            seconds=YEAR_SECONDS,
        )
        assert process.poll() is None, said.read_text("utf-8")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    return demo


@contextmanager
def running(loaded: Demo, instance: Path) -> Iterator[Demo]:
    """Runs a copy of a loaded demo on the same ports, which its webhook's address names."""
    shutil.copytree(loaded.instance, instance)
    demo = Demo(loaded.port, loaded.sandbox_port, instance)
    try:
        demo.start()
        yield demo
    finally:
        demo.stop()


def surroundings(ours: Mapping[str, str]) -> dict[str, str]:
    """Returns the environment for a process of the demo; nothing that this machine sets for another one is in it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    # All who give in a journey share one network.
    return {**kept, f"{PREFIX}ATTEMPTS_AN_HOUR": WITHOUT_BRAKE, **ours}


def free_ports() -> tuple[int, int]:
    """Finds two ports that nobody listens on, below those that systems give to outgoing connections."""
    found = [port for port in random.sample(range(20_000, 30_000), 50) if is_free(ADDRESS, port)]
    return found[0], found[1]


def until(is_so: Callable[[], object], otherwise: str, *, seconds: float = PATIENCE_SECONDS) -> None:
    """Looks again and again until something is so; fails with what is wrong otherwise."""
    deadline, pause = time.monotonic() + seconds, Event()
    while not is_so():
        assert time.monotonic() < deadline, f"after {seconds} seconds: {otherwise}"
        pause.wait(0.1)
