"""Events: what happened, again; rules, dead letters, schemas."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from rimedio.events.rule_json import rule_from_json, rule_to_json, transformer_from_json
from rimedio.lambdas.identifiers import Identifier, Instant
from rimedio.lambdas.replies import Items, Paging
from rimedio.lambdas.router import Api

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio
    from rimedio.events.archive import Replay
    from rimedio.events.bus import DeadLetter, Rule
    from rimedio.events.schemas import SchemaVersion

TAG = "events"
RuleName = Annotated[
    str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$", description="Name of a rule.")
]
SchemaName = Annotated[str, Field(min_length=3, max_length=300, pattern=r"^[A-Za-z0-9._-]+@[A-Za-z0-9._-]+$")]
TARGET = r"^(webhook:[A-Za-z0-9_-]{1,80}|workflow:ticket|log:)$"
JsonObject = dict[str, Any]  # a pattern, an event, a schema: shapes that only their own rules know


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EventQuery(Paging):
    """Which archived events."""

    since: Instant | None = Field(None, alias="from", description="From this time on.")
    until: Instant | None = Field(None, alias="to", description="Before this time.")
    detail_type: Annotated[str, Field(min_length=1, max_length=128)] | None = None


class EventView(_Value):
    """An event in EventBridge's envelope."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", validate_by_name=True, validate_by_alias=True, serialize_by_alias=True
    )

    version: str
    id: str
    detail_type: str = Field(alias="detail-type")
    source: str
    account: str
    time: datetime
    region: str
    resources: tuple[str, ...]
    detail: JsonObject


class ReplayRequest(_Value):
    """Which events are to happen again, and for which rule; all rules without one."""

    since: Instant = Field(alias="from")
    until: Instant = Field(alias="to")
    rule: RuleName | None = None


class ReplayView(_Value):
    """A replay and how far it is."""

    model_config = ConfigDict(
        frozen=True, validate_by_name=True, validate_by_alias=True, serialize_by_alias=True
    )

    replay_id: str
    status: str
    replayed: int
    since: datetime = Field(alias="from")
    until: datetime = Field(alias="to")
    rules: tuple[str, ...]
    started_at: datetime
    ended_at: datetime | None


class TransformerBody(_Value):
    """What a target gets instead of the whole event."""

    input_template: Annotated[str, Field(min_length=1, max_length=8192)]
    input_paths_map: Annotated[dict[str, Annotated[str, Field(max_length=256)]], Field(max_length=100)] = (
        Field(default_factory=dict)
    )


