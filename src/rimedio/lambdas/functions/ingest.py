"""Documents become knowledge: a queue says which ones are to be read, and their vectors follow.

A message is `{"tenant_id", "document_id"}`, or says that an original was put into the bucket: S3's own notification,
or EventBridge's "Object Created". A document that is read already is left alone, so a message may come twice.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from rimedio.domain.errors import InvalidInput
from rimedio.lambdas.functions._batches import BatchResponse, Message, failed, messages_of, work_off_messages
from rimedio.lambdas.functions._function import LambdaFunction, Work
from rimedio.lambdas.functions._invocation import Event, Invocation
from rimedio.lambdas.functions._knowledge import writing_knowledge

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio

OBJECTS = "objects"  # as storage.s3_objects writes its keys: objects/TENANT/originals/DOCUMENT.VERSION
ORIGINALS = "originals"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A document to read."""

    tenant_id: str
    document_id: str


def build_ingest(system: "Rimedio") -> Work[BatchResponse]:
    """The reader of one system."""

    def ingest(event: Event, invocation: Invocation) -> BatchResponse:
        if not messages_of(event):
            return failed()
        return writing_knowledge(system, lambda writing: _work(writing, event, invocation))

    return ingest


def _work(system: "Rimedio", event: Event, invocation: Invocation) -> BatchResponse:
    def read(message: Message) -> None:
        for wanted in wanted_of(message):
            system.manuals.reading.read(wanted.tenant_id, wanted.document_id)

    answer = work_off_messages(event, invocation, read)
    while invocation.has_time and system.manuals.embed_some():
        pass  # what is left is made by the next call, or by housekeeping
    return answer


def wanted_of(message: Message) -> tuple[Wanted, ...]:
    """The documents that a message names; none for S3's test message. Raises InvalidInput."""
    body = message.json()
    if not isinstance(body, Mapping):
        raise InvalidInput(
            f"The message {message.message_id} is no JSON object. Send tenant_id, document_id."
        )
    if isinstance(body.get("tenant_id"), str) and isinstance(body.get("document_id"), str):
        return (Wanted(body["tenant_id"], body["document_id"]),)
    if body.get("Event") == "s3:TestEvent":
        return ()
    keys = list(_keys(body))
    if not keys:
        raise InvalidInput(
            f"The message {message.message_id} names no document. Send tenant_id, document_id."
        )
    return tuple(found for key in keys if (found := wanted_at(key)) is not None)


def wanted_at(key: str) -> Wanted | None:
    """The document whose original an object is; None for other objects."""
    parts = key.split("/")
    if len(parts) != 4 or (parts[0], parts[2]) != (OBJECTS, ORIGINALS):
        return None
    return Wanted(parts[1], parts[3].partition(".")[0])


def _keys(body: Mapping[str, Any]) -> Iterator[str]:
    """Keys of objects: percent-encoded in S3's notifications, in clear in EventBridge's events."""
    for record in body.get("Records") or ():
        yield unquote_plus(str(record["s3"]["object"]["key"]))
    if body.get("source") == "aws.s3":
        yield str(body["detail"]["object"]["key"])


handler = LambdaFunction(
    "ingest", build_ingest, warm=("rimedio.tickets.load_document", "rimedio.knowledge.ingest")
)
