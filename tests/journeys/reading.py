"""The walk's first stretch: the front page, an article with its appeal, other ways to support."""

import re

from playwright.sync_api import expect

from tests.journeys.manuscripts import Manuscript
from tests.journeys.visitor import Visitor
from tests.journeys.walk import Walk


def finds_the_demo(walk: Walk, reader: Visitor) -> None:
    reader.go("/")
    reader.look_over(picture=walk.picture("front-1280"))
    reader.go("/articles/forty-eight-heaters")
    reader.look_over(picture=walk.picture("article-390"))


def the_articles_are_imported(walk: Walk) -> None:
    shelf = walk.shelf
    done = walk.live.flask("articles", "import", str(shelf.folder), exit_code=1)
    assert f"{shelf.broken}:{shelf.broken_line}: " in done.stderr
    assert f"{len(shelf.articles)} imported" in done.stdout
    assert "1 broken" in done.stdout


def reads_an_article(walk: Walk, reader: Visitor) -> None:
    newest = walk.shelf.articles[0]
    reader.go("/")
    expect(reader.page.locator("article").first).to_contain_text(newest.title)
    reader.look_over()
    reader.follow(newest.title)
    article_stands_whole(reader, newest)
    related = next(each for each in walk.shelf.articles if each.slug == newest.related[0])
    expect(reader.page.locator(".also")).to_contain_text(related.title)
    appeal_stands_under_it(reader)
    reader.look_over()
    reader.go(f"/articles/{walk.shelf.long.slug}")
    article_stands_whole(reader, walk.shelf.long)
    assert len(reader.page.locator(".prose").inner_text().split()) == len(walk.shelf.long.body.split())
    reader.go(f"/articles/{newest.slug}")


def article_stands_whole(reader: Visitor, article: Manuscript) -> None:
    page = reader.page
    reader.heading(article.title)
    reader.sees(article.standfirst, f"By {', '.join(article.authors)}", article.last_sentence)
    expect(page.locator(".story time").first).to_have_attribute(
        "datetime", article.published_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    )
    expect(page.locator(".story .kicker").first).to_have_text(article.section)
    picture = page.get_by_alt_text(article.picture_alt)
    assert picture.evaluate("image => image.complete && image.naturalWidth") == 960


def appeal_stands_under_it(reader: Visitor) -> None:
    appeal = reader.page.locator("#appeal")
    for text in ("You could close this page", "join us", "one cup of coffee a month (€3", "vote on what we cover next"):
        expect(appeal).to_contain_text(text)
    under = appeal.evaluate("appeal => appeal.compareDocumentPosition(document.querySelector('.also')) & 2")
    assert under, "the appeal stands after Read also"
    expect(appeal.get_by_role("link", name="Become a patron")).to_be_visible()
    reader.follow("other ways to support", within="#appeal")


def looks_at_other_ways(walk: Walk, reader: Visitor) -> None:
    page = reader.page
    reader.go(f"/articles/{walk.shelf.articles[0].slug}")
    reader.follow("other ways to support", within="#appeal")
    reader.at("/support/other-ways")
    iban = page.locator(".facts div", has_text="DE89 3704 0044 0532 0130 00")
    expect(iban).to_be_visible()
    expect(page.get_by_role("link", name="Give by PayPal")).to_have_attribute("href", re.compile("paypal"))
    expect(page.get_by_role("link", name="Send it by e-mail")).to_have_attribute("href", re.compile("^mailto:"))
    if walk.way.scripts:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        iban.get_by_role("button", name="Copy").click()
        expect(iban.get_by_role("button")).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == "DE89370400440532013000"
    else:
        expect(iban.get_by_role("button")).to_be_hidden()
    reader.look_over()
    reader.follow("Give by card")
