"""From the thanks page: voting within the minute in which one joined, and mending an address that was mistyped."""

import re

from tests.journeys.conftest import Visit
from tests.journeys.demo import Demo
from tests.journeys.steps import come_in, give
from tests.journeys.visitor import Visitor

WRONG, RIGHT = "minute@exmaple.org", "minute@example.org"
BALLOT = "/rounds/winter-on-the-river/ballot"
LINK = re.compile(r"https?://[^\s/]+(/links/mend-address/\S+)")


def test_who_joins_votes_at_once_and_takes_the_vote_along_to_the_right_address(visit: Visit, live: Demo) -> None:
    reader = visit(width=390, scripts=False)
    reference = give(reader, "€5", WRONG)
    votes(reader)
    reader.go("/account")
    reader.at("/sign-in")
    mends(reader, reference)
    letter = LINK.search(live.await_letter(RIGHT, "Is this your address?").text)
    assert letter
    mailbox = visit(dark=True)
    mailbox.go(letter[1])
    mailbox.look_over()
    mailbox.press("Yes, it is mine")
    mailbox.at(f"/support/thanks/{reference}")
    mailbox.sees("m…e@example.org")
    live.await_letter(RIGHT, "Welcome")
    come_in(mailbox, RIGHT, path=BALLOT)
    mailbox.sees("Your vote is in")


def votes(reader: Visitor) -> None:
    reader.press("Vote now")
    reader.at(BALLOT)
    reader.sees("You are here to vote")
    reader.look_over()
    reader.page.get_by_role("checkbox").first.check()
    reader.press("Cast the vote")
    reader.sees("Your vote is in", "Your receipt")


def mends(reader: Visitor, reference: str) -> None:
    reader.go(f"/support/thanks/{reference}")
    reader.page.get_by_text("m…e@exmaple.org is not your address?").click()
    reader.page.get_by_label("The right address").fill(RIGHT)
    reader.look_over()
    reader.press("Write to this address")
    reader.sees("We have written to the new address")
    reader.look_over()
