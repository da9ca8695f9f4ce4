"""Pins what pyproject.toml asks for, with hashes, for every platform and Python that we support."""

import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
PYTHON = "3.11"
COMMON = ("--universal", "--python-version", PYTHON, "--generate-hashes", "--no-header", "--no-annotate", "--quiet")
NO_PLACES = ("--no-emit-index-url", "--no-emit-find-links")


def main() -> None:
    """Writes run.txt, pdf.txt (the extra), dev.txt (all of both, and what tests need) and uv.txt."""
    run = ("--constraints", str(FOLDER / "run.txt"))
    _compile("run.txt", "pyproject.toml")
    _compile("pdf.txt", "pyproject.toml", "--extra", "pdf", *run)
    _compile("dev.txt", "pyproject.toml", "--extra", "pdf", "--group", "dev", *run)
    _compile("uv.txt", "--group", "install", "--constraints", str(FOLDER / "dev.txt"))


def _compile(name: str, *sources: str) -> None:
    command = (sys.executable, "-m", "uv", "pip", "compile", *sources, *COMMON, *NO_PLACES, "--output-file")
    environ = {**os.environ, "UV_SYSTEM_CERTS": "1", "UV_PYTHON_DOWNLOADS": "never"}
    done = subprocess.run((*command, str(FOLDER / name)), cwd=FOLDER.parent, env=environ, check=False)
    if done.returncode:
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
