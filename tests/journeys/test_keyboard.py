"""Everything can be done without a mouse, and one always sees where one is."""

from playwright.sync_api import Page, expect

from tests.journeys.conftest import Visit

# What a browser draws around whatever has the focus, or around the label that holds it.
RING = """() => {
  const drawn = (element) => {
    const style = getComputedStyle(element);
    return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  };
  const focused = document.activeElement;
  return drawn(focused) || (focused.closest('label') !== null && drawn(focused.closest('label')));
}"""


def test_the_first_key_leads_past_the_navigation(visit: Visit) -> None:
    reader = visit()
    reader.go("/articles/forty-eight-heaters")
    reader.page.keyboard.press("Tab")
    skip = reader.page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    reader.page.keyboard.press("Enter")
    expect(reader.page.locator("main")).to_be_focused()


def test_one_gives_without_a_mouse_and_sees_the_focus_all_the_way(visit: Visit) -> None:
    reader = visit(width=390)
    reader.go("/support?cadence=month")
    page = reader.page
    tab_to(page, "amount")
    page.keyboard.press("ArrowDown")
    expect(page.locator("[data-give]")).to_have_text("Give €10 every month")
    tab_to(page, "email")
    page.keyboard.type("keys@example.org")
    page.keyboard.press("Enter")
    reader.heading("€10.00")


def test_one_asks_to_come_in_without_a_mouse(visit: Visit) -> None:
    reader = visit()
    reader.go("/sign-in")
    tab_to(reader.page, "email")
    reader.page.keyboard.type("keys@example.org")
    reader.page.keyboard.press("Enter")
    reader.heading("Look in your mail")
    tab_to(reader.page, "code")


def tab_to(page: Page, name: str) -> None:
    """Presses Tab until a field of this name has the focus; whatever comes before must show that it has it."""
    for _ in range(60):
        page.keyboard.press("Tab")
        assert page.evaluate(RING), page.evaluate("document.activeElement.outerHTML")
        if page.evaluate("document.activeElement.name") == name:
            return
    raise AssertionError(f"no way to {name} by Tab")
