"""What the OpenAPI document says of messages that are no answers: events of streams, messages of webhooks.

OpenAPI 3.1 has no words for the events of a stream, so each streamed operation names the schema of every event's
`data` under `x-events`, and says the same in its description. Webhooks have a part of their own.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from rimedio.events.domain_events import KINDS
from rimedio.events.signing import ID, SIGNATURE, TIMESTAMP
from rimedio.lambdas.binding import JSON
from rimedio.lambdas.live_feeds import ASK, PROGRESS, QUEUE, SOLUTION
from rimedio.tickets.live.events import Chunk, Complete, Failed, Progress, QueueChange, Start

Node = dict[str, Any]

SCHEMAS = "#/components/schemas/"
EVENTS: Mapping[str, tuple[str, type]] = {
    # name of the schema, type of the data; a citation's data is the Citation itself
    "start": ("StreamStart", Start),
    "progress": ("StreamProgress", Progress),
    "chunk": ("StreamChunk", Chunk),
    "complete": ("StreamComplete", Complete),
    "error": ("StreamError", Failed),
    "ticket": ("StreamTicket", QueueChange),
}
ANSWER = ("start", "progress", "chunk", "citation", "complete", "error")
EVENTS_OF: Mapping[str, tuple[str, ...]] = {
    SOLUTION: ANSWER,
    ASK: ANSWER,
    PROGRESS: ("start", "progress", "complete", "error"),
    QUEUE: ("ticket", "error"),
}
ONLY_SOMETIMES = frozenset({"solution"})  # of `complete`: a question without a ticket brings its remedy along
READING = """Each event has a kind (`event:`), a JSON object (`data:`) and a position (`id:`). Lines that begin with a
colon are heartbeats."""
ENDING = "The stream ends after `complete`, or after `error`."
RESUMING = "One that broke off goes on behind the position that is sent as `Last-Event-ID`."
SIGNED = """Signed after Standard Webhooks (https://www.standardwebhooks.com): the signature is `v1,` and the base64 of
HMAC-SHA256 over `webhook-id.webhook-timestamp.body`, under the secret's bytes (base64 behind `whsec_`). Several stand
with a blank between them while a secret is being changed. Refuse messages older than five minutes, and take a
`webhook-id` once: attempts, replays and redeliveries of a message carry the same."""
HEADERS = {
    ID: "Names the message; the same at every attempt.",
    TIMESTAMP: "When it was signed, in seconds since 1970.",
    SIGNATURE: "Its signatures.",
}
ANSWERS = {
    "2XX": "Taken.",
    "410": "Never again: the webhook is disabled.",
    "429": "Not now: it is sent again, after Retry-After seconds where that is said.",
    "default": "Not taken: it is sent again for some hours, then kept as a dead letter.",
}


def add_messages(document: Node) -> None:
    """Describe the events of every streamed operation, and the message of every webhook."""
    schemas: Node = document["components"]["schemas"]
    for name, kind in EVENTS.values():
        schemas[name] = _schema_of(kind, schemas)
    for route, names in EVENTS_OF.items():
        method, path = route.split(" ", 1)
        _add_events(document["paths"][path][method.lower()], names, resumes=route != ASK)
    document["webhooks"] = {
        detail_type.value: {"post": _webhook(detail_type.value, kind, schemas)}
        for detail_type, kind in KINDS.items()
    }


def _add_events(operation: Node, names: tuple[str, ...], *, resumes: bool) -> None:
    told = {name: EVENTS[name][0] if name in EVENTS else "Citation" for name in names}
    lines = [f"- `{name}`: `{schema}`" for name, schema in told.items()]
    told_of = [READING, *([ENDING] if "complete" in names else []), *([RESUMING] if resumes else [])]
    operation["description"] = "\n".join((operation["description"], "", *told_of, "", *lines))
    operation["x-events"] = {name: {"$ref": SCHEMAS + schema} for name, schema in told.items()}


def _webhook(name: str, kind: type, schemas: Node) -> Node:
    data = f"{name}Data"
    schemas[data] = _schema_of(kind, schemas)
    schemas[data]["properties"]["metadata"] = {
        "type": "object",
        "description": "The event's id and tenant.",
        "properties": {"event_id": {"type": "string"}, "tenant_id": {"type": "string"}},
        "required": ["event_id", "tenant_id"],
    }
    schemas[data]["required"].append("metadata")
    message = {
        "type": "object",
        "properties": {
            "type": {"const": name, "description": "What has happened."},
            "timestamp": {"type": "string", "format": "date-time", "description": "When it happened."},
            "data": {"$ref": SCHEMAS + data},
            "replay_name": {"type": "string", "description": "Of a replay: which one."},
        },
        "required": ["type", "timestamp", "data"],
    }
    return {
        "summary": schemas[data].get("description", name),
        "description": SIGNED,
        "operationId": f"on_{name}",
        "tags": ["webhooks"],
        "parameters": [
            {
                "name": header,
                "in": "header",
                "required": True,
                "description": meaning,
                "schema": {"type": "string"},
            }
            for header, meaning in HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {JSON: {"schema": message}}},
        "responses": {status: {"description": meaning} for status, meaning in ANSWERS.items()},
    }


def _schema_of(kind: type, schemas: Node) -> Node:
    """The schema of a type as the codec writes it: every field is there. What it refers to is added."""
    made: Node = TypeAdapter(kind).json_schema(mode="serialization", ref_template=SCHEMAS + "{model}")
    for name, schema in made.pop("$defs", {}).items():
        schemas.setdefault(name, schema)
    made["required"] = [name for name in made["properties"] if name not in ONLY_SOMETIMES]
    for field in made["properties"].values():
        field.pop("default", None)  # nothing is left out, so nothing is assumed
    return made
