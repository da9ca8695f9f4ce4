"""The load: wrk with 16 connections for a few seconds, and what it counted."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.processes import Failed

THREADS = 1
CONNECTIONS = 16
SCRIPTS = Path(__file__).parent

_RATE = re.compile(r"Requests/sec:\s+([0-9.]+)")
_ANSWERS = re.compile(r"(\d+) requests in")
_BAD = re.compile(r"(?:Non-2xx or 3xx responses|Socket errors):.*")


@dataclass(frozen=True)
class Counted:
    """Answers in a second, and all answers that wrk saw, each of them 2xx or 3xx."""

    rate: float
    answers: int


def is_there() -> bool:
    """Says whether wrk is installed."""
    return shutil.which("wrk") is not None


def load(url: str, *, seconds: int, script: str | None = None, words: tuple[str, ...] = ()) -> Counted:
    """Loads `url`; `script` is a file of this folder, and `words` are what it is told. Raises `Failed` on any error."""
    command = ["wrk", f"-t{THREADS}", f"-c{CONNECTIONS}", f"-d{seconds}s"]
    command += ["-s", str(SCRIPTS / script)] if script else []
    done = subprocess.run([*command, url, "--", *words], capture_output=True, text=True, check=False)  # noqa: S603 - a fixed command
    rate, answers = _RATE.search(done.stdout), _ANSWERS.search(done.stdout)
    bad = _BAD.search(done.stdout)
    if done.returncode or bad or not rate or not answers:
        raise Failed(f"wrk at {url}: {bad[0] if bad else (done.stderr or done.stdout)[-500:]}")
    return Counted(float(rate[1]), int(answers[1]))
