"""Routes of uploads: pieces in any order, a ticket's file, a document of the knowledge base."""

import base64
import hashlib

import pytest
from tests.unit.lambdas.client import Answered, Client
from tests.unit.lambdas.conftest import DeployedApi
from tests.unit.lambdas.test_tickets import BODY

from rimedio.bootstrap import Rimedio
from rimedio.lambdas.api import build_api

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


def attached(call: Client, data: bytes) -> str:
    """The path of a file of a ticket."""
    upload = call("POST", "/v1/uploads", {"name": "display.log", "type": "LOG", "size": len(data)}).json
    step = upload["part_size"]
    for number in range(1, upload["parts"] + 1):
        assert put(call, upload["upload_id"], data[(number - 1) * step : number * step], number).status == 200
    attachment = call("POST", f"/v1/uploads/{upload['upload_id']}/complete").json
    ticket = call("POST", "/v1/tickets", BODY | {"attachments": [attachment]}).json
    return f"/v1/tickets/{ticket['ticket_id']}/attachments/{attachment['id']}"


def test_a_large_file_comes_in_pieces_in_both_homes(call: Client) -> None:
    data = b"".join(b"%07d E029 temperature 81 C\n" % line for line in range(250_000))  # 7 MB
    path = attached(call, data)
    got, size, tag = b"", 1, ""
    while len(got) < size:
        piece = call("GET", path, Range=f"bytes={len(got)}-", **({"If_Match": tag} if tag else {}))
        assert piece.status == 206
        size, tag = int(piece.headers["Content-Range"].rpartition("/")[2]), piece.headers["ETag"]
        got += base64.b64decode(piece.body)
    assert got == data
    assert call("GET", path, Range=f"bytes={size}-").status == 416
    assert call("GET", path, If_None_Match=tag).status == 304
    assert call("GET", path, If_Match='"other"').status == 412
    call.tenant = "globex"
    assert call("GET", path, Range="bytes=0-1").code == "NOT_FOUND"


def test_a_file_too_large_for_one_answer_of_lambda_says_how_to_ask(system: Rimedio) -> None:
    in_lambda, at_home = Client(DeployedApi(system)), Client(build_api(system))  # type: ignore[arg-type]
    data = b"2026-01-01 E029 temperature 81 C\n" * 150_000
    path = attached(at_home, data)
    refused = in_lambda("GET", path)
    assert (refused.status, refused.headers["Accept-Ranges"]) == (413, "bytes")
    assert "Range: bytes=0-" in refused.json["error"]["message"]
    assert base64.b64decode(at_home("GET", path).body) == data


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
