"""Nobody is sent to another site after signing in."""

import pytest

from membership.accounts.next_path import safe_next


@pytest.mark.parametrize("path", ["/account", "/rounds/winter/ballot?topic=a%2Fb&x=1", "/", "/sections/війна"])
def test_a_path_of_this_site_is_kept(path: str) -> None:
    assert safe_next(path) == path


@pytest.mark.parametrize(
    "text",
    [
        "",
        "account",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/.//evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        " /account",
        "/account\r\nSet-Cookie: a=b",
        "/acc\x00ount",
        "/a\u2028b",
        "https://evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "http://localhost:8000/account",
        "/" + "a" * 500,
    ],
)
def test_everything_else_is_dropped(text: str) -> None:
    assert safe_next(text) == ""
