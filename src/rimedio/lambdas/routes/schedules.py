"""Schedules: when something is to happen."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from rimedio.events.bus import EVERY_TENANT, Target
from rimedio.events.schedule import Schedule
from rimedio.lambdas.identifiers import Instant
from rimedio.lambdas.replies import Items
from rimedio.lambdas.router import Api

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio
    from rimedio.events.schedule import ScheduleState

TAG = "schedules"
ScheduleName = Annotated[
    str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$", description="Name of a schedule.")
]


class ScheduleBody(BaseModel):
    """When to call what. `expression` is cron(…), rate(…) or at(…), read in `timezone`."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={"examples": [{"expression": "cron(0 8 ? * MON-FRI *)", "target": "log:"}]},
    )

    expression: Annotated[str, Field(min_length=4, max_length=256)]
    target: Annotated[
        str,
        Field(
            max_length=200, pattern=r"^(webhook:[A-Za-z0-9_-]{1,80}|log:)$", description="webhook:ID or log:"
        ),
    ]
    input: dict[str, Any] | None = None
    timezone: Annotated[str, Field(min_length=1, max_length=64)] = "UTC"
    start: Instant | None = None
    end: Instant | None = None
    window_minutes: Annotated[int, Field(ge=0, le=1440)] = 0
    enabled: bool = True
    description: Annotated[str, Field(max_length=500)] = ""


class ScheduleView(BaseModel):
    """A schedule, and when it runs. Those of the system itself cannot be changed."""

    model_config = ConfigDict(frozen=True)

    name: str
    expression: str
    target: str
    input: dict[str, Any] | None
    timezone: str
    start: datetime | None
    end: datetime | None
    window_minutes: int
    enabled: bool
    description: str
    next_at: datetime | None
    last_at: datetime | None
    system: bool


def register(api: Api, system: "Rimedio") -> None:
    """Routes of schedules."""

    @api.get("/v1/schedules", summary="Every schedule, also the system's", tag=TAG)
    def get_schedules() -> Items[ScheduleView]:
        own = system.eventing.schedules.list(api.caller.tenant_id)
        shared = system.eventing.schedules.list(EVERY_TENANT)
        return Items[ScheduleView](items=tuple(map(_view, (*own, *shared))))

    @api.get("/v1/schedules/{name}", summary="One schedule", tag=TAG, errors=(404,))
    def get_schedule(name: ScheduleName) -> ScheduleView:
        return _view(system.eventing.schedules.get(api.caller.tenant_id, name))

    @api.put("/v1/schedules/{name}", summary="Make or replace a schedule", tag=TAG, errors=(404,), unfit=True)
    def put_schedule(name: ScheduleName, body: ScheduleBody) -> ScheduleView:
        tenant = api.caller.tenant_id
        target = Target(f"schedule-{name}", body.target, input=body.input)
        system.eventing.rules.check(tenant, (target,))
        given = body.model_dump(exclude={"target", "input"})
        made = Schedule(tenant, name, target=target, created_at=api.clock.now(), **given)
        return _view(system.eventing.schedules.put(made))

    @api.delete("/v1/schedules/{name}", summary="Remove a schedule", tag=TAG, status=204, errors=(404,))
    def delete_schedule(name: ScheduleName) -> None:
        system.eventing.schedules.remove(api.caller.tenant_id, name)


def _view(state: "ScheduleState") -> ScheduleView:
    schedule = state.schedule
    return ScheduleView(
        name=schedule.name,
        expression=schedule.expression,
        target=schedule.target.address,
        input=schedule.target.input if isinstance(schedule.target.input, dict) else None,
        timezone=schedule.timezone,
        start=schedule.start,
        end=schedule.end,
        window_minutes=schedule.window_minutes,
        enabled=schedule.enabled,
        description=schedule.description,
        next_at=state.next_at,
        last_at=state.last_at,
        system=schedule.tenant_id == EVERY_TENANT,
    )
