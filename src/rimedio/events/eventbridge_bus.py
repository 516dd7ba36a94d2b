"""The event bus on AWS: PutEvents in batches, rules in the table.

EventBridge knows no ids but its own, so an event put twice travels twice: `PutResult.duplicate` is never true here.
The promise that it is delivered once is kept at the other end, where events come off the queue (sqs_intake.py).

Limits (botocore's model of EventBridge): 10 entries and 1 MB a call. An entry fails alone; what is throttled or
failed inside the service is sent again alone, what is refused is told to the caller.
"""

from collections.abc import Sequence
from typing import Any

from rimedio.aws import Client, translated
from rimedio.domain.clock import Clock
from rimedio.domain.errors import InvalidInput, NotFound
from rimedio.events.backoff import Waits
from rimedio.events.bus import PutResult, Rule, Target
from rimedio.events.delivery_queue import DIRECT
from rimedio.events.event import Event, check_event
from rimedio.events.eventbridge_events import bytes_of, entry_of
from rimedio.events.partial_failures import EntryFailure, PartialBatches
from rimedio.events.sqs_deliveries import SqsDeliveries
from rimedio.events.table_event_log import TableEventLog
from rimedio.events.table_rules import TableRules

SERVICE = "Amazon EventBridge"
MAY_WORK_LATER = frozenset(
    {"InternalFailure", "ThrottlingException", "InternalException", "ServiceUnavailable"}
)


class EventBridgeBus:
    """A `DirectBus` on a custom bus of EventBridge. Thread-safe."""

    def __init__(
        self,
        client: Client,
        name: str,
        *,
        rules: TableRules,
        log: TableEventLog,
        deliveries: SqsDeliveries,
        clock: Clock,
        waits: Waits | None = None,
    ) -> None:
        self._client = client
        self._name = name
        self._rules = rules
        self._log = log
        self._deliveries = deliveries
        batches: PartialBatches[dict[str, Any]] = PartialBatches(self._call, bytes_of, clock)
        self._batches = batches if waits is None else PartialBatches(self._call, bytes_of, clock, waits=waits)

    def put_events(self, events: Sequence[Event]) -> Sequence[PutResult]:
        """Accept events. Raises Unavailable or Throttled when some were neither taken nor refused: put again."""
        refusals = [_refusal(event) for event in events]
        accepted = [place for place, refusal in enumerate(refusals) if refusal is None]
        refused = self._batches.send([entry_of(events[place], self._name) for place in accepted])
        for place, failure in refused.items():
            refusals[accepted[place]] = f"{SERVICE} refused it: {failure.code}: {failure.message}"
        return [PutResult(event.id, error=said) for event, said in zip(events, refusals, strict=True)]

    def put_rule(self, rule: Rule) -> None:
        self._rules.put(rule)

    def remove_rule(self, tenant_id: str, name: str) -> None:
        self._rules.remove(tenant_id, name)

    def rules(self, tenant_id: str) -> Sequence[Rule]:
        return self._rules.all(tenant_id)

    def rule(self, tenant_id: str, name: str) -> Rule:
        """One rule. Raises NotFound."""
        for rule in self.rules(tenant_id):
            if rule.name == name:
                return rule
        raise NotFound(f"There is no rule {name!r}. List the rules to see their names.")

    def send(self, event: Event, target: Target) -> None:
        check_event(event)
        self._log.write(event, told=True)
        self._deliveries.add(event, (event.account, DIRECT), (target,))

    def send_again(self, tenant_id: str, event_id: str, target: Target) -> None:
        event = self._log.find(tenant_id, event_id)
        self._deliveries.add_again(event, target)

    def _call(self, entries: Sequence[dict[str, Any]]) -> list[EntryFailure]:
        with translated(SERVICE, "taking events"):
            answer = self._client.put_events(Entries=list(entries))
        return [
            EntryFailure(place, code, found.get("ErrorMessage", ""), code in MAY_WORK_LATER)
            for place, found in enumerate(answer["Entries"])
            if (code := found.get("ErrorCode"))
        ]


def _refusal(event: Event) -> str | None:
    try:
        check_event(event)
    except InvalidInput as error:
        return str(error)
    return None
