"""The language of pages: the newsroom's own. Accept-Language never changes a public page."""

from flask import Flask
from flask_babel import Babel

from membership.settings import ROOT
from membership.web.current import default_language


def init_app(app: Flask) -> None:
    """Installs gettext in code and templates."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(ROOT / "translations")
    Babel(app, locale_selector=default_language)
