"""Language, theme, density; one's own account; the health and the settings of the service."""

from collections.abc import Callable

from playwright.sync_api import expect
from tools.console import Visit

Open = Callable[..., Visit]


def test_the_language_changes_at_once_and_stays(open_as: Open) -> None:
    visit = open_as("operator", language="it")
    visit.go("/settings")
    page = visit.page
    expect(page.get_by_role("heading", level=1)).to_have_text("Impostazioni")
    page.locator("main").get_by_text("English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Settings")
    assert page.evaluate("document.documentElement.lang") == "en"
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Settings")


def test_the_theme_is_chosen_with_the_keyboard(open_as: Open) -> None:
    visit = open_as("operator", language="en")
    visit.go("/settings")
    page = visit.page
    page.locator("main").get_by_role("radio", name="Light").focus()
    page.keyboard.press("ArrowRight")
    visit.until("document.documentElement.dataset.theme === 'dark'")


def test_a_compact_screen_is_denser(open_as: Open) -> None:
    visit = open_as("operator", language="en")
    visit.go("/settings")
    page = visit.page
    roomy = page.locator("main").bounding_box()
    size = "parseFloat(getComputedStyle(document.body).fontSize)"
    before = page.evaluate(size)
    page.locator("main").get_by_text("Compact", exact=True).click()
    assert roomy is not None
    visit.until(f"{size} < {before}")


def test_the_account_says_who_and_until_when_but_never_the_token(open_as: Open) -> None:
    visit = open_as("technician", language="en")
    visit.go("/settings/account")
    page = visit.page
    expect(page.locator(".facts")).to_contain_text("technician")
    expect(page.get_by_text("Until")).to_be_visible()
    token = page.evaluate("JSON.parse(sessionStorage.getItem('rimedio.session')).token")
    assert token[-20:] not in page.content()


def test_signing_out_leaves_nothing_of_the_person_in_the_tab(open_as: Open) -> None:
    visit = open_as("operator", language="en")
    visit.go("/ask")
    page = visit.page
    page.get_by_label("What is wrong?").fill("What does E029 mean on the XC-200?")
    page.keyboard.press("Enter")
    expect(page.locator(".asked")).to_have_count(1)
    visit.go("/settings/account")
    with page.expect_event("load"):
        page.locator("main").get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Code", exact=False).first).to_be_visible()
    left = page.evaluate("Object.entries(sessionStorage).flat().join()")
    assert "E029" not in left
    assert "token" not in left


def test_only_an_administrator_sees_the_service(open_as: Open) -> None:
    visit = open_as("operator", language="en")
    visit.go("/settings")
    expect(visit.page.get_by_role("tab")).to_have_text(["Preferences", "Account"])


def test_every_part_of_the_service_is_examined(open_as: Open) -> None:
    visit = open_as("admin", language="en")
    visit.go("/settings/health")
    rows = visit.page.locator("tbody tr")
    expect(rows.filter(has_text="Database")).to_contain_text("Works")
    assert rows.count() >= 6


def test_settings_are_found_by_their_meaning(open_as: Open) -> None:
    visit = open_as("admin", language="en")
    visit.go("/settings/service")
    page = visit.page
    expect(page.locator("tbody tr").nth(10)).to_be_visible()
    everything = page.locator("tbody tr").count()
    page.get_by_label("Find a setting").fill("folder")
    visit.until(f"document.querySelectorAll('tbody tr').length < {everything}")
    assert page.locator("tbody tr").count() > 0
