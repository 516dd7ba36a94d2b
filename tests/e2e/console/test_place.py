"""What is drawn anew leaves the reader where they are: focus, selection, words half written, the address."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect
from tools.console import Demo, Visit

Open = Callable[..., Visit]
Run = Callable[[str, str], Any]
# A table of two rows, each with a button; `table.show(page)` shows it again as often as a test likes.
TABLE = """(m) => {
  const press = (one) => Object.assign(document.createElement("button"), { textContent: "Stop" });
  const columns = [{ key: "a", label: "A", header: true, cell: (one) => one.a }, { key: "b", label: "B", cell: press }];
  const table = new m.GrowingTable({ caption: "T", columns, id: (one) => one.id });
  document.body.append(...table.nodes);
  const page = (...items) => ({ items, next_cursor: null });
  const rows = () => [...table.node.querySelectorAll("tbody tr")];
  const focus = () => rows().findIndex((row) => row.contains(document.activeElement));
  try {
    %s
  } finally {
    table.nodes.forEach((node) => node.remove());
  }
}"""


def test_rows_that_are_as_they_were_stay_the_very_rows(run: Run) -> None:
    kept = run(
        "elements/growing-table.js",
        TABLE
        % """
        table.show(page({ id: "1", a: 1 }, { id: "2", a: 2 }));
        const [first, second] = rows();
        second.querySelector("button").focus();
        table.show(page({ id: "0", a: 0 }, { id: "1", a: 9 }, { id: "2", a: 2 }));
        return [rows().length, rows()[1] === first, rows()[2] === second, focus()];
        """,
    )
    assert kept == [3, False, True, 2]


def test_the_focus_stays_in_a_row_that_changes_and_goes_on_where_one_is_gone(run: Run) -> None:
    places = run(
        "elements/growing-table.js",
        TABLE
        % """
        table.show(page({ id: "1", a: 1 }, { id: "2", a: 2 }, { id: "3", a: 3 }));
        rows()[1].querySelector("button").focus();
        const places = [];
        for (const shown of [
          page({ id: "1", a: 1 }, { id: "2", a: 7 }, { id: "3", a: 3 }),
          page({ id: "1", a: 1 }, { id: "3", a: 3 }),
          page({ id: "1", a: 1 }),
        ]) {
          table.show(shown);
          places.push([focus(), document.activeElement.textContent]);
        }
        return places;
        """,
    )
    assert places == [[1, "Stop"], [1, "Stop"], [0, "Stop"]]


def test_what_is_filled_again_with_the_same_stays_the_same(run: Run) -> None:
    same = run(
        "dom.js",
        """(m) => {
          const box = m.refill(m.h("div"), m.h("b", {}, "one"), "two", m.h("i", {}, "three"));
          const [one, two, three] = box.childNodes;
          m.refill(box, m.h("b", {}, "one"), "2", m.h("i", {}, "three"));
          const still = [box.textContent, box.childNodes[0] === one, box.childNodes[1] === two, box.childNodes[2] === three];
          m.refill(box, three, one);
          return [...still, box.textContent, box.firstChild === three];
        }""",
    )
    assert same == ["one2three", True, False, True, "threeone", True]


def test_a_button_that_was_busy_has_the_focus_again(run: Run) -> None:
    focused = run(
        "elements/button.js",
        """async (m) => {
          const node = m.button("Save");
          document.body.append(node);
          node.focus();
          const frames = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
          await m.busy(node, frames);
          const focused = document.activeElement === node;
          node.remove();
          return focused;
        }""",
    )
    assert focused


def test_a_list_that_is_asked_for_again_and_again_leaves_the_focus_alone(open_as: Open) -> None:
    going = {
        "replay_id": "r-1",
        "from": "2026-01-02T09:00:00Z",
        "to": "2026-01-02T09:30:00Z",
        "rules": [],
        "status": "RUNNING",
        "replayed": 1,
        "started_at": "2026-01-03T09:30:00Z",
        "ended_at": None,
    }
    visit = open_as("admin", language="en")
    page = visit.page
    page.route(
        "**/v1/events/replays", lambda route: route.fulfill(json={"items": [going], "next_cursor": None})
    )
    visit.go("/events/replays")
    row = page.locator("tbody tr")
    row.evaluate("row => { row.isTheFirst = true; }")
    stop = row.get_by_role("button", name="Stop the replay")
    stop.focus()
    for _ in range(2):
        with page.expect_response("**/v1/events/replays"):
            pass
    assert row.evaluate("row => row.isTheFirst === true")
    going["replayed"] = 42
    expect(row).to_contain_text("42")
    expect(stop).to_be_focused()


def test_a_message_that_is_being_written_outlasts_what_happens_to_its_ticket(
    open_as: Open, service: Demo, ticket: Callable[..., dict[str, Any]]
) -> None:
    made = ticket("E035 sul display, la ricarica non parte", error_code="E035")
    visit = open_as("operator")
    visit.go(f"/tickets/{made['ticket_id']}/conversation")
    message = visit.page.get_by_label("Scrivi un messaggio")
    message.press_sequentially("Buongiorno, arriviamo dom")
    with service.client() as api:
        api.post(f"/v1/tickets/{made['ticket_id']}/resolve", json={}).raise_for_status()
    expect(visit.page.locator(".ticket-above")).to_contain_text("Risolto")
    message.press_sequentially("ani")
    expect(message).to_have_value("Buongiorno, arriviamo domani")
    expect(message).to_be_focused()


def test_the_words_of_one_tab_are_not_those_of_another(open_as: Open) -> None:
    visit = open_as("operator", language="it")
    visit.go("/knowledge/search?q=E029")
    page = visit.page
    page.get_by_role("tab", name="Documenti").click()
    documents = page.get_by_label("Trova un documento")
    expect(documents).to_have_value("")
    expect(page.locator(".table tbody tr").first).to_be_visible()
    with page.expect_response("**/v1/kb/documents?q=domande"):
        documents.fill("domande")
    page.get_by_role("tab", name="Cerca").click()
    assert page.url.endswith("#/knowledge/search?q=E029")
    page.get_by_role("tab", name="Documenti").click()
    assert page.url.endswith("#/knowledge/documents?q=domande")
