"""Rules in the table: on AWS a tenant's rule is data, not infrastructure.

A rule that somebody writes over the API must not become a rule of EventBridge: the function behind the API would
need permission to change where events go, and a bus has 300 rules for all tenants together. One deployed rule brings
all events to one queue, and whoever reads it asks these rules with the same matcher that decides at home.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from rimedio.domain.clock import Clock
from rimedio.domain.errors import InvalidInput, StorageFailed
from rimedio.events.bus import EVERY_TENANT, RULES_MAX, Rule
from rimedio.events.event import Event
from rimedio.events.pattern import Pattern
from rimedio.events.rule_json import rule_from_json, rule_to_json, written
from rimedio.storage import keys
from rimedio.storage.table import Table
from rimedio.storage.values import Item

FRESH_SECONDS = 5.0  # how long a process works with rules that another may have changed
TENANTS_HELD_MAX = 1000
READ_MAX = (
    RULES_MAX + 200
)  # two who put a rule at once may be over the limit by one; it is a rule all the same


@dataclass(frozen=True, slots=True)
class _Listening:
    rule: Rule
    pattern: Pattern


class TableRules:
    """Rules by tenant, compiled once and kept for moments."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock
        self._lock = threading.Lock()
        self._held: dict[str, tuple[float, tuple[_Listening, ...]]] = {}

    def put(self, rule: Rule) -> None:
        """Make or replace one. Raises InvalidPattern, or InvalidInput when there are too many."""
        Pattern.admitted(rule.pattern)
        others = [known for known in self._read(rule.tenant_id) if known.rule.name != rule.name]
        if len(others) >= RULES_MAX:
            raise InvalidInput(f"There are {len(others)} rules; {RULES_MAX} are allowed. Remove one.")
        body = written(rule_to_json(rule)).decode()
        found = keys.EVENT_RULE.attributes(tenant=rule.tenant_id, rule=rule.name)
        self._table.put(found | {"tenant_id": rule.tenant_id, "name": rule.name, "body": body})
        self._forget(rule.tenant_id)

    def remove(self, tenant_id: str, name: str) -> None:
        """Remove one; nothing happens when it is absent."""
        self._table.delete(keys.EVENT_RULE.key(tenant=tenant_id, rule=name))
        self._forget(tenant_id)

    def all(self, tenant_id: str) -> Sequence[Rule]:
        """The rules of a tenant, by name."""
        return tuple(listening.rule for listening in self._listening(tenant_id))

    def known(self, tenant_id: str, name: str) -> bool:
        """Whether there is such a rule; one that is new is looked for in the table."""
        if any(listening.rule.name == name for listening in self._listening(tenant_id)):
            return True
        return self._table.get(keys.EVENT_RULE.key(tenant=tenant_id, rule=name)) is not None

    def for_event(self, event: Event, envelope: Mapping[str, object], only: Sequence[str] = ()) -> list[Rule]:
        """The rules that want an event, of its tenant and of the system; of those named in `only`, if any."""
        return [
            listening.rule
            for tenant in (EVERY_TENANT, event.account)
            for listening in self._listening(tenant)
            if listening.rule.enabled
            and (not only or listening.rule.name in only)
            and listening.pattern.matches(envelope)
        ]

    def _listening(self, tenant_id: str) -> tuple[_Listening, ...]:
        now = self._clock.monotonic()
        with self._lock:
            held = self._held.get(tenant_id)
        if held is not None and now - held[0] < FRESH_SECONDS:
            return held[1]
        found = self._read(tenant_id)
        with self._lock:
            if len(self._held) >= TENANTS_HELD_MAX:
                self._held.clear()
            self._held[tenant_id] = now, found
        return found

    def _read(self, tenant_id: str) -> tuple[_Listening, ...]:
        page = self._table.query(keys.RULES_OF_TENANT.query(tenant=tenant_id, limit=READ_MAX))
        rules = [_rule(item) for item in page.items]
        return tuple(_Listening(rule, Pattern.stored(rule.pattern)) for rule in rules)

    def _forget(self, tenant_id: str) -> None:
        with self._lock:
            self._held.pop(tenant_id, None)


def _rule(item: Item) -> Rule:
    try:
        return rule_from_json(str(item["tenant_id"]), str(item["name"]), orjson.loads(str(item["body"])))
    except (InvalidInput, KeyError, ValueError) as error:
        msg = f"The rule {item.get('sk')} cannot be read: {error} Put it again."
        raise StorageFailed(msg) from error
