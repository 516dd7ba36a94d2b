"""Executions: start, describe, list, stop, redrive, and their histories."""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from rimedio.asl.clock import new_uuid
from rimedio.asl.execution.engine import Engine
from rimedio.asl.execution.executions import Description, event_as_aws
from rimedio.asl.execution.express import EXPRESS_SECONDS_MAX
from rimedio.asl.journal.port import RUNNING, Event
from rimedio.asl.journal.registry import Found
from rimedio.asl.jsontext import JSON, dumps
from rimedio.asl.wire.arns import Arns
from rimedio.asl.wire.faults import Fault
from rimedio.asl.wire.fields import Fields, invalid
from rimedio.asl.wire.machines import EXPRESS, INCLUDED, STANDARD, Machines

NOTE = "started/"
STATUSES = ("", RUNNING, "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE")
REDRIVES = ("", "REDRIVEN", "NOT_REDRIVEN")
DATA = ("input", "output", "parameters", "assignedVariables")
EXPRESS_AT_ONCE = 8
BILLED_STEP_MS = 100


class Executions:
    """Operations on executions."""

    def __init__(self, engine: Engine, arns: Arns, machines: Machines) -> None:
        self._engine = engine
        self._arns = arns
        self._machines = machines
        self._express = ThreadPoolExecutor(EXPRESS_AT_ONCE, "asl-express")

    def close(self) -> None:
        """Let Express executions that wait for their turn go."""
        self._express.shutdown(wait=True, cancel_futures=True)

    def operations(self) -> Mapping[str, Callable[[Fields], JSON]]:
        """By name."""
        return {
            "StartExecution": self._start,
            "StartSyncExecution": self._start_sync,
            "DescribeExecution": self._describe,
            "DescribeStateMachineForExecution": self._machine_of,
            "ListExecutions": self._list,
            "StopExecution": self._stop,
            "RedriveExecution": self._redrive,
            "GetExecutionHistory": self._history,
        }

    # -- starting

    def _start(self, request: Fields) -> JSON:
        found, given, name = self._asked(request)
        if self._kind(found) == EXPRESS:
            arn = self._arns.express(found.machine.name, name, new_uuid(self._engine.services.randomness))
            self._express.submit(self._engine.start_sync, found.machine, given, name)
            return {"executionArn": arn, "startDate": self._engine.clock.now().timestamp()}
        self._note(f"{self._arns.base}:execution:{found.machine.name}:{name}", found, request)
        started = self._engine.describe(self._engine.start(found.machine, given, name))
        return {"executionArn": started.execution_id, "startDate": started.started.timestamp()}

    def _asked(self, request: Fields) -> tuple[Found, JSON, str]:
        """Machine, input and name of a request to start."""
        found = self._machines.resolve(request.arn("stateMachineArn", "stateMachine"))
        given = request.json("input", "InvalidExecutionInput")
        unique = new_uuid(self._engine.services.randomness)
        return found, given, request.name() if request.has("name") else unique

    def _kind(self, found: Found) -> str:
        return str(self._machines.about(found.machine.name).get("type", STANDARD))

    def _note(self, arn: str, found: Found, request: Fields) -> None:
        """Remember under which version or alias an execution was started, unless it is there already."""
        noted = {"version": found.version, "alias": found.alias, "trace": request.text_or_none("traceHeader")}
        if any(noted.values()) and self._engine.journal.record(arn) is None:
            self._engine.journal.put_note(f"{NOTE}{arn}", json.dumps(noted))

    def _start_sync(self, request: Fields) -> JSON:
        found, given, name = self._asked(request)
        if self._kind(found) != EXPRESS:
            raise _not_of_this_type()
        ended = self._engine.start_sync(found.machine, given, name)
        included = request.choice("includedData", INCLUDED) == INCLUDED[0]
        unique = new_uuid(self._engine.services.randomness)
        stopped = ended.stopped or self._engine.clock.now()
        told: dict[str, JSON] = {
            "executionArn": self._arns.express(found.machine.name, name, unique),
            "stateMachineArn": ended.state_machine,
            "name": name,
            "startDate": ended.started.timestamp(),
            "stopDate": stopped.timestamp(),
            "status": ended.status,
            "billingDetails": _billed(stopped, ended.started),
        }
        return told | _data(ended, included)

    # -- looking

    def _described(self, arn: str) -> Description:
        return self._engine.describe(arn)

    def _describe(self, request: Fields) -> JSON:
        found = self._described(request.arn("executionArn", "execution"))
        included = request.choice("includedData", INCLUDED) == INCLUDED[0]
        told = self._row(found) | _data(found, included) | _redrivable(found)
        trace = self._noted(found).get("trace")
        return told | ({"traceHeader": trace} if trace else {})

    def _noted(self, found: Description) -> dict[str, JSON]:
        noted: dict[str, JSON] = json.loads(self._engine.journal.note(f"{NOTE}{found.execution_id}") or "{}")
        return noted

    def _row(self, found: Description) -> dict[str, JSON]:
        """What ListExecutions and DescribeExecution both tell."""
        told: dict[str, JSON] = {
            "executionArn": found.execution_id,
            "stateMachineArn": found.state_machine,
            "name": found.name,
            "status": found.status,
            "startDate": found.started.timestamp(),
            "redriveCount": found.redrive_count,
        }
        if found.stopped is not None:
            told["stopDate"] = found.stopped.timestamp()
        if found.map_run is not None:
            told["mapRunArn"] = found.map_run
        noted = self._noted(found)
        if noted.get("version"):
            told["stateMachineVersionArn"] = f"{found.state_machine}:{noted['version']}"
        if noted.get("alias"):
            told["stateMachineAliasArn"] = f"{found.state_machine}:{noted['alias']}"
        if found.redrive_count:
            events = self._engine.journal.events(found.execution_id)
            told["redriveDate"] = next((e.at for e in reversed(events) if e.type == "ExecutionRedriven"), 0.0)
        return told

    def _machine_of(self, request: Fields) -> JSON:
        found = self._described(request.arn("executionArn", "execution"))
        machine = self._engine.machine_of(found.execution_id)
        try:
            about = self._machines.about(machine.name)
            details = self._machines.details(Found(machine), request)
        except Exception as error:
            raise Fault("ExecutionDoesNotExist", f"The state machine of {found.name} was deleted.") from error
        told: dict[str, JSON] = {
            "stateMachineArn": found.state_machine,
            "name": machine.name,
            "updateDate": about.get("updated", about.get("created", 0.0)),
        }
        if found.map_run is not None:
            told |= {"mapRunArn": found.map_run, "label": found.map_run.partition("/")[2].partition(":")[0]}
        return told | details

    def _list(self, request: Fields) -> JSON:
        status, redriven = request.choice("statusFilter", STATUSES), request.choice("redriveFilter", REDRIVES)
        if request.has("stateMachineArn") == request.has("mapRunArn"):
            raise invalid("Either 'stateMachineArn' or 'mapRunArn' must be given")
        name = map_run = None
        if request.has("mapRunArn"):
            map_run = request.arn("mapRunArn", "mapRun")
        else:
            name = self._standard(request)
        end = request.bounds()[1]
        # One more than the page, to know whether another follows; a filter on redrives is applied afterwards.
        found = self._engine.list_executions(
            name, status or None, map_run, limit=10**9 if redriven else end + 1
        )
        if redriven:
            found = [row for row in found if bool(row.redrive_count) == (redriven == REDRIVES[1])]
        rows, more = request.page(found)
        told: list[JSON] = [self._row(row) for row in rows]
        return {"executions": told, **more}

    def _standard(self, request: Fields) -> str:
        """The machine whose executions are kept. Raises StateMachineTypeNotSupported."""
        name = self._machines.name_of(request.arn("stateMachineArn", "stateMachine"))
        if self._machines.about(name).get("type") == EXPRESS:
            raise _not_of_this_type()
        return name

    def _history(self, request: Fields) -> JSON:
        arn = request.arn("executionArn", "execution")
        self._described(arn)
        events: Sequence[Event] = self._engine.journal.events(arn)
        page, more = request.page(events[::-1] if request.flag("reverseOrder") else events)
        included = request.flag("includeExecutionData", default=True)
        told: list[JSON] = [_event(event, included=included) for event in page]
        return {"events": told, **more}

    # -- changing

    def _stop(self, request: Fields) -> JSON:
        arn = request.arn("executionArn", "execution")
        self._engine.stop(arn, request.text_or_none("error"), request.text_or_none("cause"))
        stopped = self._engine.describe(arn).stopped or self._engine.clock.now()
        return {"stopDate": stopped.timestamp()}

    def _redrive(self, request: Fields) -> JSON:
        self._engine.redrive(request.arn("executionArn", "execution"))
        return {"redriveDate": self._engine.clock.now().timestamp()}


