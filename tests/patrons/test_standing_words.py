"""Each standing in sentences."""

from datetime import UTC, datetime

from flask import Flask

from membership.patrons.standing import GRANTS, Grant, standing, through
from membership.patrons.standing_words import reason_in_words, vote_in_words
from membership.web.current import zone
from tests.patrons import test_standing
from tests.patrons.standings import NOW, failing, pledge


def test_each_standing_has_its_reason_in_words(app: Flask) -> None:
    with app.test_request_context():
        for name, (_facts, stands) in test_standing.CASES.items():
            assert reason_in_words(stands).endswith("."), name
            assert ("no vote" in vote_in_words(stands)) != stands.may_vote, name


def test_what_ends_at_midnight_is_said_to_last_until_the_day_before(app: Flask) -> None:
    with app.test_request_context():
        for kind in GRANTS:
            stands = standing(None, (Grant(kind, through(NOW.date(), zone())),), now=NOW)
            assert "22 November 2026" in reason_in_words(stands), kind
            assert vote_in_words(stands) == "You have your vote until 22 November 2026.", kind


def test_a_grace_is_said_to_last_until_the_day_on_which_it_ends(app: Flask) -> None:
    with app.test_request_context():
        stands = standing(failing(grace_until=datetime(2026, 11, 30, 9, tzinfo=UTC)), now=NOW)
        assert vote_in_words(stands) == "You have your vote until 30 November 2026."


def test_who_goes_on_giving_has_a_vote_of_which_no_end_is_told(app: Flask) -> None:
    with app.test_request_context():
        assert vote_in_words(standing(pledge(), now=NOW)) == "You have your vote."
