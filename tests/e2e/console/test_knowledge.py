"""Loading, finding and forgetting documents; missing answers and articles."""

import itertools
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect
from tools.console import Demo, Visit

Open = Callable[..., Visit]

_number = itertools.count(1)
DROP = """([zone, name, bytes]) => {
  const carried = new DataTransfer();
  carried.items.add(new File([new Uint8Array(bytes)], name, { type: "application/pdf" }));
  for (const kind of ["dragenter", "dragover", "drop"]) {
    zone.dispatchEvent(new DragEvent(kind, { dataTransfer: carried, bubbles: true, cancelable: true }));
  }
}"""


def pdf(*lines: tuple[int, str]) -> bytes:
    """A PDF of one page with these lines, each of its size, written operator by operator."""
    words = "\n".join(
        f"BT /F1 {size} Tf 60 {760 - 30 * n} Td ({line}) Tj ET" for n, (size, line) in enumerate(lines)
    )
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 6 0 R >>",
        f"<< /Length {len(words)} >>\nstream\n{words}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        "<< /Font << /F1 5 0 R >> >>",
    ]
    body, places = "%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    size = len(objects) + 1
    return (
        f"{body}xref\n0 {size}\n0000000000 65535 f \n{table}"
        f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF"
    ).encode("ascii")


@pytest.fixture
def manual() -> tuple[str, str, bytes]:
    """Name, error code and bytes of a manual that nobody has loaded yet."""
    number = next(_number)
    code = f"Q{400 + number}"
    return (
        f"zefiro-{number}.pdf",
        code,
        pdf(
            (22, f"Zefiro {number} service manual"),
            (16, f"{code} Condensate pump blocked"),
            (11, f"Error {code} means that the condensate pump of the Zefiro {number} is blocked."),
            (11, "Rinse the pump with warm water and check the float switch."),
        ),
    )


def loaded(page: Page, name: str) -> None:
    """Wait until a file of the loading list is searchable."""
    row = page.locator(".load").filter(has=page.get_by_role("link"))
    expect(row.filter(has_text="Searchable").first).to_be_visible()
    expect(page.locator(".load", has_text=name)).to_have_count(0)  # its title has taken the place of its name


def found(visit: Visit, code: str) -> None:
    """The code leads to its passage, with its hit marked and the reason said."""
    visit.go(f"/knowledge/search?q={code}")
    first = visit.page.locator(".hit").first
    expect(first).to_contain_text(f"Explains code {code}")
    expect(first.locator("mark").first).to_have_text(code)


def test_a_pdf_is_dropped_and_found_by_its_code(open_as: Open, manual: tuple[str, str, bytes]) -> None:
    name, code, content = manual
    visit = open_as("admin", language="en")
    visit.go("/knowledge")
    zone = visit.page.locator(".drop").element_handle()
    visit.page.evaluate(DROP, [zone, name, list(content)])
    loaded(visit.page, name)
    found(visit, code)


def test_a_pdf_is_loaded_and_found_with_the_keyboard_alone(
    open_as: Open, manual: tuple[str, str, bytes], tmp_path: Path
) -> None:
    name, code, content = manual
    file = tmp_path / name
    file.write_bytes(content)
    visit = open_as("admin", language="en")
    visit.go("/knowledge")
    page = visit.page
    expect(page.locator("tbody tr").first).to_be_visible()  # the page has come to rest
    page.get_by_role("heading", level=1).focus()
    tab_to(page, "Choose files")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(file)
    loaded(page, name)
    page.get_by_role("tab", name="Documents").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Search")).to_be_focused()
    field = page.get_by_role("tabpanel", name="Search").get_by_role("searchbox")
    expect(field).to_be_visible()
    page.keyboard.press("Tab")
    expect(field).to_be_focused()
    page.keyboard.type(code)
    page.keyboard.press("Enter")
    expect(page.locator(".hit").first).to_contain_text(f"Explains code {code}")


def tab_to(page: Page, words: str) -> None:
    """Press Tab until the thing with these words has the focus."""
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent").strip() == words:
            return
    pytest.fail(f"Tab never reaches {words}")


def test_a_paused_upload_goes_on_where_it_stopped(open_as: Open, tmp_path: Path) -> None:
    visit = open_as("admin", language="en")
    visit.go("/knowledge")
    page = visit.page
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)  # a piece that is on its way for as long as nobody lets it go on

    sent: list[str] = []
    page.on("request", lambda asked: sent.append(asked.url) if "/parts/" in asked.url else None)
    page.route("**/parts/2", hold)
    file = tmp_path / "long.txt"
    file.write_bytes(
        b" " * 6_000_000
    )  # without a word in it: nothing to read and to embed while other tests go on
    page.locator("rim-drop-zone input[type=file]").set_input_files(file)
    expect(page.get_by_text("Sending,")).not_to_have_text("Sending, 0%")
    page.get_by_role("button", name="Pause long.txt").click()
    expect(page.get_by_text("Nothing is lost.")).to_be_visible()
    page.unroute("**/parts/2")
    page.get_by_role("button", name="Go on with long.txt").click()
    expect(page.locator(".load", has_text="long.txt")).to_contain_text("Refused")
    assert sum(url.endswith("/parts/1") for url in sent) == 1