def _data(found: Description, included: bool) -> dict[str, JSON]:
    """Input, output and failure of an execution."""
    told: dict[str, JSON] = {"inputDetails": {"included": included}}
    if included:
        told["input"] = dumps(found.input)
    if found.status == "SUCCEEDED":
        told["outputDetails"] = {"included": included}
        if included:
            told["output"] = dumps(found.output)
    failure = {"error": found.error, "cause": found.cause}
    return told | {name: value for name, value in failure.items() if value is not None}


def _not_of_this_type() -> Fault:
    message = "This operation is not supported by this type of state machine"
    return Fault("StateMachineTypeNotSupported", message)


def _redrivable(found: Description) -> dict[str, JSON]:
    if found.map_run is not None and found.status not in (RUNNING, "SUCCEEDED"):
        return {"redriveStatus": "REDRIVABLE_BY_MAP_RUN"}
    if found.status in (RUNNING, "SUCCEEDED"):
        reason = f"Execution is {found.status} and cannot be redriven"
        return {"redriveStatus": "NOT_REDRIVABLE", "redriveStatusReason": reason}
    return {"redriveStatus": "REDRIVABLE"}


def _billed(stopped: datetime, started: datetime) -> dict[str, JSON]:
    """An Express execution's duration, rounded up; its memory is not measured here."""
    lasted = min((stopped - started).total_seconds(), EXPRESS_SECONDS_MAX) * 1000
    return {
        "billedMemoryUsedInMB": 64,
        "billedDurationInMilliseconds": int(-(-lasted // BILLED_STEP_MS) * BILLED_STEP_MS),
    }


def _event(event: Event, *, included: bool) -> dict[str, JSON]:
    """An event, its instant in seconds since the epoch."""
    told = event_as_aws(event) | {"timestamp": event.at}
    details = told.get(event.key)
    if not included and isinstance(details, dict):
        kept = {name: value for name, value in details.items() if name not in DATA}
        told[event.key] = kept | ({"parameters": ""} if "parameters" in details else {})  # required
    return told
