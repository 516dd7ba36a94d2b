"""What an administrator does with events: look, let them happen again, rules, webhooks, schedules."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from tools.console import Demo, Visit

Open = Callable[..., Visit]


def test_events_are_listed_filtered_and_shown(open_as: Open) -> None:
    visit = open_as("admin", language="en")
    visit.go("/events")
    page = visit.page
    page.get_by_label("Kind").select_option("TicketStatusChanged")
    expect(page.locator("tbody tr").filter(has_not_text="TicketStatusChanged")).to_have_count(0)
    page.get_by_role("button", name="Show").first.click()
    expect(page.get_by_role("dialog").locator(".json")).to_contain_text(
        '"detail-type": "TicketStatusChanged"'
    )


def test_a_webhook_is_registered_its_secret_shown_once_and_removed(open_as: Open) -> None:
    visit = open_as("admin", language="en")
    visit.go("/events/webhooks")
    page = visit.page
    page.get_by_role("button", name="New webhook").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Address").fill("http://127.0.0.1/hook")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).not_to_be_empty()
    visit.forgive("status of 4")  # the browser notes the refusal
    dialog.get_by_label("Address").fill("https://8.8.8.8/rimedio")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog", name="The secret of this webhook").locator("pre")).not_to_be_empty()
    page.keyboard.press("Escape")
    row = page.locator("tbody tr", has_text="https://8.8.8.8/rimedio")
    expect(row).to_be_visible()
    row.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(row).to_have_count(0)


def test_a_schedule_is_made_paused_resumed_and_removed(open_as: Open) -> None:
    visit = open_as("admin", language="en")
    visit.go("/events/schedules")
    page = visit.page
    page.get_by_role("button", name="New schedule").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("1 to 64 letters")).to_be_visible()
    dialog.get_by_label("Name").fill("morning-report")
    dialog.get_by_label("When").select_option("weekdays")
    dialog.get_by_label("At *").fill("07:30")
    dialog.get_by_role("button", name="Save").click()
    row = page.locator("tbody tr", has_text="morning-report")
    expect(row).to_contain_text("Monday to Friday at 07:30")
    expect(row).to_contain_text("Europe/Rome")
    row.get_by_role("button", name="Pause morning-report").click()
    expect(row).to_contain_text("Paused")
    row.get_by_role("button", name="Resume morning-report").click()
    expect(row.get_by_text("On", exact=True)).to_be_visible()
    row.get_by_role("button", name="Delete morning-report").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(row).to_have_count(0)


def test_what_rimedio_does_by_the_clock_is_shown_and_cannot_be_changed(open_as: Open) -> None:
    visit = open_as("admin", language="en")
    visit.go("/events/schedules")
    row = visit.page.locator("tbody tr", has_text="nightly-sweep")
    expect(row).to_contain_text("Kept by Rimedio")
    expect(row.get_by_role("button")).to_have_count(1)


def test_a_schedule_that_cannot_be_is_refused_in_the_readers_language(open_as: Open) -> None:
    visit = open_as("admin", language="it")
    visit.go("/events/schedules")
    page = visit.page
    page.get_by_role("button", name="Nuova pianificazione").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Nome").fill("mai")
    dialog.get_by_label("Quando").select_option("cron")
    dialog.get_by_label("Espressione").fill("cron(0 8 * * * *)")
    dialog.get_by_role("button", name="Salva").click()
    expect(dialog.get_by_role("alert")).to_contain_text("ci dev'essere un solo «?»")
    visit.forgive("status of 4")  # the browser notes the refusal
    dialog.get_by_label("Nome").fill("nightly-sweep")
    dialog.get_by_role("button", name="Salva").click()
    expect(dialog.get_by_text("Ce n'è già una di nome nightly-sweep.")).to_be_visible()


@pytest.mark.parametrize(
    ("path", "tab", "body", "kept"),
    [
        (
            "/v1/schedules",
            "schedules",
            {"expression": "rate(9 days)", "input": {"a": 1}, "window_minutes": 5},
            "input",
        ),
        (
            "/v1/events/rules",
            "rules",
            {
                "pattern": {"detail-type": ["ArticleApproved"]},
                "input_transformer": {"input_template": '"<t>"', "input_paths_map": {"t": "$.detail.title"}},
            },
            "targets",
        ),
    ],
)
def test_pausing_loses_nothing_that_the_page_does_not_show(
    open_as: Open, service: Demo, path: str, tab: str, body: dict[str, object], kept: str
) -> None:
    name = f"pause-{tab}"
    with service.client("admin") as api:
        before = api.put(f"{path}/{name}", json={"target": "log:", **body}).raise_for_status().json()
        visit = open_as("admin", language="en")
        visit.go(f"/events/{tab}")
        row = visit.page.locator("tbody tr", has_text=name)
        row.get_by_role("button", name=f"Pause {name}").click()
        expect(row).to_contain_text("Paused")
        items = api.get(path).raise_for_status().json()["items"]
        api.delete(f"{path}/{name}").raise_for_status()
    after = next(one for one in items if one["name"] == name)
    assert before[kept]
    assert (after[kept], after["enabled"]) == (before[kept], False)


def test_events_happen_again_over_a_span(open_as: Open, service: Demo) -> None:
    visit = open_as("admin", language="en")
    visit.go("/events/replays")
    page = visit.page
    page.get_by_role("button", name="Replay events").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("From").fill("2026-01-02T10:00")
    dialog.get_by_label("Up to").fill("2026-01-02T09:00")
    dialog.get_by_role("button", name="Replay", exact=True).click()
    expect(dialog.get_by_text("Later than the beginning.")).to_be_visible()
    dialog.get_by_label("Up to").fill("2026-01-02T10:30")
    dialog.get_by_role("button", name="Replay", exact=True).click()
    row = page.locator("tbody tr", has_text="2 Jan 2026, 10:00").first
    expect(row.get_by_text("Done")).to_be_visible()
    with service.client("admin") as api:
        asked = api.get("/v1/events/replays").raise_for_status().json()["items"][0]
    assert (asked["from"], asked["to"]) == ("2026-01-02T09:00:00Z", "2026-01-02T09:30:00Z")  # in Rome


def test_a_rule_is_made_for_a_known_target(open_as: Open) -> None:
    visit = open_as("admin", language="en")
    visit.go("/events/rules")
    page = visit.page
    page.get_by_role("button", name="New rule").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Rule").fill("escalations")
    dialog.get_by_label("Pattern").fill('{"a": 1}')
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Event pattern is not valid")
    visit.forgive("status of 4")  # the browser notes the refusal
    dialog.get_by_label("Pattern").fill('{"detail": {"status": ["ESCALATED"]}}')
    dialog.get_by_role("button", name="Save").click()
    row = page.locator("tbody tr", has_text="escalations")
    expect(row).to_contain_text("log:")
    row.get_by_role("button", name="Delete escalations").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(row).to_have_count(0)
