"""Ways to sign in besides the mail's link: a passkey of one's own device, and the devices one is signed in with."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.demo import Demo, running
from tests.journeys.steps import ask_for_letter, come_in, enter_by_link
from tests.journeys.visitor import Visitor

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture(scope="module")
def live(loaded: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One demo for all tests of this file: each has a person of its own."""
    with running(loaded, tmp_path_factory.mktemp("ways-in") / "instance") as demo:
        yield demo
    assert demo.tracebacks() == []


def test_a_passkey_is_added_signs_in_is_renamed_and_removed(visit: Visit) -> None:
    person, email = visit(width=390), "passkey@example.org"
    give_authenticator(person)
    come_in(person, email, path="/account/passkeys")
    person.look_over()
    person.page.get_by_label("Name", exact=True).fill("my telephone")
    person.press("Add a passkey")
    person.sees("my telephone", "Not used yet.")
    person.demo.await_letter(email, "passkey was added")
    sign_out(person)
    person.go("/sign-in?next=/account/passkeys")
    person.look_over()
    person.press("Sign in with a passkey")
    person.at("/account/passkeys")
    person.sees("my telephone", "Last used")
    person.page.get_by_label("Another name").fill("the blue one")
    person.press("Rename")
    expect(person.page.get_by_role("heading", name="the blue one")).to_be_visible()
    person.look_over()
    person.press("Remove")
    person.sees("There is none yet.")
    sign_out(person)
    person.go("/sign-in")
    person.press("Sign in with a passkey")
    person.sees("We do not know this passkey")


def test_without_scripts_the_page_says_that_the_mail_signs_in(visit: Visit) -> None:
    person = visit(width=390, scripts=False)
    come_in(person, "plain@example.org", path="/account/passkeys")
    person.sees("The mail signs in all the same.")
    expect(person.page.get_by_role("button", name="Add a passkey")).to_be_hidden()
    person.page.context.clear_cookies()
    person.go("/sign-in")
    expect(person.page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_foreign_browser_is_told_by_mail_and_signed_out_from_the_list(visit: Visit, *, scripts: bool) -> None:
    email = f"devices.{scripts}@example.org"
    owner, foreign = visit(width=390, scripts=scripts), visit(scripts=scripts)
    come_in(owner, email, path="/account/devices")
    come_in(foreign, email)
    owner.demo.await_letter(email, "A new device")
    owner.go("/account/devices")
    owner.look_over()
    owner.press("Sign out there")
    expect(owner.page.get_by_role("heading", level=2)).to_have_count(2)
    foreign.page.reload()
    foreign.at("/sign-in")
    owner.press("Sign out everywhere")
    owner.at("/sign-in")


def test_the_address_changes_once_both_letters_are_confirmed(visit: Visit) -> None:
    old, new = "before@example.org", "after@example.net"
    person = visit(width=390)
    come_in(person, old, path="/account/address")
    person.page.get_by_label("New address").fill(new)
    person.press("Write to both")
    person.sees("The old address has not confirmed yet.", "The new address has not confirmed yet.")
    person.look_over()
    for email, subject, button in (
        (old, "another address", "Yes, change it"),
        (new, "Is this your", "Yes, it is mine"),
    ):
        letter = person.demo.await_letter(email, subject)
        person.go(next(word for word in letter.text.split() if "/links/address-" in word))
        person.look_over()
        person.press(button)
    person.heading("Both addresses have confirmed")
    person.look_over()
    sign_out(person)
    person.go("/sign-in")
    enter_by_link(person, ask_for_letter(person, new))
    person.sees(new)


def give_authenticator(person: Visitor) -> None:
    """Gives the browser a device that asks for a finger, and always gets it."""
    line = person.page.context.new_cdp_session(person.page)
    line.send("WebAuthn.enable")
    line.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})


def sign_out(person: Visitor) -> None:
    person.go("/account")
    person.press("Sign out")
    person.at("/")
