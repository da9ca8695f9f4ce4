"""Markdown becomes HTML that can do no harm and asks no third party for anything."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from membership.articles.front_matter import BrokenArticle
from membership.articles.pictures import BadPicture, Picture
from membership.articles.rendering import render

OURS = "/media/" + "a" * 64 + ".png"


def drawn(reference: str) -> Picture:
    if reference != "mast.png":
        raise BadPicture("was not found")
    return Picture(OURS, 40, 30)


def html(body: str) -> str:
    return render(body, copy=drawn, first_line=10)


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<scr<script>ipt>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)><script>alert(1)</script></svg>",
        "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "[x](vbscript:x)",
        '<a href="java\tscript:alert(1)">x</a>',
        '<a href="https://example.org" onclick="alert(1)" style="position:fixed" class="button" id="appeal">x</a>',
        "<iframe src=https://example.org></iframe>",
        "<object data=x></object><embed src=x>",
        "<form action=https://example.org><input name=card><button>Pay</button></form>",
        "<link rel=stylesheet href=https://example.org/x.css><style>*{display:none}</style>",
        "<meta http-equiv=refresh content='0;url=https://example.org'>",
        "<base href=https://example.org>",
        "<video src=https://example.org/v.mp4 autoplay></video><audio src=x></audio>",
        "<p style='background:url(https://example.org/x)'>x</p>",
        "<h1>Another headline</h1>",
        "![x](https://example.org/tracker.gif)",
        "![x](//example.org/tracker.gif)",
        "![x](data:image/png;base64,AAAA)",
        '<img src="https://example.org/tracker.gif" alt="a > b">',
        f'<img src="{OURS}x">',
        "<img srcset='https://example.org/x.png 2x'>",
        "<!-- a comment <script>alert(1)</script> -->",
    ],
)
def test_what_could_harm_is_gone(attack: str) -> None:
    assert_harmless(html(f"Before.\n\n{attack}\n\nAfter."))


@given(st.text(alphabet="<>\"'=/![]()#*_`&; \njavscriptonerhmgx:", max_size=200))
def test_whatever_is_written_stays_harmless(body: str) -> None:
    assert_harmless(render(body, copy=lambda _: Picture(OURS, 40, 30), first_line=1))


def assert_harmless(made: str) -> None:
    tags = re.findall(r"<[^>]*>", made)
    assert not [tag for tag in tags if re.match(r"</?(script|iframe|svg|math|form|input|link|style|h1|meta|base)", tag)]
    assert not re.search(r"<[^>]*\s(on\w+|style|class|id|srcset)=", made)
    assert not re.search(r'(href|src)="\s*(javascript|data|vbscript):', made, re.IGNORECASE)
    assert all(re.search(r'src="/media/[0-9a-f]{64}\.(png|jpg|webp)"', tag) for tag in tags if tag.startswith("<img"))


def test_ordinary_markdown_is_kept() -> None:
    made = html("A *b* **c** ~~d~~ [e](/articles/f).\n\n- g\n\n> h\n\n| i | j |\n|---|--:|\n| 1 | 2 |\n\n---\n\n    k")
    for part in ("<em>b</em>", "<strong>c</strong>", "<s>d</s>", "<li>g</li>", "<blockquote>", "<td>2</td>", "<hr>"):
        assert part in made
    assert '<a href="/articles/f" rel="noopener">e</a>' in made
    assert "<pre><code>k" in made


@pytest.mark.parametrize(
    ("body", "headings"),
    [
        ("# a\n\n## b\n\n###### c", ["h2", "h3", "h6"]),
        ("## a\n\n### b", ["h2", "h3"]),
        ("### a\n\n#### b", ["h2", "h3"]),
        ("a\n=\n\nb\n-", ["h2", "h3"]),
    ],
)
def test_headings_begin_beneath_the_headline(body: str, headings: list[str]) -> None:
    assert re.findall(r"<(h\d)>", html(body)) == headings


def test_a_picture_beside_the_file_is_shown_from_our_store() -> None:
    made = html('![A “mast”, *tall*](mast.png "Title")')
    assert f'src="{OURS}"' in made
    assert 'alt="A “mast”, tall"' in made
    assert 'width="40"' in made
    assert 'height="30"' in made


def test_a_picture_of_another_site_leaves_its_words() -> None:
    assert html("![A mast](https://example.org/x.png)") == "<p>A mast</p>\n"


def test_a_picture_that_is_missing_is_told_with_its_line() -> None:
    with pytest.raises(BrokenArticle) as caught:
        html("One.\n\nTwo.\n\n![x](gone.png)")
    assert [(each.line, each.what) for each in caught.value.problems] == [(14, "picture 'gone.png' was not found")]


def test_a_character_that_xml_cannot_carry_is_left_out() -> None:
    assert html("a&#12;b <i>c</i>") == "<p>ab <i>c</i></p>\n"
