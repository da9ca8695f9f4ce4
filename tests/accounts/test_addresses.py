"""Which texts are addresses, and which of them are one person."""

import pytest

from membership.accounts.addresses import clean_email, email_key, masked
from membership.errors import Refusal


@pytest.mark.parametrize(
    ("typed", "kept", "key"),
    [
        ("Olena@Example.org", "Olena@Example.org", "olena@example.org"),
        ("  olena@example.org\n", "olena@example.org", "olena@example.org"),
        ("olena@bücher.example", "olena@bücher.example", "olena@xn--bcher-kva.example"),
        ("olena@BU\u0308CHER.example", "olena@BÜCHER.example", "olena@xn--bcher-kva.example"),
        ("olena@XN--BCHER-KVA.example", "olena@XN--BCHER-KVA.example", "olena@xn--bcher-kva.example"),
        ("o.le.na+news@example.org", "o.le.na+news@example.org", "o.le.na+news@example.org"),
    ],
)
def test_an_address_is_kept_as_typed_and_known_by_its_key(typed: str, kept: str, key: str) -> None:
    assert clean_email(typed) == kept
    assert email_key(typed) == key
    assert email_key(key) == key


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "olena",
        "olena@",
        "@example.org",
        "olena@localhost",
        "olena@example..org",
        "olena@[127.0.0.1]",
        "Olena <olena@example.org>",
        '"olena k"@example.org',
        "olena@example.org, taras@example.org",
        "olena@example.org\r\nBcc: taras@example.org",
        "olena\x00@example.org",
        "olena@exam\u200dple.org",
        "\u043elena@example.org",
        "a" * 65 + "@example.org",
        "olena@" + "a." * 130 + "org",
        "x" * 100_000,
    ],
)
def test_what_is_no_address_is_refused_with_a_sentence_about_the_field(typed: str) -> None:
    with pytest.raises(Refusal) as refused:
        clean_email(typed)
    assert refused.value.field == "email"
    assert len(str(refused.value)) < 200
    with pytest.raises(Refusal):
        email_key(typed)


@pytest.mark.parametrize(
    ("email", "shown"),
    [
        ("olena@example.org", "o…a@example.org"),
        ("ol@example.org", "o…@example.org"),
        ("o@example.org", "o…@example.org"),
    ],
)
def test_an_address_is_shown_masked(email: str, shown: str) -> None:
    assert masked(email) == shown
