"""Installs pinned and hashed requirements into the environment it runs in: by uv, which is quick, or else by pip.

uv does not read pip's configuration, by which a machine may reach its package index; it is handed over here.
"""

import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")
# What uv calls pip's settings. Several values stand one a line in both.
NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
}


def main(wanted: str) -> None:
    """Installs `requirements/<wanted>.txt` and compiles it and our own code."""
    pins = str(FOLDER / f"{wanted}.txt")
    _run(*PIP, "install", "-qq", "--require-hashes", "-r", str(FOLDER / "uv.txt"))
    uv = (
        sys.executable,
        "-m",
        "uv",
        "pip",
        "install",
        "--quiet",
        "--require-hashes",
        "--python",
        sys.executable,
        "-r",
        pins,
    )
    if subprocess.run(uv, env={**os.environ, **_uv_settings()}, check=False).returncode:
        print("uv did not succeed; pip tries the same, more slowly.", flush=True)
        _run(*PIP, "install", "-qq", "--require-hashes", "-r", pins)
    # Even where PYTHONDONTWRITEBYTECODE is set: without bytecode every start takes three times as long.
    packages = [path for path in map(Path, sys.path) if path.name == "site-packages"]
    _run(sys.executable, "-m", "compileall", "-q", "-j", "0", *map(str, packages), "app.py", "membership", "migrations")


def _uv_settings() -> dict[str, str]:
    listed = subprocess.run((*PIP, "config", "list"), capture_output=True, text=True, check=False).stdout
    settings = {
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_NO_PROGRESS": "1",
        "UV_SYSTEM_CERTS": "1",
        # All indexes are equally good: what they give must have the pinned hash.
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        name = NAMES.get(key.rpartition(".")[2])
        if name and name not in os.environ:
            settings[name] = " ".join(value.strip("'").replace("\\n", " ").split())
    return settings


def _run(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(done.returncode)


if __name__ == "__main__":
    main(sys.argv[1])
