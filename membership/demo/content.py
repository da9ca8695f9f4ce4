"""What the demo newsroom consists of: files beside this one, read as they are."""

import tomllib
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
ARTICLES = FOLDER / "articles"
# Articles that name a topic, which patrons must have chosen first.
ANSWERS = FOLDER / "answers"

EDITOR = "editor@example.org"
FINANCE = "finance@example.org"
# The number that tells the story of the year which lies behind the newsroom.
YEAR = 7
STAFF = ((EDITOR, "editor"), (FINANCE, "finance"))


def newsroom() -> dict[str, Any]:
    """Reads the newsroom's words."""
    return _read("newsroom.toml")


def topics() -> dict[str, Any]:
    """Reads what is voted on: `topics`, three `rounds` of which the last is open, and what happened `later`."""
    return _read("topics.toml")


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / name).read_text("utf-8"))
