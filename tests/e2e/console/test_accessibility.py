"""Every page in both themes: no serious finding of axe, nothing wider than its window, one h1, landmarks."""

from typing import Any

import pytest
from playwright.sync_api import expect

OPEN = Any
THEMES = ("light", "dark")
PAGES = (
    "/queue",
    "/tickets/new",
    "/ask",
    "/knowledge",
    "/knowledge/search?q=E029",
    "/knowledge/gaps",
    "/knowledge/articles",
    "/insights",
    "/learning",
    "/events",
    "/events/webhooks",
    "/events/rules",
    "/events/dead",
    "/events/replays",
    "/events/schedules",
    "/settings",
    "/settings/account",
    "/settings/health",
    "/settings/service",
    "/welcome",
)
TABS = ("remedy", "steps", "conversation", "run", "similar", "judgements")


@pytest.fixture(scope="module")
def rested(service: OPEN) -> dict[str, Any]:
    """One ticket for each status; one whose remedy did not help always waits for a review."""
    unhelped = {
        "customer": {"id": "c-axe", "name": "Officina"},
        "asset": {"product_type": "EV_CHARGER", "model": "XC-200", "serial": "AXE-00001"},
        "symptom_text": "E035 sul display, la ricarica non parte",
        "error_code": "E035",
    }
    ticket_id = service.open_ticket(unhelped)["ticket_id"]
    with service.client() as api:
        for move in ("resolve", "reopen"):
            api.post(f"/v1/tickets/{ticket_id}/{move}", json={}).raise_for_status()
        service.rested(ticket_id)
        items = api.get("/v1/tickets", params={"limit": 100}).json()["items"]
    return {item["status"]: item for item in items}


@pytest.mark.parametrize("theme", THEMES)
def test_nobody_is_shut_out_of_any_page(open_as: OPEN, theme: str) -> None:
    seen = open_as("admin", theme=theme)
    found: dict[str, list[str]] = {}
    for route in PAGES:
        seen.go(route)
        found[route] = seen.violations()
        assert seen.page.locator("h1").count() == 1, route
        assert seen.page.locator("main").count() == 1, route
    assert not {route: what for route, what in found.items() if what}


@pytest.mark.parametrize("theme", THEMES)
def test_nobody_is_shut_out_of_any_part_of_a_ticket(open_as: OPEN, rested: Any, theme: str) -> None:
    seen = open_as("operator", theme=theme)
    found: dict[str, list[str]] = {}
    for tab in TABS:
        seen.go(f"/tickets/{rested['READY']['ticket_id']}/{tab}")
        found[tab] = seen.violations()
    for status in ("IN_REVIEW", "ESCALATED", "NEEDS_INFO"):
        seen.go(f"/tickets/{rested[status]['ticket_id']}")
        found[status] = seen.violations()
    seen.go(f"/tickets/{rested['IN_REVIEW']['ticket_id']}")
    expect(seen.page.locator(".review-bar")).to_be_visible()
    seen.page.keyboard.press("e")
    found["editing"] = seen.violations()
    seen.page.keyboard.press("Escape")
    assert not {where: what for where, what in found.items() if what}


def test_the_sign_in_page_shuts_nobody_out(open_as: OPEN, service: OPEN) -> None:
    for theme in THEMES:
        seen = open_as(None, theme=theme)
        seen.go("/sign-in?why=expired")
        assert not seen.violations()


@pytest.mark.parametrize("width", [320, 680, 1024, 1600])
def test_no_page_is_wider_than_its_window(open_as: OPEN, rested: Any, width: int) -> None:
    seen = open_as("admin")
    seen.page.set_viewport_size({"width": width, "height": 800})
    wide = {}
    for route in (*PAGES, *(f"/tickets/{rested['READY']['ticket_id']}/{tab}" for tab in TABS)):
        seen.go(route)
        wide[route] = seen.overflow()
    assert not {route: pixels for route, pixels in wide.items() if pixels > 0}


def test_everything_to_press_on_a_phone_is_large_enough(open_as: OPEN, rested: Any) -> None:
    seen = open_as("technician", phone=True)
    small: dict[str, list[str]] = {}
    ticket = f"/tickets/{rested['READY']['ticket_id']}"
    for route in ("/queue", ticket, f"{ticket}/remedy", "/ask", "/knowledge/search?q=E029", "/settings"):
        seen.go(route)
        small[route] = seen.page.evaluate(
            """() => [...document.querySelectorAll(
                'main button, main select, main .button, main summary, .ticket-above a, .hit-head a, nav a, .brand')]
            .filter(n => n.checkVisibility())
            .filter(n => { const b = n.getBoundingClientRect(); return b.height < 43.5; })
            .map(n => n.outerHTML.slice(0, 120))"""
        )
    assert not {route: what for route, what in small.items() if what}
