"""The page on which one gives, as it is first seen."""

from tests.money import World


def test_the_page_offers_ascending_amounts_and_the_honest_year(newsroom: World) -> None:
    page = newsroom.browser().get("/support").text
    assert "€60 a year" in page
    assert "THE LONG BRIDGE" in page
    assert "Lamplighter" in page


def test_each_currency_and_cadence_has_its_own_amounts(newsroom: World) -> None:
    page = newsroom.browser().get("/support?currency=JPY&cadence=once").text
    assert "¥" in page
    assert "a year" not in page.partition("What a patron gets")[0]


def test_an_amount_in_the_link_is_chosen(newsroom: World) -> None:
    assert 'value="7"' in newsroom.browser().get("/support?amount=7&cadence=month&currency=EUR").text


def test_nonsense_in_the_link_falls_to_the_defaults(newsroom: World) -> None:
    answer = newsroom.browser().get("/support?currency=<script>&cadence=x&amount=<b>&article=../etc")
    assert answer.status_code == 200
    assert "<b>" not in answer.text.partition("<main")[2].partition("amounts")[0]


def test_the_page_holds_a_token_and_is_kept_nowhere(newsroom: World) -> None:
    answer = newsroom.browser().get("/support")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers


def test_other_ways_are_public(newsroom: World) -> None:
    answer = newsroom.browser().get("/support/other-ways")
    assert "IBAN" in answer.text
    assert "paypal.com" in answer.text
    assert answer.headers["Cache-Control"].startswith("public")
