"""What is masked before a text is kept: keys, addresses however they are written, values of rows."""

from time import perf_counter

import pytest

from membership.masking import masked


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("o'brien@example.org paid", "…@… paid"),
        ("a/b@example.org", "…@…"),
        ("a!b#c@x.org", "…@…"),
        ("to <root@localhost>", "to <…@…>"),
        ("a@bücher.de", "…@…"),
        ("олена@example.org", "…@…"),
        ('"olena koval"@example.org', "…@…"),
        (r'"olena \"lena\" koval"@example.org', "…@…"),
        (r'{"to": "\"olena koval\"@example.org"}', None),
        ("a@b@example.org", "…@…"),
        ("root@[192.0.2.1]", "…@…"),
        ("{'anna@example.org': (550, b'no')}", None),
        ("postgresql://user:pass:word@db.example.org/x", "postgresql://…@…"),
        ("sk_live_AbC rk_test_abcd whsec_a+/b=", "sk_… rk_… whsec_…"),
        ("@blueprint.get and a @ b", "@blueprint.get and a @ b"),
    ],
)
def test_keys_and_addresses_are_masked_whole(text: str, kept: str | None) -> None:
    found = masked(text)

    assert kept is None or found == kept
    for secret in ("anna", "olena", "koval", "example", "brien", "word"):
        assert secret not in found


def test_the_values_of_a_refused_row_are_masked_in_all_their_lines_and_the_rest_stays() -> None:
    error = (
        "Traceback\npsycopg.errors.UniqueViolation: duplicate key\n"
        "DETAIL:  Key (text)=(first line\nsecond line\n\nlast) exists."
        "\n\nThe above exception was the direct cause of the following exception:\n\nTraceback\n"
        "IntegrityError: duplicate key\nDETAIL:  Key (text)=(first line\nsecond line\n\nlast) exists.\n[SQL: INSERT]"
    )

    assert masked(error) == (
        "Traceback\npsycopg.errors.UniqueViolation: duplicate key\nDETAIL: …"
        "\n\nThe above exception was the direct cause of the following exception:\n\nTraceback\n"
        "IntegrityError: duplicate key\nDETAIL: …\n[SQL: INSERT]"
    )


@pytest.mark.parametrize("part", ["a", '"', '\\"', "a@", "://", "DETAIL: ", "sk_", "[@"])
def test_a_long_text_is_masked_in_a_moment(part: str) -> None:
    begun = perf_counter()
    masked(part * (64 * 1024 // len(part)) + " x@y")

    assert perf_counter() - begun < 1
