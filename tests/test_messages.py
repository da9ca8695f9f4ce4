"""Every string for people can be found for translation: in code, in templates, and in refusals."""

from functools import cache

from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir

from membership import errors
from membership.money import BadAmount
from membership.settings import ROOT

# A refusal's first argument is the sentence; whoever extracts names these beside gettext's own (CONTRIBUTING.md).
REFUSALS = [name for name, thing in vars(errors).items() if isinstance(thing, type)] + [BadAmount.__name__]


# As in translations/babel.cfg, which is for pybabel.
METHODS = [("membership/**.py", "python"), ("templates/**", "jinja2")]
OPTIONS = {"templates/**": {"encoding": "utf-8", "trimmed": "true"}}


@cache
def messages() -> frozenset[str]:
    keywords = {**DEFAULT_KEYWORDS, "lazy_gettext": None, **dict.fromkeys(REFUSALS)}
    found = extract_from_dir(ROOT, METHODS, OPTIONS, keywords)
    pairs = (message if isinstance(message, tuple) else (message,) for _file, _line, message, *_ in found)
    return frozenset(text for pair in pairs for text in pair)


def test_sentences_of_pages_are_found() -> None:
    assert "Support us" in messages()
    assert "Open until %(time)s." in messages()


def test_sentences_of_letters_are_found() -> None:
    assert "Thank you: %(amount)s has arrived." in messages()


def test_sentences_of_refusals_are_found() -> None:
    assert "The smallest amount we can take is %(floor)s." in messages()
    assert "%(currency)s has no decimals. Write a whole amount." in messages()
    assert "This link was made for an address that is not in use any more." in messages()


def test_titles_of_errors_are_found() -> None:
    assert "There is nothing here" in messages()
