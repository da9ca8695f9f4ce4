"""Receipts: in the account, by the link in the letter, printed, as a PDF, with fee and credit notes, sent again."""

import re
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from membership.db import transaction
from membership.newsroom.words import current_newsroom
from membership.patrons import receipt_pdf
from membership.patrons.models import Pledge, PledgeChange
from membership.patrons.receipt_view import receipt_of_payment
from membership.payments.models import Payment, Refund
from tests.behaviours.acts import console, given, hand_over, latest, pays, pledged, signed_in
from tests.money import DAY, World


def test_a_donor_without_an_account_sees_the_receipt_by_the_link_in_the_letter(newsroom: World) -> None:
    given(newsroom)
    page = newsroom.browser().get(_linked(newsroom))
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    assert "€5.00" in page.text
    assert "donor@example.org" in page.text
    assert "Fee of the payment processor, paid by us</dt><dd>€0.33" in page.text
    assert "Set-Cookie" not in page.headers


def test_an_altered_link_shows_nothing(newsroom: World) -> None:
    given(newsroom)
    path = _linked(newsroom)
    swapped = path.swapcase().replace("/LINKS/RECEIPT/", "/links/receipt/")
    for altered in (swapped, path.replace("/receipt/", "/duplicate/")):
        page = newsroom.browser().get(altered)
        assert page.status_code == 404
        assert "€5.00" not in page.text


def test_the_fee_is_left_out_until_it_is_known(newsroom: World) -> None:
    newsroom.give_and_pay(newsroom.browser())
    # The events of the charge would have the account listed soon, and a slow machine is late.
    hand_over(newsroom, latest(newsroom, "checkout.session.completed"))
    page = newsroom.browser().get(_linked(newsroom))
    assert "€5.00" in page.text
    assert "Fee of" not in page.text


def test_a_refund_stands_on_the_receipt_with_its_own_number(newsroom: World) -> None:
    intent = given(newsroom)
    newsroom.api.v1.refunds.create({"payment_intent": intent, "amount": 200})
    newsroom.settle()
    text = newsroom.browser().get(_linked(newsroom)).text
    assert "Credit note C-2026-00001" in text
    assert "€2.00" in text
    assert "What stays given</dt><dd>€3.00" in text


def test_a_refund_bears_its_own_day_however_late_we_heard_of_it(newsroom: World) -> None:
    intent = given(newsroom)
    newsroom.api.v1.refunds.create({"payment_intent": intent, "amount": 200})
    newsroom.advance(3 * DAY)
    newsroom.settle()
    with newsroom.session() as session:
        refund = session.scalars(select(Refund)).one()
    text = newsroom.browser().get(_linked(newsroom)).text
    assert f'€2.00, <time datetime="{refund.created_at:%Y-%m-%dT%H:%M:%SZ}">' in text


def test_a_receipt_says_that_the_bank_took_the_money_back(newsroom: World) -> None:
    intent = given(newsroom)
    opened = console(newsroom, "disputes", {"payment_intent": intent})["id"]
    newsroom.settle()
    assert "took this payment back" not in newsroom.browser().get(_linked(newsroom)).text
    lost: Any = {"evidence": {"uncategorized_text": "losing_evidence"}, "submit": True}
    newsroom.api.v1.disputes.update(opened, lost)
    newsroom.advance(60)
    newsroom.settle()
    assert "The bank took this payment back." in newsroom.browser().get(_linked(newsroom)).text


def test_a_patron_has_the_receipt_sent_again_once_in_ten_minutes(newsroom: World) -> None:
    patron = _patron(newsroom)
    here = _own_receipt(patron)
    for _ in range(2):
        answer = patron.post(f"{here}/letter")
        assert (answer.status_code, answer.location) == (303, f"{here}?sent=1")
    newsroom.work()
    letters = newsroom.letters("Receipt 2")
    assert len(letters) == 2
    assert len({letter["Message-ID"] for letter in letters}) == 2
    assert "We are sending this receipt once more." in patron.get(f"{here}?sent=1").text


def test_a_donor_has_the_receipt_sent_again_by_the_link(newsroom: World) -> None:
    given(newsroom)
    path = _linked(newsroom)
    answer = newsroom.browser().post(path)
    assert (answer.status_code, answer.location) == (303, f"{path}?sent=1")
    newsroom.work()
    assert [letter["To"] for letter in newsroom.letters("Receipt 2")] == ["donor@example.org"] * 2


def test_another_persons_receipt_is_not_there(newsroom: World) -> None:
    here = _own_receipt(_patron(newsroom))
    stranger = signed_in(newsroom, "stranger@example.org")
    answers = (stranger.get(here), stranger.get(f"{here}.pdf"), stranger.post(f"{here}/letter"))
    assert [answer.status_code for answer in answers] == [404, 404, 404]