class RuleBody(_Value):
    """A rule: events that match `pattern` go to `target` (webhook:ID, workflow:ticket, log:)."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [{"pattern": {"detail-type": ["TicketStatusChanged"]}, "target": "log:"}]
        },
    )

    pattern: JsonObject
    target: Annotated[str, Field(max_length=200, pattern=TARGET)]
    input_transformer: TransformerBody | None = None
    enabled: bool = True
    description: Annotated[str, Field(max_length=500)] = ""


class RuleView(_Value):
    """A rule as it stands. `managed_by` names the part of Rimedio that keeps it."""

    name: str
    pattern: JsonObject
    enabled: bool
    description: str
    managed_by: str | None
    targets: tuple[JsonObject, ...]


class DeadLetterView(_Value):
    """An event that could not be delivered, and why."""

    dead_letter_id: str
    event: EventView
    rule: str
    target: str
    reason: str
    attempts: int
    error: str
    first_at: datetime
    last_at: datetime


class Redriven(_Value):
    """A dead letter that was put into the queue again."""

    dead_letter_id: str
    event_id: str


class SchemaSummaryView(_Value):
    """A schema in the list: its latest version and what that meant."""

    name: str
    version: int
    change: str
    updated_at: datetime


class SchemaQuery(_Value):
    """Which version; the latest without one."""

    version: int | None = Field(None, ge=1, le=1_000_000)


class SchemaView(_Value):
    """One version of a schema (JSON Schema Draft 4), and which others are kept."""

    name: str
    version: int
    change: str
    notes: tuple[str, ...]
    created_at: datetime
    content: JsonObject
    versions: tuple[int, ...]


def register(api: Api, system: "Rimedio") -> None:
    """Routes of events."""
    _archive(api, system)
    _rules(api, system)
    _schemas(api, system)


def _archive(api: Api, system: "Rimedio") -> None:
    @api.get("/v1/events", summary="What happened, newest first", tag=TAG)
    def get_events(query: EventQuery) -> Items[EventView]:
        page = system.eventing.archive.events(
            api.caller.tenant_id,
            since=query.since,
            until=query.until,
            detail_type=query.detail_type,
            limit=query.limit,
            cursor=query.cursor,
        )
        return Items[EventView](
            items=tuple(EventView.model_validate(event.envelope()) for event in page.items),
            next_cursor=page.cursor,
        )

    @api.post("/v1/events/replays", summary="Let events happen again", tag=TAG, status=202, errors=(404,),
              unfit=True)  # fmt: skip
    def post_replay(body: ReplayRequest) -> ReplayView:
        rules = () if body.rule is None else (body.rule,)
        tenant = api.caller.tenant_id
        return _replay(system.eventing.archive.start_replay(tenant, body.since, body.until, rules=rules))

    @api.post("/v1/events/replays/{replay_id}/cancel", summary="Stop a replay", tag=TAG, errors=(404, 409))
    def post_cancel(replay_id: Identifier) -> ReplayView:
        return _replay(system.eventing.archive.cancel_replay(api.caller.tenant_id, replay_id))

    @api.get("/v1/events/replays", summary="The latest replays", tag=TAG)
    def get_replays() -> Items[ReplayView]:
        found = system.eventing.archive.replays(api.caller.tenant_id)
        return Items[ReplayView](items=tuple(map(_replay, found)))


def _rules(api: Api, system: "Rimedio") -> None:
    @api.get("/v1/events/rules", summary="Rules of the bus", tag=TAG)
    def get_rules() -> Items[RuleView]:
        return Items[RuleView](items=tuple(map(_rule, system.eventing.bus.rules(api.caller.tenant_id))))

    @api.put("/v1/events/rules/{name}", summary="Make or replace a rule", tag=TAG, errors=(404,), unfit=True)
    def put_rule(name: RuleName, body: RuleBody) -> RuleView:
        plain = body.model_dump(exclude={"target", "input_transformer"})
        target: JsonObject = {"id": "target", "address": body.target}
        if body.input_transformer is not None:
            target["input_transformer"] = body.input_transformer.model_dump()
            transformer_from_json(target["input_transformer"])
        rule = rule_from_json(api.caller.tenant_id, name, plain | {"targets": [target]})
        return _rule(system.eventing.rules.put(rule))

    @api.delete("/v1/events/rules/{name}", summary="Remove a rule", tag=TAG, status=204, errors=(404,))
    def delete_rule(name: RuleName) -> None:
        system.eventing.rules.remove(api.caller.tenant_id, name)

    @api.get("/v1/events/dead-letters", summary="What could not be delivered, newest first", tag=TAG)
    def get_dead_letters(query: Paging) -> Items[DeadLetterView]:
        page = system.eventing.queue.dead_letters(
            api.caller.tenant_id, limit=query.limit, cursor=query.cursor
        )
        return Items[DeadLetterView](items=tuple(map(_dead_letter, page.items)), next_cursor=page.cursor)

    @api.post(
        "/v1/events/dead-letters/{dead_letter_id}/redrive",
        summary="Deliver a dead letter again",
        tag=TAG,
        status=202,
        errors=(404,),
    )
    def post_redrive(dead_letter_id: Identifier) -> Redriven:
        letter = system.eventing.queue.redrive(api.caller.tenant_id, dead_letter_id)
        return Redriven(dead_letter_id=letter.dead_letter_id, event_id=letter.event.id)


def _schemas(api: Api, system: "Rimedio") -> None:
    @api.get("/v1/events/schemas", summary="Shapes that events have", tag=TAG)
    def get_schemas() -> Items[SchemaSummaryView]:
        found = system.eventing.schemas.schemas(api.caller.tenant_id)
        return Items[SchemaSummaryView](
            items=tuple(
                SchemaSummaryView(
                    name=s.name, version=s.version, change=s.change.value, updated_at=s.updated_at
                )
                for s in found
            )
        )

    @api.get("/v1/events/schemas/{name}", summary="One schema", tag=TAG, errors=(404,))
    def get_schema(name: SchemaName, query: SchemaQuery) -> SchemaView:
        tenant = api.caller.tenant_id
        kept = tuple(v.version for v in system.eventing.schemas.versions(tenant, name))
        return _schema(system.eventing.schemas.schema(tenant, name, query.version), kept)


def _replay(replay: "Replay") -> ReplayView:
    names = ("replay_id", "status", "replayed", "since", "until", "rules", "started_at", "ended_at")
    return ReplayView.model_validate({name: getattr(replay, name) for name in names})


def _rule(rule: "Rule") -> RuleView:
    return RuleView.model_validate(rule_to_json(rule))


def _dead_letter(letter: "DeadLetter") -> DeadLetterView:
    return DeadLetterView(
        dead_letter_id=letter.dead_letter_id,
        event=EventView.model_validate(letter.event.envelope()),
        rule=letter.rule,
        target=letter.target.address,
        reason=letter.reason.value,
        attempts=letter.attempts,
        error=letter.error,
        first_at=letter.first_at,
        last_at=letter.last_at,
    )


def _schema(found: "SchemaVersion", kept: tuple[int, ...]) -> SchemaView:
    return SchemaView(
        name=found.name,
        version=found.version,
        change=found.change.value,
        notes=found.notes,
        created_at=found.created_at,
        content=found.content,
        versions=kept,
    )
