"""Imports files of articles: each in a transaction of its own, so that one broken file stops no other."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from membership.articles.front_matter import BrokenArticle, Manuscript, Problem, read
from membership.articles.outcomes import publish_topics, why_not
from membership.articles.pictures import BadPicture, Picture, Shelf
from membership.articles.rendering import render
from membership.articles.versions import Outcome, Prepared, keep
from membership.db import transaction

ENDING = ".md"


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with one file."""

    path: Path
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


@dataclass
class Report:
    """What became of the files of one import. A file that brought a warning was imported."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)

    @property
    def broken(self) -> int:
        """How many files were not imported."""
        return len({fault.path for fault in self.faults})


@dataclass(frozen=True)
class Source:
    """A file to import, and the folder that was named for it."""

    path: Path
    root: Path


def import_paths(session: Session, paths: Iterable[Path], *, media: Path, language: str, now: datetime) -> Report:
    """Imports files, and all Markdown files of folders; opens one transaction per file.

    Pictures are copied to the folder `media`. Whatever is wrong stands in the report, and the rest is imported.
    """
    report = Report()
    manuscripts = dict(_read_all(_sources(paths), report))
    for source, manuscript in _without_doubles(manuscripts, report):
        try:
            prepared = _prepare(source, manuscript, media)
            with transaction(session):
                outcome = keep(session, prepared, language=language, now=now)
            report.outcomes[outcome] += 1
            if manuscript.topic is not None:
                publish_topics(session, language=language, now=now)
            report.warnings += _warnings(session, source, manuscript, language=language, now=now)
        except BrokenArticle as broken:
            report.faults += _faults(source, broken)
    return report


def _warnings(session: Session, source: Source, manuscript: Manuscript, *, language: str, now: datetime) -> list[Fault]:
    why = None if manuscript.topic is None else why_not(session, manuscript.slug, language=language, now=now)
    if why is None:
        return []
    return [Fault(source.path, manuscript.line_of("topic"), f"topic {manuscript.topic!r} {why}")]


def _sources(paths: Iterable[Path]) -> list[Source]:
    """Lists the files to import in a stable order, none twice."""
    found: dict[Path, Source] = {}
    for path in paths:
        files = sorted(path.rglob(f"*{ENDING}")) if path.is_dir() else [path]
        root = path if path.is_dir() else path.parent
        for file in files:
            found.setdefault(file.resolve(), Source(file, root.resolve()))
    return list(found.values())


def _read_all(sources: Iterable[Source], report: Report) -> Iterator[tuple[Source, Manuscript]]:
    for source in sources:
        try:
            yield source, read(source.path.read_bytes(), file_name=source.path.stem)
        except BrokenArticle as broken:
            report.faults += _faults(source, broken)
        except OSError as error:
            report.faults.append(Fault(source.path, 1, f"cannot be read: {error.strerror}"))


def _without_doubles(manuscripts: dict[Source, Manuscript], report: Report) -> Iterator[tuple[Source, Manuscript]]:
    by_slug: dict[str, list[Source]] = defaultdict(list)
    for source, manuscript in manuscripts.items():
        by_slug[manuscript.slug].append(source)
    for source, manuscript in manuscripts.items():
        others = [str(other.path) for other in by_slug[manuscript.slug] if other != source]
        if not others:
            yield source, manuscript
            continue
        what = f"slug {manuscript.slug!r} is also that of {', '.join(others)}"
        report.faults.append(Fault(source.path, manuscript.line_of("slug"), what))


def _prepare(source: Source, manuscript: Manuscript, media: Path) -> Prepared:
    shelf = Shelf(source.path.resolve().parent, source.root.parent, media)
    picture = _picture(manuscript, shelf)
    html = render(manuscript.body, copy=shelf.copy, first_line=manuscript.body_line)
    return Prepared(manuscript, html, picture)


def _picture(manuscript: Manuscript, shelf: Shelf) -> Picture | None:
    if manuscript.picture is None:
        return None
    try:
        return shelf.copy(manuscript.picture)
    except BadPicture as bad:
        line = manuscript.line_of("picture")
        raise BrokenArticle(Problem(line, f"picture {manuscript.picture!r} {bad}")) from bad


def _faults(source: Source, broken: BrokenArticle) -> list[Fault]:
    return [Fault(source.path, problem.line, problem.what) for problem in broken.problems]
