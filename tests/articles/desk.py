"""An editor's desk for tests: writes files of articles and imports them."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from PIL import Image
from sqlalchemy.orm import Session

from membership.articles.importing import Report, import_paths


def write(
    folder: Path, name: str = "bridge", *, body: str = "The bridge stands.", front: Iterable[str] = (), **fields: str
) -> Path:
    """Writes an article that was published long ago, unless its fields say otherwise."""
    values = {"title": "The bridge", "published": "2026-11-01T08:00:00+02:00", **fields}
    lines = [f"{key}: {value}" for key, value in values.items() if value]
    path = folder / f"{name}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["---", *lines, *front, "---", "", body, ""]), "utf-8")
    return path


def draw(path: Path, *, size: tuple[int, int] = (40, 30)) -> Path:
    """Draws a picture in the format of its ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (20, 90, 110)).save(path)
    return path


def bring_in(session: Session, *paths: Path, media: Path, now: datetime) -> Report:
    """Imports files or folders."""
    return import_paths(session, paths, media=media, language="en", now=now)


def bring_in_well(session: Session, *paths: Path, media: Path, now: datetime) -> None:
    """Imports files that must not be broken."""
    report = bring_in(session, *paths, media=media, now=now)
    assert report.faults == []
