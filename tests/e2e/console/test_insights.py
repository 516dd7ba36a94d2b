"""Figures as charts that can be read by eye, by keyboard and as tables; the budget; learning."""

import re
from collections.abc import Callable

from playwright.sync_api import expect
from tools.console import Visit

Open = Callable[..., Visit]


def test_a_chart_is_read_with_the_arrow_keys(open_as: Open) -> None:
    visit = open_as("operator", language="en")
    visit.go("/insights")
    chart = visit.page.get_by_role("slider", name="What became of the tickets")
    chart.focus()
    visit.page.keyboard.press("End")
    today = chart.get_attribute("aria-valuetext")
    visit.page.keyboard.press("ArrowLeft")
    before = chart.get_attribute("aria-valuetext")
    visit.page.keyboard.press("Home")
    assert today is not None
    assert "Sent at once" in today
    assert len({today, before, chart.get_attribute("aria-valuetext")}) == 3


def test_a_chart_and_its_table_say_the_same(open_as: Open) -> None:
    visit = open_as("operator", language="en")
    visit.go("/insights")
    figure = visit.page.locator("figure.chart", has_text="What became of the tickets").first
    figure.get_by_text("Data as a table").click()
    cells = figure.locator("tbody tr").last.locator("th, td").all_inner_texts()
    visit.page.get_by_role("slider", name="What became of the tickets").focus()
    visit.page.keyboard.press("End")
    said = figure.locator(".chart-readout").inner_text()
    assert said.startswith(cells[0])
    assert [part.rsplit(" ", 1)[1] for part in said.split(": ", 1)[1].split(" · ")] == cells[1:]


def test_the_pointer_reads_a_chart_too(open_as: Open) -> None:
    visit = open_as("operator", language="en")
    visit.go("/insights")
    figure = visit.page.locator("figure.chart", has_text="Opened and resolved").first
    plot = figure.get_by_role("slider")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    visit.page.mouse.move(box["x"] + 50, box["y"] + 60)
    first = figure.locator(".chart-readout").inner_text()
    visit.page.mouse.move(box["x"] + box["width"] - 20, box["y"] + 60)
    expect(figure.locator(".chart-readout")).not_to_have_text(first)
    expect(figure.locator(".chart-cursor")).to_have_count(1)


def test_another_period_stays_in_the_address(open_as: Open) -> None:
    visit = open_as("operator", language="en")
    visit.go("/insights")
    with visit.page.expect_response(lambda answer: "days=7" in answer.url):
        visit.page.get_by_text("7 days").click()
    visit.page.reload()
    expect(visit.page.get_by_role("radio", name="7 days")).to_be_checked()


def test_an_administrator_changes_the_budget(open_as: Open) -> None:
    visit = open_as("admin", language="it")
    visit.go("/insights")
    page = visit.page
    page.get_by_role("button", name="Modifica").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Dollari al mese").fill("75,50")
    dialog.get_by_label("Solo citazioni").fill("60")
    dialog.get_by_role("button", name="Salva").click()
    expect(dialog.get_by_text("Non prima del gradino precedente.")).to_be_visible()
    dialog.get_by_label("Solo citazioni").fill("85")
    dialog.get_by_role("button", name="Salva").click()
    expect(page.get_by_text("Il budget è stato modificato.").first).to_be_visible()
    page.reload()
    expect(page.locator("rim-budget")).to_contain_text("75,50")


def test_an_operator_reads_the_budget_and_cannot_change_it(open_as: Open) -> None:
    visit = open_as("operator", language="en")
    visit.go("/insights")
    expect(visit.page.locator("rim-budget .tile-value")).to_be_visible()
    expect(visit.page.get_by_role("button", name="Change")).to_have_count(0)


def test_a_technician_has_no_insights(open_as: Open) -> None:
    visit = open_as("technician", language="en")
    visit.go("/queue")
    expect(visit.page.locator(".nav [data-nav=insights]")).to_have_count(0)


def test_retraining_is_asked_about_first(open_as: Open) -> None:
    visit = open_as("admin", language="en")
    visit.go("/learning")
    visit.page.get_by_role("button", name="Retrain").click()
    dialog = visit.page.get_by_role("dialog")
    expect(dialog).to_contain_text("Nothing is decided by it until it is promoted.")
    visit.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_where_days_begin_at_another_hour_the_page_says_so(open_as: Open) -> None:
    visit = open_as("operator", language="en")
    visit.go("/insights")
    said = visit.page.get_by_text("Days are counted in UTC")
    expect(said).to_have_text(re.compile("here they begin at 0[12]:00"))  # in Rome, in winter and in summer
