"""The language of pages: the newsroom's own. Accept-Language never changes a public page."""

from typing import Any

from flask import Flask, g, has_request_context
from flask_babel import Babel, get_domain

from membership.settings import ROOT
from membership.web.current import default_language


def init_app(app: Flask) -> None:
    """Installs gettext in code and templates."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(ROOT / "translations")
    Babel(app, locale_selector=default_language)
    app.jinja_env.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]  # of jinja2.ext.i18n, which Babel has added


# Babel looks its translations up for every string; a page has thirty, and one language.
def _gettext(text: str) -> str:
    return str(_translations().ugettext(text))


def _ngettext(one: str, many: str, count: int) -> str:
    return str(_translations().ungettext(one, many, count))


def _translations() -> Any:
    if not has_request_context():
        # A letter is written in its reader's language, and one worker writes many.
        return get_domain().get_translations()
    if "translations" not in g:
        g.translations = get_domain().get_translations()
    return g.translations
