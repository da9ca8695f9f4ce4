"""Turns the Markdown of an article into the HTML that is kept: sanitised once, when it is written."""

import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote, urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from membership.articles.front_matter import BrokenArticle, Problem, writable
from membership.articles.pictures import NAME, BadPicture, Picture

_MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])

# No h1: the article's own stays the only one. No class, style or id: the page's look and scripts are ours.
_BLOCKS = {
    "blockquote",
    "dd",
    "details",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "summary",
    "ul",
}
_HEADINGS = {"h2", "h3", "h4", "h5", "h6"}
_TABLES = {"table", "tbody", "td", "th", "thead", "tr"}
_INLINE = {"a", "abbr", "b", "br", "cite", "code", "del", "em", "i", "img", "ins", "kbd", "mark", "q", "s"}
_INLINE |= {"small", "strong", "sub", "sup", "u"}
_ATTRIBUTES = {
    "*": {"dir", "lang", "title"},
    "a": {"href"},
    "img": {"alt", "height", "loading", "src", "width"},
    "ol": {"reversed", "start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
_SCHEMES = {"http", "https", "mailto"}

# nh3 writes attributes in double quotes, and never a bare `<` in text.
_IMAGE = re.compile(r'<img(?P<attributes>(?:\s+[a-z-]+="[^"]*")*)\s*/?>')
_SOURCE = re.compile(r'\ssrc="/media/(?P<name>[^"]*)"')


def render(body: str, *, copy: Callable[[str], Picture], first_line: int) -> str:
    """Renders and sanitises Markdown; `copy` brings a picture that stands beside the file into the store.

    Pictures of other sites are left out, because no reader's browser may be sent to a third party.
    Raises `BrokenArticle` with the line of each picture that cannot be copied; `first_line` is the body's own.
    """
    tokens = _MARKDOWN.parse(body)
    _shift_headings(tokens)
    problems = list(_place_pictures(tokens, copy, first_line))
    if problems:
        raise BrokenArticle(*problems)
    return sanitise(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))


def sanitise(html: str) -> str:
    """Returns only what an article may contain."""
    clean = nh3.clean(
        html,
        tags=_BLOCKS | _HEADINGS | _TABLES | _INLINE,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel="noopener",
    )
    return _IMAGE.sub(_only_ours, writable(clean))


def _shift_headings(tokens: list[Token]) -> None:
    """Moves all headings by so much that the highest of them becomes an h2."""
    headings = [token for token in tokens if token.type in ("heading_open", "heading_close")]
    step = 2 - min((int(token.tag[1]) for token in headings), default=2)
    for token in headings:
        token.tag = f"h{min(6, int(token.tag[1]) + step)}"


def _place_pictures(tokens: list[Token], copy: Callable[[str], Picture], first_line: int) -> Iterator[Problem]:
    for block in tokens:
        for token in block.children or ():
            if token.type != "image":
                continue
            source = unquote(str(token.attrs["src"]))
            try:
                _place(token, source, copy)
            except BadPicture as bad:
                yield Problem(first_line + (block.map[0] if block.map else 0), f"picture {source!r} {bad}")


def _place(token: Token, source: str, copy: Callable[[str], Picture]) -> None:
    if _is_elsewhere(source):
        token.type, token.tag, token.children = "text", "", None
        return
    picture = copy(source)
    token.attrs |= {"src": picture.url, "width": picture.width, "height": picture.height, "loading": "lazy"}


def _is_elsewhere(source: str) -> bool:
    try:
        parts = urlsplit(source)
    except ValueError:
        return True
    return bool(parts.scheme or parts.netloc)


def _only_ours(image: re.Match[str]) -> str:
    source = _SOURCE.search(image["attributes"])
    return image[0] if source and NAME.fullmatch(source["name"]) else ""
