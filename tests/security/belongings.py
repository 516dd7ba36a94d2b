"""Something of everything that a tenant can own, made through the API as its users would."""

from dataclasses import dataclass

import httpx
from tests.integration.http.house import ACME, MARKER, House, ticket_body

from rimedio.domain.ticket import Status
from rimedio.storage.database import Database

ABSENT = {
    "ticket_id": "tkt_00000000-0000-4000-8000-000000000000",
    "number": "1",
    "page": "1",
}
RULE = {"pattern": {"detail-type": ["TicketOpened"]}, "target": "log:x", "description": MARKER}
SCHEDULE_AT = "at(2099-01-01T00:00:00)"


@dataclass(frozen=True)
class Belongings:
    """Ids of what acme owns, by the name of the path parameter that takes them."""

    ids: dict[str, list[str]]

    def fills(self, path: str) -> list[dict[str, str]]:
        """Values for every parameter of a path; none when acme owns nothing of the kind."""
        names = parameters_of(path)
        choices = [self.ids.get(self._kind(path, name), []) for name in names]
        if not all(choices):
            return []
        return [{name: values[0] for name, values in zip(names, choices, strict=True)}]

    @staticmethod
    def _kind(path: str, name: str) -> str:
        if name != "name":
            return name
        return "rule" if "/rules/" in path else "schema" if "/schemas/" in path else "schedule"


def parameters_of(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def furnish(house: House) -> Belongings:
    """Make something of everything for acme."""
    ticket = house.settled_ticket()
    with house.client() as client:
        attachment = uploaded(client, b"%PDF-1.4 " + MARKER.encode(), f"{MARKER}.pdf", "PDF")
        with_file = good(client.post("/v1/tickets", json=ticket_body(attachments=[attachment]))).json()[
            "ticket_id"
        ]
        good(client.post(f"/v1/tickets/{ticket.ticket_id}/messages", json={"text": f"Note {MARKER}"}))
        good(client.post(f"/v1/tickets/{ticket.ticket_id}/feedback", json=feedback()))
        upload = good(
            client.post("/v1/uploads", json={"name": f"{MARKER}.log", "type": "LOG", "size": 5})
        ).json()["upload_id"]
        webhook = good(
            client.post(
                "/v1/webhooks",
                json={"url": "http://127.0.0.1:9/", "events": ["TicketOpened"], "description": MARKER},
            )
        ).json()["webhook_id"]
        found = good(client.post("/v1/kb/search", json={"query": "fan filter E029"})).json()["items"]
        documents = good(client.get("/v1/kb/documents")).json()["items"]
        rule = client.put(f"/v1/events/rules/{MARKER}", json=RULE)
        schedule = client.put(
            f"/v1/schedules/{MARKER}",
            json={"expression": SCHEDULE_AT, "target": "log:x", "input": {"a": MARKER}},
        )
    with house.client() as client:
        good(client.post(f"/v1/webhooks/{webhook}/test"))
        _events_flow(house)
        deliveries = good(client.get(f"/v1/webhooks/{webhook}/deliveries")).json()["items"]
        schemas = good(client.get("/v1/events/schemas")).json()["items"]
        article = _article(house, client, ticket.ticket_id)
    return Belongings(
        {
            "ticket_id": [ticket.ticket_id, with_file],
            "attachment_id": [str(attachment["id"])],
            "upload_id": [upload],
            "number": ["1"],
            "document_id": [documents[0]["document_id"]],
            "page": ["1"],
            "chunk_id": [found[0]["chunk"]["chunk_id"]],
            "webhook_id": [webhook],
            "delivery_id": [deliveries[0]["delivery_id"]],
            "dead_letter_id": ["dlq_00000000-0000-4000-8000-000000000000"],
            "article_id": [article],
            "rule": [MARKER] if rule.is_success else [],
            "schedule": [MARKER] if schedule.is_success else [],
            "schema": [schemas[0]["name"]],
        }
    )


def _article(house: House, client: httpx.Client, ticket_id: str) -> str:
    """An article drafted from a ticket that was approved and resolved."""
    if house.system.tickets.get(ACME, ticket_id).status is Status.IN_REVIEW:
        good(client.post(f"/v1/tickets/{ticket_id}/review", json={"verdict": "APPROVED"}))
        house.system.runner.settle(house.system.tickets.get(ACME, ticket_id))
    good(client.post(f"/v1/tickets/{ticket_id}/resolve", json={"reason": MARKER}))
    return str(good(client.post("/v1/kb/articles", json={"ticket_ids": [ticket_id]})).json()["article_id"])


def _events_flow(house: House) -> None:
    """Let the background work of events run until nothing is left for now."""
    for _ in range(20):
        if not sum(run_once() for run_once, _ in house.system.eventing.loops().values()):
            return


def uploaded(client: httpx.Client, content: bytes, name: str, kind: str) -> dict[str, object]:
    """A file sent in pieces, as the attachment that a ticket names."""
    made = good(client.post("/v1/uploads", json={"name": name, "type": kind, "size": len(content)})).json()
    headers = {"Content-Type": "application/octet-stream"}
    good(client.put(f"/v1/uploads/{made['upload_id']}/parts/1", content=content, headers=headers))
    answer = good(client.post(f"/v1/uploads/{made['upload_id']}/complete"))
    return {name: value for name, value in answer.json().items() if value is not None}


def feedback() -> dict[str, object]:
    return {
        "rating": 4, "was_helpful": True, "accuracy": 4, "completeness": 4, "applied_solution": True,
        "resolved_issue": True, "required_escalation": False, "comments": MARKER,
    }  # fmt: skip


def good(answer: httpx.Response) -> httpx.Response:
    assert answer.is_success, (
        f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text[:500]}"
    )
    return answer


def image_of(database: Database, tenant: str) -> list[tuple[object, ...]]:
    """Everything stored under a tenant, to see whether somebody changed it."""
    rows = database.rows("SELECT pk, sk, body FROM item WHERE pk LIKE ? ORDER BY pk, sk", (f"T#{tenant}#%",))
    return [tuple(row) for row in rows]
