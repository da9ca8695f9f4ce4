"""The thanks page of somebody else: whoever has its address learns nothing about a person."""

import pytest

from tests.behaviours.acts import console, pays, pledged, reference_of, signed_in
from tests.money import World

DONOR = "olena.bondar@example.org"
NAME = "Olena Bondar"


@pytest.mark.parametrize("cadence", ["once", "month"])
def test_a_stranger_on_a_thanks_page_learns_no_name_and_no_address(newsroom: World, cadence: str) -> None:
    checkout = newsroom.give(newsroom.browser(), cadence=cadence, email=DONOR).location
    assert pays(newsroom, checkout, card_name=NAME).status == 303
    newsroom.settle()
    page = newsroom.browser().get(f"/support/thanks/{reference_of(newsroom)}")
    assert "Received: €5.00" in page.text
    for personal in (DONOR, NAME, "olena", "Olena", "bondar", "4242", "/account/receipts/"):
        assert personal not in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_a_patron_on_anothers_thanks_page_sees_the_page_and_gets_nothing_of_it(newsroom: World) -> None:
    thanks = newsroom.give_and_pay(newsroom.browser(), email=DONOR)
    newsroom.settle()
    pledged(newsroom)
    patron = signed_in(newsroom)
    assert DONOR not in patron.get(thanks).text
    account = patron.get("/account").text
    assert account.count("/account/receipts/") == 1
    assert "Donation" not in account


def test_a_debit_on_its_way_shows_a_stranger_only_the_masked_address(newsroom: World) -> None:
    console(newsroom, "settings", {"payment_methods": ["card", "sepa_debit"]})
    checkout = newsroom.give(newsroom.browser(), email=DONOR).location
    paid = pays(newsroom, checkout, way="sepa_debit", iban="DE08370400440532013003", account_name=NAME)
    assert paid.status == 303
    page = newsroom.browser().get(f"/support/thanks/{reference_of(newsroom)}").text
    assert "On its way" in page
    assert DONOR not in page
    assert NAME not in page
    assert "o…r@example.org" in page


def test_a_reference_that_nearly_fits_is_nothing(newsroom: World) -> None:
    newsroom.give_and_pay(newsroom.browser(), email=DONOR)
    reference = reference_of(newsroom)
    for near in (reference[:-1], reference.upper(), f"{reference}0", f"{reference[:-1]}x"):
        assert newsroom.browser().get(f"/support/thanks/{near}").status_code == 404
