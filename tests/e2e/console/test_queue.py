"""The queue: filters, live rows, keyboard, cards on a phone."""

import re
from typing import Any

from playwright.sync_api import expect

OPEN = Any


def test_a_ticket_that_comes_in_appears_by_itself(open_as: OPEN, ticket: OPEN) -> None:
    seen = open_as()
    seen.go("/queue")
    expect(seen.page.get_by_text("In diretta")).to_be_visible()
    came = ticket("E035 dopo un temporale, la presa due è ferma", error_code="E035")
    row = seen.page.locator(f"[data-ticket='{came['ticket_id']}']")
    expect(row).to_be_visible()
    expect(row).to_contain_text("Risposto")


def test_filters_stand_in_the_address_and_hold_after_a_reload(open_as: OPEN, service: OPEN) -> None:
    service.all_rested()  # the queue is live: what others still work on would come in while it is counted
    seen = open_as()
    seen.go("/queue")
    seen.page.get_by_role("button", name="A una persona").click()
    seen.page.get_by_label("Lingua").select_option("it")
    expect(seen.page).to_have_url(re.compile(r"#/queue\?status=ESCALATED&lang=it$"))
    rows = seen.page.locator(".queue-table tbody tr")
    expect(rows.filter(has_not=seen.page.get_by_text("A una persona", exact=True))).to_have_count(0)
    expect(rows.filter(has_not=seen.page.locator(".lang", has_text="it"))).to_have_count(0)
    expect(rows.first).to_be_visible()
    shown = rows.count()
    seen.page.reload()
    seen.settle()
    expect(seen.page.get_by_role("button", name="A una persona")).to_have_attribute("aria-pressed", "true")
    expect(rows).to_have_count(shown)


def test_words_that_match_nothing_offer_to_clear_the_filters(open_as: OPEN) -> None:
    seen = open_as()
    seen.go("/queue")
    seen.page.keyboard.press("/")
    seen.page.keyboard.type("xyzzy non esiste")
    expect(seen.page.get_by_text("Nessun ticket corrisponde ai filtri.")).to_be_visible()
    seen.page.locator(".empty").get_by_role("button", name="Togli i filtri").click()
    expect(seen.page.locator(".queue-table tbody tr").first).to_be_visible()


def test_the_queue_is_walked_and_a_ticket_opened_by_keyboard_alone(open_as: OPEN) -> None:
    seen = open_as()
    seen.go("/queue")
    rows = seen.page.locator(".queue-table tbody tr")
    expect(rows.nth(1)).to_be_visible()
    for key in "jjk":
        seen.page.keyboard.press(key)
    expect(rows.nth(0).get_by_role("link")).to_be_focused()
    wanted = rows.nth(1).get_by_role("link").inner_text()
    seen.page.keyboard.press("j")
    seen.page.keyboard.press("Enter")
    expect(seen.page.locator("h1")).to_be_focused()
    expect(seen.page.locator("h1")).to_contain_text(wanted[:40])


def test_the_keys_are_shown_on_a_question_mark(open_as: OPEN) -> None:
    seen = open_as(language="en")
    seen.go("/queue")
    expect(seen.page.locator(".queue-table")).to_be_visible()
    seen.page.keyboard.press("?")
    dialog = seen.page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_contain_text("Next ticket")
    seen.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_the_export_is_a_file_with_the_filtered_tickets(open_as: OPEN) -> None:
    seen = open_as()
    seen.go("/queue?status=ESCALATED")
    with seen.page.expect_download() as coming:
        seen.page.get_by_role("button", name="Esporta CSV").click()
    lines = coming.value.path().read_text("utf-8").splitlines()
    assert len(lines) > 1
    assert all("ESCALATED" in line for line in lines[1:] if line.startswith("tkt_"))


def test_html_in_a_ticket_is_shown_as_text(open_as: OPEN, ticket: OPEN) -> None:
    text = "<img src=x onerror=\"document.title='taken'\"><b>E035</b> lampeggia"
    made = ticket(text, error_code="E035")
    seen = open_as()
    seen.go("/queue")
    expect(seen.page.locator(f"[data-ticket='{made['ticket_id']}']")).to_contain_text("<img src=x")
    seen.go(f"/tickets/{made['ticket_id']}")
    expect(seen.page.locator("h1")).to_contain_text("<b>E035</b>")
    assert seen.page.locator("main img").count() == 0
    assert "taken" not in seen.page.title()


def test_what_is_most_urgent_stands_first_and_what_comes_in_takes_its_place(
    open_as: OPEN, service: OPEN, ticket: OPEN
) -> None:
    service.all_rested()
    seen = open_as()
    seen.go("/queue")
    with seen.page.expect_response("**/v1/tickets?*sort=urgency*"):
        seen.page.get_by_label("Ordine").select_option("urgency")
    rows = seen.page.locator(".queue-table tbody tr")
    expect(rows.filter(has=seen.page.get_by_text("Risposto", exact=True))).to_have_count(0)
    made = ticket("La colonnina non funziona.", priority="P1")
    expect(rows.and_(seen.page.locator(f"[data-ticket='{made['ticket_id']}']"))).to_be_visible()
    marks = rows.locator(".queue-priority .mono").all_inner_texts()
    assert len(marks) > 1
    assert marks == sorted(marks)
    seen.page.reload()
    expect(seen.page.get_by_label("Ordine")).to_have_value("urgency")
    expect(rows.first.locator(".priority-P1")).to_be_visible()
