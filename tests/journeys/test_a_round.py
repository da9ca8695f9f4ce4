"""A round from the proposal to the article, as patrons, an editor and somebody new take it through their browsers."""

import re
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

from playwright.sync_api import expect

from membership.clock import ShiftedClock
from membership.settings import ROOT
from tests.articles.desk import write
from tests.journeys.conftest import Visit
from tests.journeys.crowd import Caller, vote
from tests.journeys.demo import Demo
from tests.journeys.steps import come_in, give, move_clock
from tests.journeys.test_keyboard import tab_to
from tests.journeys.visitor import Visitor

EDITOR, NEW = "round.editor@example.org", "new.to.it@example.org"
# Patrons of the demo to whom nothing happens in their year; the first one has a telephone.
PATRON, *OTHERS = (
    "agnes.kovacs@example.org",
    "benoit.garcon@example.org",
    "friedrich.gross@example.org",
    "solomiia.honchar@example.org",
)
TITLE, SLUG = "Who lights the stairs?", "who-lights-the-stairs"
ROUND, ROUND_PATH = "Questions of light", "/rounds/questions-of-light"
ARTICLE = "/articles/stairs"
CODE = re.compile(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){3}")


def test_a_proposal_is_voted_on_counted_again_postponed_and_published(visit: Visit, live: Demo, tmp_path: Path) -> None:
    patron, editor = visit(width=390), visit(width=390, dark=True)
    come_in(patron, PATRON, path="/topics/proposal")
    proposes(patron)
    live.flask("staff", "grant", EDITOR, "editor")
    come_in(editor, EDITOR, path="/staff/topics")
    reads_and_opens_a_round(editor)
    joins_and_votes_the_same_minute(visit(width=390, scripts=False))
    code = votes_and_changes_by_keys(patron)
    vote(live, OTHERS, ROUND_PATH, SLUG)
    closes(editor)
    finds_the_ballot(patron, code)
    is_counted_again(live, tmp_path)
    is_promised_and_postponed(editor)
    is_named(patron)
    article = write(tmp_path, "stairs", title="The stairs, lit", topic=SLUG, body="By a lamp.")
    live.flask("articles", "import", str(article))
    live.settle()
    sees_what_became_of_it(visit(width=390))
    a_letter_tells_all_of_it(patron)


def proposes(patron: Visitor) -> None:
    patron.page.get_by_label("What should we look into?").fill(TITLE)
    patron.page.get_by_label("Why does it matter?").fill("Ours are dark, and somebody fell.")
    patron.press("Send the proposal")
    patron.sees(TITLE)
    patron.look_over()


def reads_and_opens_a_round(editor: Visitor) -> None:
    editor.press(re.compile("^Shortlist.*lights the stairs"))
    editor.go("/staff/rounds/new")
    editor.page.get_by_label("Title").fill(ROUND)
    editor.page.get_by_label("Question").fill("What should we report next?")
    boxes = editor.page.locator(".choice", has=editor.page.locator("[name=topics]"))
    boxes.filter(has_text=TITLE).click()
    others = boxes.filter(has_not_text=TITLE)
    others.nth(0).click()
    others.nth(1).click()
    soon = ShiftedClock(editor.demo.instance / "clock").now() + timedelta(days=2)
    editor.page.get_by_label("Closes on").fill(f"{soon:%Y-%m-%d}")
    editor.page.get_by_label("Closes at").fill("20:00")
    editor.page.get_by_label("Choices on a ballot").fill("2")
    editor.page.get_by_label("Winners").fill("1")
    editor.press("Keep the draft")
    for box in editor.page.locator("[name=checks]").all():
        box.check(force=True)
    editor.look_over()
    editor.press("Open it now")
    editor.sees("What it promised stands.")


def joins_and_votes_the_same_minute(reader: Visitor) -> None:
    give(reader, "€5", NEW)
    reader.press("Vote now")
    reader.at(f"{ROUND_PATH}/ballot")
    reader.page.get_by_role("checkbox", name=TITLE).check(force=True)
    reader.press("Cast the vote")
    reader.sees("Your vote is in", CODE)


