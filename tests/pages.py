"""Pages of documentation, taken apart by their headings, tables and links."""

import re
from collections.abc import Iterator
from pathlib import Path

LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")


def sections(page: Path, *, level: int | None = None) -> dict[str, str]:
    """Returns the text under each heading, up to the next heading of any level."""
    found: dict[str, str] = {}
    title = ""
    for line in page.read_text("utf-8").splitlines():
        match = re.fullmatch(r"(#{1,4}) (.+)", line)
        if match is not None:
            title = match[2] if level in (None, len(match[1])) else ""
        if title:
            found[title] = found.get(title, "") + line + "\n"
    return found


def table(page: Path, heading: str) -> list[list[str]]:
    """Returns the cells of all rows of the tables under a heading, without their heads."""
    lines = sections(page)[heading].splitlines()
    rows = [line for line in lines if line.startswith("|")]
    heads = {at for at, line in enumerate(rows) if set(line) <= set("|- ")}
    kept = [row for at, row in enumerate(rows) if at not in heads and at + 1 not in heads]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in kept]


def links(page: Path) -> Iterator[str]:
    """Yields where the links and pictures of a page lead within the repository."""
    for match in LINK.finditer(page.read_text("utf-8")):
        if not match["target"].startswith(("http://", "https://", "mailto:")):
            yield match["target"]


def leads_somewhere(page: Path, target: str) -> bool:
    """Says whether a link of a page leads to a file that is there, and to a heading in it."""
    name, _, anchor = target.partition("#")
    path = (page.parent / name).resolve() if name else page
    return path.is_file() and (not anchor or anchor in {anchor_of(each) for each in sections(path)})


def anchor_of(heading: str) -> str:
    """Spells a heading as a page of Markdown does for its links."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
