"""The hosted pages speak German, French, Ukrainian and English."""

import re
from pathlib import Path

import pytest
from stripe import StripeClient, Subscription

from membership.stripe_sandbox.payments import checkout_form, declines
from membership.stripe_sandbox.payments.declines import Decline
from membership.stripe_sandbox.payments.hosted_words import LANGUAGES, WORDS
from tests.stripe_sandbox.steps import CARD, DECLINED, Browser, donation, pledge

SANDBOX = Path(checkout_form.__file__).parents[1]
SAID = re.compile(r"""\bsay\(\s*"([^"]+)\"""")
VALUE = re.compile(r"{\w+}")


def path_of(address: str | None, browser: Browser) -> str:
    return str(address).removeprefix(browser.url)


def shown(browser: Browser, address: str | None, **headers: str) -> str:
    return browser.get(path_of(address, browser), **headers).text


@pytest.mark.parametrize(
    ("locale", "language", "button"),
    [
        ("de", "de", "€5.00 spenden"),
        ("fr", "fr", "Donner €5.00"),
        ("fr-CA", "fr", "Donner €5.00"),
        ("en-GB", "en", "Donate €5.00"),
        ("pl", "en", "Donate €5.00"),
        ("auto", "en", "Donate €5.00"),
    ],
)
def test_checkout_speaks_the_sessions_language(
    client: StripeClient, browser: Browser, locale: str, language: str, button: str
) -> None:
    page = shown(browser, donation(client, locale=locale).url)
    assert f'<html lang="{language}">' in page
    assert f">{button}</button>" in page


def test_without_a_locale_the_browsers_language_counts(client: StripeClient, browser: Browser) -> None:
    page = shown(browser, donation(client).url, **{"Accept-Language": "uk-UA, de;q=0.5"})
    assert '<html lang="uk">' in page
    assert ">Пожертвувати €5.00</button>" in page
    assert '<html lang="en">' in shown(browser, donation(client).url, **{"Accept-Language": "ja"})
    chosen = donation(client, locale="de")
    assert '<html lang="de">' in shown(browser, chosen.url, **{"Accept-Language": "uk"})


def test_a_rhythm_a_mistake_and_a_refusal_are_told_in_that_language(client: StripeClient, browser: Browser) -> None:
    session = pledge(client, locale="de")
    assert ">€5.00 jeden Monat abonnieren</button>" in shown(browser, session.url)
    assert "Geben Sie eine E-Mail-Adresse ein" in browser.pay(session, email="").text
    refused = browser.pay(session, DECLINED).text
    assert "Ihre Karte wurde abgelehnt. Es wurde nichts abgebucht." in refused
    client.v1.checkout.sessions.expire(session.id)
    assert "Diese Zahlungsseite ist abgelaufen." in shown(browser, session.url)


def test_the_bank_asks_in_that_language(client: StripeClient, browser: Browser) -> None:
    answer = browser.pay(donation(client, locale="fr"), "4000002500003155")
    page = browser.get(answer.location).text
    assert "Est-ce bien vous qui payez €5.00 ?" in page
    assert "Appuyez sur l’un des deux boutons." in browser.post(answer.location, {"answer": "perhaps"}).text


def test_the_portal_speaks_the_sessions_language(
    client: StripeClient, browser: Browser, subscription: Subscription
) -> None:
    given = {"customer": str(subscription.customer), "locale": "de", "return_url": "http://localhost/"}
    session = client.v1.billing_portal.sessions.create(given)  # type: ignore[arg-type]
    page = shown(browser, session.url)
    assert '<html lang="de">' in page
    for words in ("Nächste Abbuchung am", "Visa mit den Endziffern 4242", "jeden Monat", "bezahlt", ">Zurück</a>"):
        assert words in page
    card = f"{path_of(session.url, browser)}/card"
    assert "Eine andere Karte verwenden" in browser.get(card).text
    assert "Geben Sie eine Kartennummer ein." in browser.post(card, {"card_number": ""} | CARD).text


def test_every_word_of_the_pages_stands_in_the_table() -> None:
    sources = [*SANDBOX.glob("pages/*.html"), *SANDBOX.glob("payments/*.py"), *SANDBOX.glob("billing/*.py")]
    said = {words for source in sources for words in SAID.findall(source.read_text(encoding="utf-8"))}
    said |= {each.message for each in vars(declines).values() if isinstance(each, Decline)}
    form = Path(checkout_form.__file__).read_text(encoding="utf-8")
    said |= set(re.findall(r"""(?:= |: )"((?:Enter|This) [^"]+)\"""", form))
    assert len(said) > 60
    assert said - WORDS.keys() == set()


@pytest.mark.parametrize("words", WORDS)
def test_the_values_of_a_sentence_are_the_same_in_each_language(words: str) -> None:
    assert WORDS[words].keys() == set(LANGUAGES)
    assert {frozenset(VALUE.findall(said)) for said in WORDS[words].values()} == {frozenset(VALUE.findall(words))}
    assert all(WORDS[words].values())
