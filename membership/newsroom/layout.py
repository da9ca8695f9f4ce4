"""What stands around every page: the newsroom's name, its navigation and its foot."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, render_template
from markupsafe import Markup
from sqlalchemy.orm import Session

from membership.newsroom.remembered import Remembered
from membership.newsroom.words import current_newsroom


def init_app(app: Flask, *, mode: str, navigation: Mapping[str, Callable[[], Any]]) -> None:
    """Gives every template what frames of pages and letters need; `navigation` reads what the masthead lists."""

    def masthead(_session: Session, here: str) -> Markup:
        listed = {name: read() for name, read in navigation.items()}
        return Markup(render_template("web/_masthead.html", here=here, **listed))  # noqa: S704 - rendered

    def foot(_session: Session) -> Markup:
        return Markup(render_template("web/_foot.html"))  # noqa: S704 - rendered

    # The same on all pages: a third of what a page costs to render.
    parts = {"masthead": Remembered(masthead), "foot": Remembered(foot)}

    def context() -> dict[str, Any]:
        # The colour is in the address, so that the stylesheet may be kept for a year.
        newsroom = current_newsroom()
        return {"newsroom": newsroom, "mode": mode, "theme_url": f"/theme.css?v={newsroom.accent[1:]}", **parts}

    app.context_processor(context)
