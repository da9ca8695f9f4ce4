"""Whatever is wrong in the form is named in a sentence, nothing is kept, and what was typed stays."""

import pytest
from sqlalchemy import func, select

from membership.payments.models import Attempt
from tests.money import World


def attempts(newsroom: World) -> int:
    with newsroom.session() as session:
        return session.scalars(select(func.count()).select_from(Attempt)).one()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"other_amount": "0"}, "The smallest amount we can take is €1.00."),
        ({"other_amount": "-5"}, "“-5” is not an amount."),
        ({"other_amount": "1.005"}, "EUR has 2 decimals at most."),
        ({"other_amount": "10000.01"}, "By card we take €10,000.00 at most."),
        ({"other_amount": "NaN"}, "“NaN” is not an amount."),
        ({"other_amount": "1000000000000000000"}, "By card we take €10,000.00 at most."),
        ({"other_amount": "1.000,00"}, "“1.000,00” is not an amount."),
        ({"other_amount": "0.99"}, "The smallest amount we can take is €1.00."),
        ({"other_amount": "٥"}, "“٥” is not an amount."),
        ({"other_amount": ""}, "“” is not an amount."),
        ({"currency": "JPY", "other_amount": "100.5"}, "JPY has no decimals."),
        ({"currency": "UAH", "other_amount": "39"}, "The smallest amount we can take is UAH\xa040.00."),
        ({"currency": "XXX"}, "We do not take the currency “XXX”."),
        ({"currency": "eur"}, "We do not take the currency “eur”."),
        ({"cadence": "weekly"}, "Choose whether you give once, monthly or yearly."),
        ({"amount": ""}, "Choose an amount."),
        ({"email": "nobody"}, "“nobody” is not an e-mail address."),
        ({"email": "", "cadence": "month"}, "Write your e-mail address."),
        ({"email": "a@example.org\r\nBcc: b@example.org"}, "is not an e-mail address."),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_kept(newsroom: World, fields: dict[str, str], sentence: str) -> None:
    answer = newsroom.give(newsroom.browser(), **{"amount": "other", "other_amount": "7"} | fields)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert attempts(newsroom) == 0


def test_what_was_typed_stays_in_the_form(newsroom: World) -> None:
    fields = {"amount": "other", "other_amount": "1.005", "email": "olena@example.org", "currency": "USD"}
    answer = newsroom.give(newsroom.browser(), **fields)
    assert 'value="1.005"' in answer.text
    assert 'value="olena@example.org"' in answer.text
    assert 'name="currency" value="USD"' in answer.text


@pytest.mark.parametrize("token", ["", "forged", "WyJhIiwxXQ.AAAA", "é"])
def test_a_forged_token_gives_a_fresh_form_with_the_values(newsroom: World, token: str) -> None:
    client = newsroom.browser()
    form = {"cadence": "once", "currency": "EUR", "amount": "5", "email": "olena@example.org", "token": token}
    answer = client.post("/support/checkout", data=form)
    assert answer.status_code == 422
    assert "open for too long" in answer.text
    assert 'value="olena@example.org"' in answer.text
    assert attempts(newsroom) == 0


def test_a_token_of_yesterday_gives_a_fresh_form(newsroom: World) -> None:
    client = newsroom.browser()
    token = newsroom.form_token(client)
    newsroom.advance(25 * 3600)
    assert newsroom.give(client, token=token).status_code == 422
    assert attempts(newsroom) == 0


def test_a_form_from_another_site_is_refused(newsroom: World) -> None:
    client = newsroom.app.test_client()
    for headers in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        assert client.post("/support/checkout", data={}, headers=headers).status_code == 403
    assert attempts(newsroom) == 0


def test_an_unknown_reference_is_nothing(newsroom: World) -> None:
    assert newsroom.browser().get("/support/thanks/nobody-has-this").status_code == 404


def test_stripe_out_of_reach_is_said_honestly_and_the_same_form_goes_on_later(newsroom: World) -> None:
    client = newsroom.browser()
    token = newsroom.form_token(client)
    newsroom.sandbox.stop()
    answer = newsroom.give(client, token=token)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "120"
    assert "Nothing was taken" in answer.text
    assert attempts(newsroom) == 1