def votes_and_changes_by_keys(patron: Visitor) -> str:
    patron.go(f"{ROUND_PATH}/ballot")
    page, boxes = patron.page, patron.page.get_by_role("checkbox")
    tab_to(page, "choices")
    saves(patron, "Space")
    for box in boxes.all():
        # The first one is taken back, and of the three only the right one is left.
        is_right = TITLE in (box.locator("xpath=..").inner_text())
        if box.is_checked() != is_right:
            saves(patron, "Space")
        page.keyboard.press("Tab")
    page.reload()
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(1)
    expect(page.get_by_role("checkbox", name=TITLE)).to_be_checked()
    patron.look_over()
    return patron.words("#receipt")


def saves(patron: Visitor, key: str) -> None:
    """Presses a key on a box, and waits until the server has kept the choice."""
    with patron.page.expect_response(lambda answer: answer.request.method == "POST" and answer.ok):
        patron.page.keyboard.press(key)
    expect(patron.page.locator("#saved")).to_contain_text(re.compile("Saved|withdrawn"))


def closes(editor: Visitor) -> None:
    editor.go("/staff/rounds")
    row = editor.page.get_by_role("row").filter(has_text=ROUND)
    move_clock(editor, datetime.fromisoformat(row.locator("time").last.get_attribute("datetime") or ""))
    editor.go(f"{ROUND_PATH}/results")
    editor.sees(f"Chosen: {TITLE}", "5 of 5 ballots")


def finds_the_ballot(patron: Visitor, code: str) -> None:
    patron.go(f"{ROUND_PATH}/check")
    patron.page.get_by_label("Code of the ballot").fill(code.lower())
    patron.press("Look it up")
    patron.sees("This ballot was counted", TITLE)
    patron.look_over()


def is_counted_again(live: Demo, folder: Path) -> None:
    reader, files = Caller(live, ""), []
    for name in ("ballots.csv", "topics.csv"):
        files.append(folder / name)
        files[-1].write_text(reader.get(f"{ROUND_PATH}/{name}"), "utf-8")
    command = (sys.executable, str(ROOT / "static" / "recount.py"), *map(str, files))
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own script
    assert re.search(rf"\b5\b.*{SLUG}|{SLUG}.*\b5\b", done.stdout), done.stdout


def is_promised_and_postponed(editor: Visitor) -> None:
    editor.go("/staff/promises")
    promise = editor.page.locator(f"#{SLUG}")
    on = ShiftedClock(editor.demo.instance / "clock").now() + timedelta(days=20)
    promise.get_by_label("Who does it").fill("Olena")
    promise.get_by_label("By which day").fill(f"{on:%Y-%m-%d}")
    promise.get_by_role("button", name=re.compile("^Promise it")).click()
    editor.sees("Olena does it, by")
    promise.locator("summary", has_text="Postpone").click()
    promise.get_by_label("To which month").fill(f"{on + timedelta(days=31):%Y-%m}")
    promise.get_by_label("Reason, for everyone to read").first.fill("Olena is in Kharkiv.")
    editor.look_over()
    promise.get_by_role("button", name=re.compile("^Postpone it")).click()
    editor.sees("Olena is in Kharkiv. The vote stands.")
    promise.get_by_role("button", name=re.compile("^It is in work now")).click()
    expect(promise.locator(".tag")).to_have_text("in work")


def is_named(patron: Visitor) -> None:
    patron.go("/account/credit")
    patron.page.get_by_label("Your name").fill("Ágnes Kovács")
    patron.page.get_by_role("radio", name="By name").check(force=True)
    patron.press("Save")
    patron.sees("Saved")


def sees_what_became_of_it(reader: Visitor) -> None:
    reader.go(f"/topics/{SLUG}")
    reader.sees("Promised", "Postponed", "Published")
    reader.look_over()
    reader.go("/topics/promises")
    reader.look_over()
    reader.follow("The stairs, lit")
    reader.at(ARTICLE)
    reader.sees("by 5 of the 5 patrons who voted", "Voted in this round: Ágnes Kovács and others.")
    reader.look_over()
    assert reader.has_no_cookie()


def a_letter_tells_all_of_it(patron: Visitor) -> None:
    # News comes once a week, and of the demo's own rounds there was some today.
    before = len(patron.demo.letters(PATRON, " more"))
    move_clock(patron, ShiftedClock(patron.demo.instance / "clock").now() + timedelta(days=5))
    letter = patron.demo.await_letter(PATRON, " more", after=before)
    for said in (
        f"Results: {ROUND}",
        f"Chosen: {TITLE}",
        "Reason: Olena is in Kharkiv.",
        "Olena is at work on it",
        "The stairs, lit",
    ):
        assert said in letter.text
