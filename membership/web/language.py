"""The language of pages: the newsroom's own. Accept-Language never changes a public page."""

from functools import lru_cache
from gettext import NullTranslations

from flask import Flask, g, has_request_context
from flask_babel import Babel, get_domain
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

from membership.settings import ROOT
from membership.web.current import default_language


def init_app(app: Flask) -> None:
    """Installs gettext in code and templates."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(ROOT / "translations")
    Babel(app, locale_selector=default_language)
    app.jinja_env.globals.update(_=_gettext, gettext=_gettext, ngettext=_ngettext)


# A page has thirty strings and one language: Babel would look the language up for each, and Jinja mark each up anew.
@pass_eval_context
def _gettext(context: EvalContext, text: str, **variables: object) -> str:
    """As Jinja's new style: always a format string, and safe where the template escapes."""
    if context.autoescape:
        safe = _marked_up(_translations(), text)
        return safe % variables if "%" in safe else safe
    return str(_translations().gettext(text)) % variables


@pass_eval_context
def _ngettext(context: EvalContext, one: str, many: str, count: int, **variables: object) -> str:
    text = str(_translations().ngettext(one, many, count))
    return (Markup(text) if context.autoescape else text) % {"num": count, **variables}  # noqa: S704 - ours, as in Jinja


@lru_cache(maxsize=4096)
def _marked_up(translations: NullTranslations, text: str) -> Markup:
    return Markup(translations.gettext(text))  # noqa: S704 - ours, as in Jinja: what is filled in gets escaped


def _translations() -> NullTranslations:
    if not has_request_context():
        # A letter is written in its reader's language, and one worker writes many.
        found: NullTranslations = get_domain().get_translations()
        return found
    kept: NullTranslations | None = g.get("translations")
    if kept is None:
        kept = g.translations = get_domain().get_translations()
    return kept
