"""Routes of the knowledge base, over the real index."""

import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.unit.lambdas.client import Client
from tests.unit.lambdas.test_tickets import BODY
from tools.pdf_writer import DocumentInfo, PdfPage, write_pdf

from rimedio.bootstrap import Rimedio
from rimedio.observability.correlation import bound

MANUAL = b"# XC-200\n\n## E029 Overheat\n\nThe filter is clogged.\n\nRemedy: replace the filter XC2-FLT-01.\n"


@pytest.fixture
def document_id(system: Rimedio) -> str:
    return system.ingestor.ingest_bytes(MANUAL, "xc.md", "acme", source_uri="upload:///xc.md").document_id


def test_documents_are_listed_and_read(call: Client, document_id: str) -> None:
    (item,) = call("GET", "/v1/kb/documents?q=xc").json["items"]
    assert (item["document_id"], item["status"], item["embedded"]) == (document_id, "INDEXED", 0.0)
    one = call("GET", f"/v1/kb/documents/{document_id}").json
    assert one["has_original"] is False
    assert call("GET", "/v1/kb/documents?status=REFUSED").json["items"] == []


def test_another_tenants_documents_do_not_exist(call: Client, document_id: str) -> None:
    call.tenant = "globex"
    assert call("GET", "/v1/kb/documents").json["items"] == []
    for method, rest in (("GET", ""), ("DELETE", ""), ("GET", "/original"), ("GET", "/pages/1")):
        assert call(method, f"/v1/kb/documents/{document_id}{rest}").code == "NOT_FOUND"


def test_a_document_is_forgotten(call: Client, document_id: str) -> None:
    assert call("DELETE", f"/v1/kb/documents/{document_id}").status == 204
    assert call("GET", f"/v1/kb/documents/{document_id}").status == 404
    assert call("POST", "/v1/kb/search", {"query": "E029"}).json["items"] == []


def test_passages_are_found_marked_and_shown_where_they_stand(call: Client, document_id: str) -> None:
    found = call("POST", "/v1/kb/search", {"query": "E029 filter", "limit": 3}).json
    assert found["took_ms"] >= 0
    best = found["items"][0]
    start, end = best["highlights"][-1]
    assert best["chunk"]["text"][start:end] == "filter"
    quote = "replace the filter"
    shown = call("GET", f"/v1/kb/passages/{best['chunk']['chunk_id']}?quote=replace%20the%20filter").json
    assert shown["chunk"]["text"][shown["quote"]["start"] : shown["quote"]["end"]] == quote
    assert shown["document"]["document_id"] == document_id
    assert shown["page"] is None


def test_a_page_is_a_picture_and_its_file_is_saved_never_shown(call: Client, system: Rimedio) -> None:
    page = PdfPage()
    page.heading("E029 Overheat", 14)
    page.paragraph("The filter is clogged. Replace the filter XC2-FLT-01 and restart the station.")
    data = write_pdf([page], DocumentInfo("XC-200", "Manual", "", datetime(2026, 1, 1, tzinfo=UTC)))
    loaded = system.manuals.load("acme", data, 'manual "x".pdf')
    system.manuals.reading.run_once()
    picture = call("GET", f"/v1/kb/documents/{loaded.document_id}/pages/1?width=400")
    assert picture.headers["Content-Type"] == "image/png"
    assert base64.b64decode(picture.body).startswith(b"\x89PNG")
    assert call("GET", f"/v1/kb/documents/{loaded.document_id}/pages/2").code == "NOT_FOUND"
    assert call("GET", f"/v1/kb/documents/{loaded.document_id}/pages/1?width=99999").status == 400
    original = call("GET", f"/v1/kb/documents/{loaded.document_id}/original")
    assert base64.b64decode(original.body) == data
    assert original.headers["Content-Type"] == "application/octet-stream"
    assert original.headers["Content-Disposition"].startswith('attachment; filename="manual _x_.pdf"')


