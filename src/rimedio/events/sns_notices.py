"""Tells people on duty over Amazon SNS: one notice an event, in words, with the event's id to look it up."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from rimedio.aws import Client, translated
from rimedio.events.detail_types import DetailType
from rimedio.events.event import Event
from rimedio.events.eventbridge_events import received_event

SERVICE = "Amazon SNS"
SUBJECT_CHARS_MAX = 100  # in ASCII, without line breaks
BYTES_MAX = 200_000  # of 256 KB for message and attributes together
_TITLES = {
    DetailType.TICKET_STATUS_CHANGED: "Ticket {ticket_id} is {status}",
    DetailType.DRIFT_DETECTED: "The questions have changed: drift in {tenant_id}",
    DetailType.BUDGET_LEVEL_CHANGED: "Budget of {tenant_id}: level {level}",
}


@dataclass(frozen=True, slots=True)
class SnsNotifier:
    """Publishes to one topic."""

    client: Client
    topic_arn: str

    def handle(self, envelope: Mapping[str, Any]) -> None:
        """Tell of an event as EventBridge delivers it. Raises Unavailable, Throttled: EventBridge tries again."""
        self.tell(received_event(envelope))

    def tell(self, event: Event) -> None:
        """Publish a notice; subscribers may filter by `detail_type` and `tenant_id`.

        SNS does not deduplicate on a standard topic: the event's id stands in the notice.
        """
        body = orjson.dumps(event.envelope(), option=orjson.OPT_INDENT_2).decode()
        with translated(SERVICE, f"telling of event {event.id}"):
            self.client.publish(
                TopicArn=self.topic_arn,
                Subject=subject_of(event),
                Message=body[:BYTES_MAX],
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in (
                        ("detail_type", event.detail_type),
                        ("tenant_id", event.account),
                        ("event_id", event.id),
                    )
                },
            )


def subject_of(event: Event) -> str:
    """One line of ASCII that says what happened."""
    title = next((t for known, t in _TITLES.items() if known == event.detail_type), event.detail_type)
    facts = {"tenant_id": event.account, **{k: str(v) for k, v in event.detail.items()}}
    text = title.format_map(_Known(facts))
    return "".join(c if " " <= c <= "~" else "?" for c in f"Rimedio: {text}")[:SUBJECT_CHARS_MAX]


class _Known(dict[str, str]):
    """Facts by name; an unknown one is a dash."""

    def __missing__(self, key: str) -> str:
        return "-"
