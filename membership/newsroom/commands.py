"""Commands about the newsroom's own words."""

import tomllib
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from membership.db import current_session, transaction
from membership.newsroom.toml import TomlError

group = AppGroup("newsroom", help="The newsroom's own words and choices.")

Load = Callable[..., None]


@group.command("load")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def load_command(path: Path) -> None:
    """Loads newsroom.toml: every table, or none if one of them is wrong."""
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
        with transaction(current_session()) as session:
            load_tables(session, tables, current_app.extensions["loaders"], now=current_app.extensions["clock"].now())
    except (TomlError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{path} was not loaded.\n{error}") from error
    click.echo(f"Loaded {', '.join(f'[{name}]' for name in tables)} from {path}.")


def load_tables(session: Session, tables: Mapping[str, Any], loaders: Mapping[str, Load], *, now: datetime) -> None:
    """Gives each table to the package that knows it; raises `TomlError` with the problems of all of them."""
    problems = [f"[{name}] is no table that anything reads" for name in tables if name not in loaders]
    for name, load in loaders.items():
        if name in tables:
            try:
                load(session, tables[name], now=now)
            except TomlError as error:
                problems.append(str(error))
    if problems:
        raise TomlError("\n".join(problems))
