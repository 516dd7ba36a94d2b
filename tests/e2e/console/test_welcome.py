"""An empty database shows first steps, which are ticked off as they are taken."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from tools.console import Demo, Look, Visit, serving, visit


@pytest.fixture(scope="module")
def empty_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with serving(tmp_path_factory.mktemp("empty"), demo=False) as service:
        yield service


@pytest.fixture
def newcomer(empty_service: Demo, browser: Browser) -> Iterator[Visit]:
    """An administrator who has just started the service."""
    code = empty_service.code("admin")
    with visit(browser, empty_service.address, code=code, look=Look(language="en")) as seen:
        yield seen
        assert not seen.faults, seen.faults


def test_an_empty_service_leads_to_the_first_steps(newcomer: Visit) -> None:
    newcomer.go("/")
    expect(newcomer.page.get_by_role("heading", level=1)).to_have_text("Three first steps")
    expect(newcomer.page.locator(".first-step")).to_have_count(3)
    expect(newcomer.page.get_by_text("rimedio serve --demo")).to_be_visible()


@pytest.mark.parametrize(
    "route",
    [
        "/queue",
        "/knowledge",
        "/knowledge/gaps",
        "/knowledge/articles",
        "/ask",
        "/insights",
        "/learning",
        "/events",
    ],
)
def test_no_page_of_an_empty_service_is_blank(newcomer: Visit, route: str) -> None:
    newcomer.go(route)
    assert len(newcomer.page.locator("main").inner_text()) > 60
    expect(newcomer.page.locator("main [role=alert].empty-bad")).to_have_count(0)


def test_axe_finds_nothing_serious(newcomer: Visit) -> None:
    newcomer.go("/welcome")
    assert newcomer.violations() == []


def test_steps_are_ticked_off_as_they_are_taken(newcomer: Visit, tmp_path: Path) -> None:
    manual = tmp_path / "bora.md"
    manual.write_text(
        "# Bora 3\n\n## W301 Fan blocked\n\nW301 means that the fan is blocked. Remove the leaves from the fan.\n"
    )
    newcomer.go("/welcome")
    page = newcomer.page
    expect(page.locator(".is-done")).to_have_count(0)
    page.locator("rim-drop-zone input[type=file]").set_input_files(manual)
    expect(page.locator(".first-step.is-done")).to_have_count(1)
    page.locator(".first-step").get_by_role("link", name="Ask").click()
    page.get_by_label("What is wrong?").fill("What does W301 mean?")
    page.keyboard.press("Enter")
    expect(page.locator("rim-remedy, .nothing").first).to_be_visible()
    newcomer.go("/welcome")
    expect(page.locator(".first-step.is-done")).to_have_count(2)
