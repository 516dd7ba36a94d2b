"""Routes of uploads: pieces in any order, a ticket's file, a document of the knowledge base."""

import base64
import hashlib

import pytest
from tests.unit.lambdas.client import Answered, Client
from tests.unit.lambdas.test_tickets import BODY

from rimedio.bootstrap import Rimedio

LOG = b"2026-01-01 E029 temperature 81 C\n" * 4
MANUAL = b"# XC-300\n\n## E031 Fan fault\n\nThe fan does not turn.\n\nRemedy: replace the fan.\n"


def announced(call: Client, data: bytes = LOG, name: str = "display.log", kind: str = "LOG") -> str:
    body = {"name": name, "type": kind, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    made = call("POST", "/v1/uploads", body)
    assert (made.status, made.json["parts"]) == (201, 1)
    return str(made.json["upload_id"])


def put(call: Client, upload_id: str, data: bytes, number: int = 1) -> Answered:
    event = {
        "httpMethod": "PUT",
        "path": f"/v1/uploads/{upload_id}/parts/{number}",
        "headers": {"Content-Type": "application/octet-stream"},
        "body": base64.b64encode(data).decode(),
        "isBase64Encoded": True,
        "requestContext": {
            "requestId": "req-0001",
            "authorizer": {"tenant_id": call.tenant, "subject": "olga", "roles": "technician"},
        },
    }
    found = call.handler(event)
    return Answered(found["statusCode"], {}, found["body"])


def test_a_file_in_pieces_becomes_a_tickets_attachment(call: Client) -> None:
    upload_id = announced(call)
    assert call("POST", f"/v1/uploads/{upload_id}/complete").code == "CONFLICT"
    assert put(call, upload_id, LOG).json == {
        "number": 1, "size": len(LOG), "sha256": hashlib.sha256(LOG).hexdigest()
    }  # fmt: skip
    assert call("GET", f"/v1/uploads/{upload_id}").json["received"] == [1]
    attachment = call("POST", f"/v1/uploads/{upload_id}/complete").json
    opened = call("POST", "/v1/tickets", BODY | {"attachments": [attachment]})
    assert opened.status == 202, opened.body
    path = f"/v1/tickets/{opened.json['ticket_id']}/attachments/{attachment['id']}"
    kept = call("GET", path)
    assert base64.b64decode(kept.body) == LOG
    assert kept.headers["Content-Disposition"].startswith('attachment; filename="display.log"')
    call.tenant = "globex"
    assert call("GET", path).code == "NOT_FOUND"


def test_what_is_not_as_announced_is_a_conflict(call: Client) -> None:
    upload_id = announced(call)
    assert put(call, upload_id, LOG + b"more").code == "CONFLICT"
    assert put(call, upload_id, LOG, number=2).code == "CONFLICT"
    assert put(call, upload_id, LOG[:-1] + b"!").status == 200
    assert call("POST", f"/v1/uploads/{upload_id}/complete").code == "CONFLICT"


@pytest.mark.parametrize(
    "change", [{"size": 0}, {"size": -1}, {"type": "EXE"}, {"name": ""}, {"sha256": "x"}, {"path": "/etc"}]
)
def test_an_announcement_that_makes_no_sense_is_refused(call: Client, change: dict[str, object]) -> None:
    body = {"name": "display.log", "type": "LOG", "size": 3} | change
    assert call("POST", "/v1/uploads", body).code == "VALIDATION_ERROR"


def test_another_tenants_upload_does_not_exist(call: Client) -> None:
    upload_id = announced(call)
    call.tenant = "globex"
    assert call("GET", f"/v1/uploads/{upload_id}").code == "NOT_FOUND"
    assert call("DELETE", f"/v1/uploads/{upload_id}").code == "NOT_FOUND"
    assert put(call, upload_id, LOG).code == "NOT_FOUND"


def test_an_upload_that_is_given_up_is_gone(call: Client) -> None:
    upload_id = announced(call)
    assert call("DELETE", f"/v1/uploads/{upload_id}").status == 204
    assert call("GET", f"/v1/uploads/{upload_id}").code == "NOT_FOUND"


@pytest.mark.parametrize(
    "uri",
    ["object:attachments/none.log", "object:../secret", "file:///etc/passwd", "http://127.0.0.1/x", "x"],
)
def test_a_ticket_names_only_its_tenants_files(call: Client, uri: str) -> None:
    attachment = {"id": "a1", "type": "LOG", "uri": uri}
    assert call("POST", "/v1/tickets", BODY | {"attachments": [attachment]}).status in (400, 409)


def test_an_upload_becomes_a_document_that_is_found(call: Client, system: Rimedio) -> None:
    upload_id = announced(call, MANUAL, "xc-300.md", "DOCUMENT")
    assert call("POST", "/v1/kb/documents", {"upload_id": upload_id}).code == "CONFLICT"
    put(call, upload_id, MANUAL)
    call("POST", f"/v1/uploads/{upload_id}/complete")
    loaded = call("POST", "/v1/kb/documents", {"upload_id": upload_id, "title": "XC-300"})
    assert (loaded.status, loaded.json["status"], loaded.json["title"]) == (202, "PROCESSING", "XC-300")
    system.manuals.reading.run_once()
    assert call("GET", f"/v1/kb/documents/{loaded.json['document_id']}").json["status"] == "INDEXED"
    assert call("POST", "/v1/kb/search", {"query": "E031"}).json["items"]


def test_the_run_of_a_ticket_is_told_step_by_step(call: Client, system: Rimedio) -> None:
    ticket_id = call("POST", "/v1/tickets", BODY).json["ticket_id"]
    system.runner.settle(system.tickets.get("acme", ticket_id))
    run = call("GET", f"/v1/tickets/{ticket_id}/run").json
    assert run["steps"][0]["state"] == "Validate"
    assert run["steps"][0]["status"] == "SUCCEEDED"
    call.tenant = "globex"
    assert call("GET", f"/v1/tickets/{ticket_id}/run").code == "NOT_FOUND"
