"""Around the pages: signing in and out, roles, languages, themes, the way by keyboard."""

from typing import Any

import pytest
from playwright.sync_api import expect

OPEN = Any


def test_a_code_signs_in_once_and_leaves_the_address(open_as: OPEN, service: OPEN) -> None:
    code = service.code("operator")
    first, second = open_as(None), open_as(None)
    first.page.goto(f"{service.address}/?code={code}")
    expect(first.page.get_by_role("heading", name="Coda")).to_be_visible()
    assert code not in first.page.url
    second.page.goto(f"{service.address}/?code={code}")
    expect(second.page.get_by_text("Questo codice non vale")).to_be_visible()
    second.forgive("status of 40")  # as it should be


def test_a_code_can_be_typed_and_leads_where_one_wanted_to_go(open_as: OPEN, service: OPEN) -> None:
    seen = open_as(None, language="en")
    seen.page.goto(f"{service.address}/#/queue?status=ESCALATED")
    seen.page.get_by_label("Sign-in code").fill(service.code("operator"))
    seen.page.keyboard.press("Enter")
    expect(seen.page.get_by_role("button", name="With a person")).to_have_attribute("aria-pressed", "true")


def test_signing_out_forgets_the_token(open_as: OPEN) -> None:
    seen = open_as()
    seen.go("/queue")
    seen.page.get_by_role("button", name="Preferenze").click()
    with seen.page.expect_event("load"):  # nothing of the person stays in memory either
        seen.page.get_by_role("button", name="Esci").click()
    expect(seen.page.get_by_role("heading", name="Accedi a Rimedio")).to_be_visible()
    assert seen.page.evaluate("sessionStorage.getItem('rimedio.session')") is None
    expect(seen.page.locator(".nav")).to_have_count(0)


def test_the_language_changes_everything_and_is_remembered(open_as: OPEN) -> None:
    seen = open_as()
    seen.go("/queue")
    seen.page.get_by_role("button", name="Preferenze").click()
    seen.page.locator("#shell-menu").get_by_text("English").click()
    expect(seen.page.get_by_role("heading", name="Queue")).to_be_visible()
    assert seen.page.evaluate("document.documentElement.lang") == "en"
    seen.page.reload()
    expect(seen.page.get_by_role("heading", name="Queue")).to_be_visible()


def test_the_theme_changes_and_is_remembered(open_as: OPEN) -> None:
    seen = open_as()
    seen.go("/queue")
    before = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
    seen.page.get_by_role("button", name="Preferenze").click()
    seen.page.get_by_text("Scuro").click()
    seen.until(f"getComputedStyle(document.body).backgroundColor !== '{before}'")
    seen.page.reload()
    seen.until("document.documentElement.dataset.theme === 'dark'")


def test_tab_reaches_the_content_first(open_as: OPEN) -> None:
    seen = open_as()
    seen.go("/queue")
    seen.page.reload()
    seen.settle()
    seen.page.keyboard.press("Tab")
    expect(seen.page.get_by_role("link", name="Vai al contenuto")).to_be_focused()
    seen.page.keyboard.press("Enter")
    expect(seen.page.locator("h1")).to_be_focused()


@pytest.mark.parametrize(
    ("role", "shown", "hidden"), [("technician", "Chiedi", "Andamento"), ("operator", "Andamento", None)]
)
def test_people_see_the_pages_of_their_role(open_as: OPEN, role: str, shown: str, hidden: str | None) -> None:
    seen = open_as(role)
    navigation = seen.page.get_by_role("navigation")
    expect(navigation.get_by_role("link", name=shown)).to_be_visible()
    if hidden:
        expect(navigation.get_by_role("link", name=hidden)).to_have_count(0)


def test_an_address_that_leads_nowhere_says_so(open_as: OPEN) -> None:
    seen = open_as()
    seen.go("/nessuna/pagina/qui")
    expect(seen.page.get_by_role("heading", name="Pagina inesistente")).to_be_visible()


def test_a_service_that_does_not_answer_is_said_in_the_readers_language_and_asked_again(
    open_as: OPEN,
) -> None:
    seen = open_as()
    seen.go("/settings")
    seen.page.route("**/v1/tickets?*", lambda route: route.abort())
    seen.page.goto(f"{seen.address}/#/queue")
    alert = seen.page.get_by_role("alert")
    expect(alert.filter(has_text="Rimedio non risponde.")).to_be_visible()
    expect(alert.filter(has_text="fetch")).to_have_count(0)  # the browser's own words are for developers
    seen.forgive("ERR_FAILED")
    seen.page.unroute("**/v1/tickets?*")
    seen.page.get_by_role("button", name="Riprova").click()
    expect(seen.page.locator(".queue-table tbody tr").first).to_be_visible()


def test_going_somewhere_waits_for_that_page_and_not_for_the_one_that_is_left(open_as: OPEN) -> None:
    seen = open_as("admin")

    def slow(route: Any) -> None:
        seen.page.wait_for_timeout(1000)  # meanwhile the page before still stands there, heading and all
        route.continue_()

    seen.page.route("**/pages/knowledge.js", slow)
    seen.go("/knowledge")
    assert seen.page.locator("h1").inner_text() == "Manuali"
