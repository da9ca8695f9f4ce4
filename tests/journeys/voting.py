"""The walk's third stretch: a proposal, a round, a vote, and what came of it."""

import json
import re
from datetime import datetime, timedelta

from playwright.sync_api import expect

from tests.journeys.demo import until
from tests.journeys.steps import come_in, move_clock, saves
from tests.journeys.visitor import Visitor
from tests.journeys.walk import ANOTHER_TITLE, EDITOR, PATRON, REASON, ROUND, ROUND_PATH, SLUG, TITLE, WHY, Walk


def proposes(patron: Visitor) -> None:
    for title, why in ((TITLE, WHY), (ANOTHER_TITLE, "It is <b>two</b> verses long.\n\nPlease.")):
        patron.follow("Topics", within="header")
        patron.follow("Propose a topic")
        patron.page.get_by_label("What should we look into?").fill(title)
        patron.page.get_by_label("Why does it matter?").fill(why)
        patron.press("Send the proposal")
        patron.sees("Thank you, your proposal is here")
    patron.look_over()
    patron.go("/account")
    patron.sees(TITLE, ANOTHER_TITLE, "waiting for an editor")


def answers_and_opens_a_round(walk: Walk) -> Visitor:
    granted = walk.live.flask("staff", "grant", EDITOR, "editor")
    assert granted.stdout.strip() == f"{EDITOR} is editor."
    editor = walk.come()
    come_in(editor, EDITOR, path="/staff/topics")
    editor.look_over()
    editor.press(re.compile(f"^Shortlist.*{TITLE[-15:-1]}"))
    walk.live.await_letter(PATRON, "Your topic is on the shortlist")
    editor.follow(ANOTHER_TITLE)
    editor.page.get_by_text("Decline", exact=True).click()
    editor.page.get_by_label("Reason, for everyone to read").fill(REASON)
    editor.look_over()
    editor.press("Decline it")
    editor.follow(ANOTHER_TITLE)
    editor.sees(REASON)
    editor.go("/staff/rounds")
    editor.look_over()
    editor.follow("Draft a round")
    editor.page.get_by_label("Title").fill(ROUND)
    editor.page.get_by_label("Question").fill("What should we report next?")
    boxes = editor.page.locator(".choice")
    boxes.filter(has_text=TITLE).click()
    others = boxes.filter(has_not_text=TITLE)
    others.nth(0).click()
    others.nth(1).click()
    editor.look_over()
    editor.press("Keep the draft")
    editor.sees(ROUND, "Nobody outside sees it.")
    for box in editor.page.locator("#announce .choice").all():
        box.click()
    editor.look_over()
    editor.press("Open it now")
    editor.sees("What it promised stands.")
    editor.look_over()
    return editor


def votes(walk: Walk, patron: Visitor) -> str:
    patron.go("/account")
    patron.go(f"{ROUND_PATH}/ballot")
    choices, checked = patron.page.locator(".choice"), patron.page.get_by_role("checkbox", checked=True)
    expect(choices).to_have_count(3)
    saves(patron, choices.filter(has_not_text=TITLE).first.click)
    patron.sees("Your vote is in")
    receipt = patron.words("#receipt")
    assert re.fullmatch(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){3}", receipt)
    saves(patron, choices.filter(has=checked).click, choices.filter(has_text=TITLE).click)
    patron.sees("Your vote is in")
    expect(checked).to_have_count(1)
    assert patron.words("#receipt") == receipt
    patron.look_over(picture=walk.picture("ballot-390"))
    return receipt


def sees_how_to_join(walk: Walk) -> None:
    stranger = walk.come()
    stranger.go("/topics")
    stranger.sees(TITLE, f"Declined: {REASON}", ROUND)
    stranger.look_over()
    stranger.go(ROUND_PATH)
    expect(stranger.page.locator(".tiers li")).to_have_count(3)
    stranger.sees(TITLE, "Join from €3.00 a month and vote today.")
    stranger.look_over()
    stranger.follow("Become a patron")
    stranger.at("/support")
    assert stranger.has_no_cookie()


def the_round_closes_by_itself(walk: Walk, editor: Visitor, receipt: str) -> None:
    editor.go("/staff/rounds")
    row = editor.page.get_by_role("row").filter(has_text=ROUND)
    closes_at = datetime.fromisoformat(row.locator("time").last.get_attribute("datetime") or "")
    move_clock(editor, closes_at)
    stranger = walk.come()
    stranger.go(ROUND_PATH)
    stranger.sees("Closed and counted")
    stranger.look_over()
    stranger.follow("See the results")
    stranger.sees(f"Chosen: {TITLE}", re.compile(r"5 of \d+ patrons voted \(\d+ %\)"), "5 votes")
    stranger.look_over(picture=walk.picture("results-1280"))
    exported = walk.live.flask("rounds", "export", ROUND_PATH.rpartition("/")[2], "--format", "json")
    content = json.loads(exported.stdout)
    assert content["turnout"] == len(content["ballots"]) == 5
    assert {"receipt": receipt, "choices": [SLUG]} in content["ballots"]
    # One letter a week: the answers to what was proposed may have taken this one.
    move_clock(editor, closes_at + timedelta(days=8))
    until(lambda: _tells(walk, f"Results: {ROUND}"), "no letter tells of the results")


def _tells(walk: Walk, words: str) -> bool:
    return any(words in letter.subject + letter.text for letter in walk.live.letters(PATRON))