def test_an_original_comes_in_pieces_that_belong_together(call: Client, system: Rimedio) -> None:
    loaded = system.manuals.load("acme", MANUAL, "xc.md")
    path = f"/v1/kb/documents/{loaded.document_id}/original"
    first = call("GET", path, Range="bytes=0-9")
    assert (first.status, base64.b64decode(first.body)) == (206, MANUAL[:10])
    assert first.headers["Content-Range"] == f"bytes 0-9/{len(MANUAL)}"
    assert first.headers["Content-Disposition"].startswith('attachment; filename="xc.md"')
    rest = call("GET", path, Range="bytes=10-", If_Range=first.headers["ETag"])
    assert base64.b64decode(rest.body) == MANUAL[10:]
    system.manuals.load("acme", MANUAL * 2, "xc.md")
    again = call("GET", path, Range="bytes=10-", If_Range=first.headers["ETag"])
    assert (again.status, base64.b64decode(again.body)) == (200, MANUAL * 2)
    assert call("GET", path, Range="bytes=10-", If_Match=first.headers["ETag"]).status == 412
    call.tenant = "globex"
    assert call("GET", path, Range="bytes=0-9").code == "NOT_FOUND"


def test_an_original_in_its_folder_comes_in_pieces_while_it_is_what_was_read(
    call: Client, system: Rimedio, tmp_path: Path
) -> None:
    path = tmp_path / "pump.md"
    path.write_bytes(MANUAL)
    system.ingestor.ingest([path], "acme")
    (record,) = system.manuals.list("acme").records
    original = f"/v1/kb/documents/{record.document_id}/original"
    assert base64.b64decode(call("GET", original, Range="bytes=-5").body) == MANUAL[-5:]
    path.write_bytes(b"something private")
    assert call("GET", original, Range="bytes=-5").code == "NOT_FOUND"
    assert call("GET", f"/v1/kb/documents/{record.document_id}").json["has_original"] is False


def test_no_answer_names_the_folders_of_the_machine(call: Client, system: Rimedio, tmp_path: Path) -> None:
    folder = tmp_path / "private-share" / "manuals"
    folder.mkdir(parents=True)
    (folder / "xc-200.md").write_bytes(MANUAL)
    system.ingestor.ingest([folder], "acme")
    (record,) = system.documents.list_all("acme").records
    assert record.source_uri == str(folder / "xc-200.md")
    opened = call(
        "POST", "/v1/tickets", BODY | {"symptom_text": "E029, the filter is clogged. What do I do?"}
    )
    ticket = f"/v1/tickets/{opened.json['ticket_id']}"
    system.runner.settle(system.tickets.get("acme", opened.json["ticket_id"]))
    found = call("POST", "/v1/kb/search", {"query": "E029 filter"})
    assert found.json["items"][0]["chunk"]["source_uri"] == "xc-200.md"
    chunk_id = found.json["items"][0]["chunk"]["chunk_id"]
    answers = [found] + [
        call("GET", path)
        for path in (
            *("/v1/kb/documents", f"/v1/kb/documents/{record.document_id}", f"/v1/kb/passages/{chunk_id}"),
            *(ticket, f"{ticket}/solution", f"{ticket}/run", f"{ticket}/investigation"),
        )
    ]
    assert all(answer.status in (200, 404) for answer in answers)
    assert not [answer.body for answer in answers if "private-share" in answer.body]
    assert sum('"source_uri"' in answer.body for answer in answers) >= 5
    assert call("GET", "/v1/kb/documents?q=private-share").json["items"] == []
    assert len(call("GET", "/v1/kb/documents?q=xc-200.md").json["items"]) == 1


def test_coverage_counts_the_callers_own_knowledge(call: Client, document_id: str) -> None:
    held = call("GET", "/v1/kb/coverage").json
    assert (held["documents"], held["embedded"], held["share"], held["model"]) == (1, 0, 0.0, "none")
    call.tenant = "globex"
    assert call("GET", "/v1/kb/coverage").json["documents"] == 0


def test_a_question_without_words_is_refused(call: Client) -> None:
    assert call("POST", "/v1/kb/search", {"query": "   "}).status == 400


def test_an_answer_cites_its_passages(call: Client, document_id: str) -> None:
    answered = call("POST", "/v1/ask", {"question": "What do I do about E029 on the XC-200?"})
    assert answered.status == 200
    assert answered.json["citations"][0]["snippet"]
    assert call("POST", "/v1/ask", {"question": ""}).status == 400


def test_where_the_budget_is_spent_asking_is_forbidden_not_broken(call: Client, document_id: str) -> None:
    assert call("PUT", "/v1/budget", {"monthly_usd": 0}).status == 200
    with bound(tenant="acme"):  # as the gateway does around every request
        answered = call("POST", "/v1/ask", {"question": "What do I do about E029 on the XC-200?"})
    assert (answered.status, answered.code) == (403, "FORBIDDEN")
    assert "budget" in answered.body