def test_a_receipt_is_a_pdf_too(newsroom: World) -> None:
    patron = _patron(newsroom)
    pdf = patron.get(f"{_own_receipt(patron)}.pdf")
    _is_pdf(pdf)
    given(newsroom)
    _is_pdf(newsroom.browser().get(f"{_linked(newsroom)}.pdf"))


def test_a_name_that_looks_like_markup_is_printed_as_it_is(newsroom: World) -> None:
    given(newsroom)
    with newsroom.session() as session:
        receipt = receipt_of_payment(session, session.scalars(select(Payment.reference)).one())
    assert receipt
    odd = replace(receipt, addressee='Łukasz #panic("x") *Żółć* $x$ <a> [')
    with newsroom.app.test_request_context():
        made = [receipt_pdf.pdf_of(odd, current_newsroom()) for _ in range(2)]
    assert made[0].startswith(b"%PDF-")
    assert made[0] == made[1]


def test_without_the_extra_there_is_no_pdf_and_no_link_to_one(newsroom: World, monkeypatch: pytest.MonkeyPatch) -> None:
    given(newsroom)
    path = _linked(newsroom)
    assert "Save as PDF" in newsroom.browser().get(path).text
    monkeypatch.setattr(receipt_pdf, "typst", None)
    assert "Save as PDF" not in newsroom.browser().get(path).text
    assert newsroom.browser().get(f"{path}.pdf").status_code == 404


def test_who_gave_without_an_address_finds_the_receipt_on_the_thanks_page_of_that_browser(newsroom: World) -> None:
    reader = newsroom.browser()
    thanks = newsroom.give_and_pay(reader, email="")
    newsroom.settle()
    found = re.search(r'href="(/links/receipt/[^"]+)"', reader.get(thanks).text)
    assert found
    page = newsroom.browser().get(found[1])
    assert "€5.00" in page.text
    assert "Send it to me again" in page.text
    assert "/links/receipt/" not in newsroom.browser().get(thanks).text


def test_who_types_anothers_address_does_not_learn_their_name(newsroom: World) -> None:
    pays(newsroom, newsroom.give(newsroom.browser()).location, card_name="Anna Owner")
    newsroom.settle()
    stranger = newsroom.browser()
    thanks = urlsplit(pays(newsroom, newsroom.give(stranger).location).location).path
    newsroom.settle()
    found = re.search(r'href="(/links/receipt/[^"]+)"', stranger.get(thanks).text)
    assert found
    assert "Anna" not in stranger.get(found[1]).text


def test_a_month_that_was_paid_stays_one_when_the_pledge_is_yearly_later(newsroom: World) -> None:
    pledged(newsroom)
    client = signed_in(newsroom)
    with newsroom.session() as session, transaction(session):
        session.scalars(select(Pledge)).one().cadence = "year"
    account = client.get("/account").text
    receipt = re.search(r'href="(/account/receipts/[^"]+)"', account)
    assert receipt
    for page in (account, client.get(receipt[1]).text):
        assert "Monthly support" in page
        assert "Yearly support" not in page


def test_a_receipt_does_not_name_a_card_that_came_later(newsroom: World) -> None:
    patron = _patron(newsroom)
    here = _own_receipt(patron)
    assert "Visa 4242" in patron.get(here).text
    newsroom.advance(60)
    with newsroom.session() as session, transaction(session):
        pledge = session.scalars(select(Pledge)).one()
        pledge.card_brand, pledge.card_last4 = "mastercard", "4444"
        now = newsroom.clock.now()
        session.add(PledgeChange(pledge_id=pledge.id, at=now, what="card", was="4242", now="4444", cause="event"))
    assert "4444" not in patron.get(here).text


def _is_pdf(answer: TestResponse) -> None:
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.data.startswith(b"%PDF-")
    assert answer.data.rstrip().endswith(b"%%EOF")


def _linked(newsroom: World) -> str:
    """Returns the path of the link in the newest receipt."""
    part = newsroom.letters("Receipt 2")[-1].get_body(("plain",))
    assert part
    found = re.search(r"https?://[^/\s]+(/links/receipt/\S+)", part.get_content())
    assert found, part.get_content()
    return found[1]


def _patron(newsroom: World) -> FlaskClient:
    pledged(newsroom)
    return signed_in(newsroom)


def _own_receipt(patron: FlaskClient) -> str:
    found = re.search(r'href="(/account/receipts/[^"]+)"', patron.get("/account").text)
    assert found
    return found[1]