def test_a_file_that_cannot_be_read_says_why(open_as: Open, tmp_path: Path) -> None:
    visit = open_as("admin", language="en")
    visit.go("/knowledge")
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.4\nnothing more")
    visit.page.locator("rim-drop-zone input[type=file]").set_input_files(broken)
    row = visit.page.locator(".load.tone-bad", has_text="broken.pdf")
    expect(row.locator(".load-words")).to_contain_text("PDF")
    visit.forgive("status of 4")  # the browser notes the refusal


def test_a_document_shows_its_pages_and_is_deleted_after_a_question(
    open_as: Open, manual: tuple[str, str, bytes], tmp_path: Path
) -> None:
    name, code, content = manual
    file = tmp_path / name
    file.write_bytes(content)
    visit = open_as("admin", language="en")
    visit.go("/knowledge")
    page = visit.page
    page.locator("rim-drop-zone input[type=file]").set_input_files(file)
    loaded(page, name)
    page.locator(".load-acts").get_by_role("link", name="Open").click()
    expect(page.get_by_role("img", name="Page 1 of")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator(".toast", has_text="was deleted")).to_be_visible()
    visit.go(f"/knowledge/search?q={code}")
    expect(page.get_by_text(f"Explains code {code}")).to_have_count(0)


def test_only_who_may_load_sees_where_to_drop(open_as: Open) -> None:
    visit = open_as("operator", language="en")
    visit.go("/knowledge")
    expect(visit.page.get_by_role("table")).to_be_visible()
    expect(visit.page.locator(".drop")).to_have_count(0)
    visit.page.locator(".row-link").first.click()
    expect(visit.page.locator(".facts")).to_be_visible()
    expect(visit.page.get_by_role("button", name="Delete")).to_have_count(0)


def test_the_list_is_narrowed_while_typing_and_the_address_keeps_it(open_as: Open) -> None:
    visit = open_as("operator", language="it")
    visit.go("/knowledge")
    visit.page.get_by_label("Trova un documento").fill("domande")
    rows = visit.page.locator("tbody tr")
    expect(rows.filter(has_not_text="Domande")).to_have_count(0)
    expect(rows.first).to_be_visible()
    expect(visit.page).to_have_url(re.compile("domande"))  # written when the typing has rested
    visit.page.reload()
    expect(visit.page.get_by_label("Trova un documento")).to_have_value("domande")


def test_a_hit_opens_its_passage(open_as: Open) -> None:
    visit = open_as("technician", language="it")
    visit.go("/knowledge/search?q=E029")
    visit.page.get_by_role("button", name="Mostra nel manuale").first.click()
    expect(visit.page.get_by_role("dialog").locator(".passage-text, .page-picture")).to_be_visible()


def test_missing_answers_are_grouped_with_their_tickets(
    open_as: Open, ticket: Callable[..., object], service: Demo
) -> None:
    ticket("Quale colore di vernice devo ordinare per il mobiletto esterno?", model="TP-8")
    service.has_gap("colore di vernice")
    visit = open_as("operator", language="en")
    visit.go("/knowledge/gaps")
    gap = visit.page.locator(".gap", has=visit.page.locator(".gap-tickets")).first
    expect(gap.get_by_role("heading")).not_to_be_empty()
    gap.locator("summary").click()
    expect(gap.locator(".gap-tickets a").first).to_contain_text("tkt_")


def test_a_question_that_is_not_for_the_manuals_is_dismissed(
    open_as: Open, ticket: Callable[..., object], service: Demo
) -> None:
    ticket("Come detraggo la spesa nella dichiarazione dei redditi?", model="TP-8")
    service.has_gap("dichiarazione dei redditi")
    visit = open_as("operator", language="en")
    visit.go("/knowledge/gaps")
    gap = visit.page.locator(".gap", has_text="dichiarazione dei redditi")
    gap.get_by_role("button", name="Dismiss").click()
    visit.page.get_by_role("dialog").get_by_role("button", name="Dismiss").click()
    expect(gap).to_have_count(0)


def test_an_article_from_solved_tickets_is_corrected_and_approved(open_as: Open, service: Demo) -> None:
    with service.client() as api:
        answered = api.get("/v1/tickets", params={"status": "READY", "limit": 1}).raise_for_status().json()
        solved = answered["items"][0]
        api.post(f"/v1/tickets/{solved['ticket_id']}/resolve", json={}).raise_for_status()
    visit = open_as("admin", language="en")
    visit.go("/knowledge/articles")
    page = visit.page
    page.get_by_role("button", name="New article").click()
    page.get_by_role("dialog").get_by_label("Other solved tickets").fill(solved["ticket_id"])
    page.get_by_role("dialog").get_by_role("button", name="Make a draft").click()
    body = page.get_by_label("Text")
    expect(body).not_to_be_empty()
    body.fill(body.input_value() + "\n\n## Checked by hand\n\n<b>not markup</b>\n")
    expect(page.locator(".prose").get_by_role("heading", name="Checked by hand")).to_be_visible()
    expect(page.locator(".prose")).to_contain_text("<b>not markup</b>")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".toast", has_text="Saved.")).to_be_visible()
    page.get_by_role("button", name="Approve").click()
    page.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Answers may quote it.")).to_be_visible()
