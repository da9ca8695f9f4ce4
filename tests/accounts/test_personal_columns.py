"""Every column that may tell of a person says so, and says what becomes of it: a new one without its tag fails here."""

from collections.abc import Iterator

import pytest
from sqlalchemy import JSON, Column, LargeBinary, MetaData, String, Table

from membership.db import Base
from membership.periods import RETENTION
from membership.personal import ERASURES

# Text that tells of nobody: the newsroom's own, words out of a list of ours or of Stripe's, names of programs.
# Whoever adds a column here says by it that no reader, donor or patron will ever stand in it.
OF_NOBODY = {
    "alarms": "cause says",
    "article_versions": "content_hash front_matter body_source",
    "articles": "language slug state title standfirst picture_url picture_alt body_source body_html content_hash",
    "attempts": "cadence currency state language",
    "audit_entries": "subject_kind fields previous_hash hash",
    "authors": "slug name",
    "disputes": "state reason currency",
    "failed_renewals": "cause outcome",
    "movements": "source part kind currency",
    "newsroom_settings": "key value",
    "outbox": "kind claimed_by",
    "payment_states": "was now cause_kind",
    "payments": "source currency state failure",
    "payouts": "stripe_payout currency state transaction_id failure",
    "periodic_runs": "name",
    "pledge_changes": "what",
    "pledges": "cadence currency stripe_status why pause_kind next_cadence",
    "refunds": "currency state reason failure asked_by_kind",
    "roll": "standing reason barred_why",
    "related": "other_slug",
    "round_topics": "who takes will_not_be",
    "rounds": "slug title question method roll_hash_open roll_hash_final",
    "sections": "slug name",
    "sessions": "scope",
    "site_version": "site_id",
    "stripe_events": "type api_version state reason",
    "stripe_objects": "kind",
    "sync_cursors": "name",
    "tags": "slug name",
    "tier_amounts": "cadence currency",
    "tiers": "slug name benefits",
    "topic_moves": "was now",
    # Who of the newsroom writes it, and where it came out.
    "topics": "state person outcome_url outcome_title",
}


def may_tell(column: Column[object]) -> bool:
    """Says whether a person could stand in a column: text of any kind, or a key of an account."""
    leads_to_account = any(key.target_fullname == "accounts.id" for key in column.foreign_keys)
    return leads_to_account or isinstance(column.type, String | JSON | LargeBinary)


def unsaid(metadata: MetaData) -> list[str]:
    """Lists the columns that may tell of a person, and of which nobody said whether they do."""
    return [
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if may_tell(column)
        and "personal" not in column.info
        and column.name not in OF_NOBODY.get(table.name, "").split()
    ]


def tagged() -> Iterator[Column[object]]:
    for table in Base.metadata.sorted_tables:
        yield from (column for column in table.columns if "personal" in column.info)


def test_every_column_that_may_tell_of_a_person_says_what_becomes_of_it() -> None:
    assert unsaid(Base.metadata) == []


@pytest.mark.parametrize("kind", [String(), JSON(), LargeBinary()])
def test_a_new_column_without_its_tag_is_noticed(kind: String | JSON | LargeBinary) -> None:
    strange = MetaData()
    Table("strays", strange, Column("said", kind))
    assert unsaid(strange) == ["strays.said"]


def test_tags_use_words_and_periods_that_there_are() -> None:
    periods = {period.name for period in RETENTION}
    wrong = [str(each) for each in tagged() if each.info["personal"]["erasure"] not in ERASURES]
    assert wrong == []
    assert {str(each) for each in tagged() if each.info["personal"]["period"] not in periods} == set()


def test_every_period_is_one_of_some_column() -> None:
    # Events of others are a part of all events, kept for less.
    named = {period.name for period in RETENTION} - {"ignored_events"}
    assert named == {each.info["personal"]["period"] for each in tagged()}


def test_what_is_listed_as_of_nobody_is_there_and_untagged() -> None:
    listed = {f"{table}.{name}" for table, names in OF_NOBODY.items() for name in names.split()}
    there = {str(column) for table in Base.metadata.sorted_tables for column in table.columns}
    assert listed - there == set()
    assert listed & {str(column) for column in tagged()} == set()
