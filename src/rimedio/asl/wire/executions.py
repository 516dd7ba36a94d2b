"""Executions: start, describe, list, stop, redrive, and their histories."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import cast

from rimedio.asl.clock import new_uuid
from rimedio.asl.errors import StateMachineDoesNotExist
from rimedio.asl.execution.engine import Engine
from rimedio.asl.execution.executions import Description, event_as_aws
from rimedio.asl.execution.express import EXPRESS_SECONDS_MAX
from rimedio.asl.journal.port import RUNNING, STARTED_NOTE, Event
from rimedio.asl.journal.registry import Found
from rimedio.asl.jsontext import JSON, dumps
from rimedio.asl.wire.arns import Arns
from rimedio.asl.wire.faults import Fault, invalid
from rimedio.asl.wire.fields import Fields, present
from rimedio.asl.wire.machines import EXPRESS, Machines

DATA = ("input", "output", "parameters", "assignedVariables")
EXPRESS_AT_ONCE = 8
BILLED_STEP_MS, BILLED_MB = 100, 64
EVERY = 10**9


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

    # -- starting

    def start_execution(self, request: Fields) -> JSON:
        """StartExecution, of an Express machine too."""
        found, given, name = self._asked(request)
        if self._machines.kind(found.machine.name) == EXPRESS:
            self._express.submit(self._engine.start_sync, found.machine, given, name)
            arn = self._arns.express(found.machine.name, name, self._unique())
            return {"executionArn": arn, "startDate": self._engine.clock.now().timestamp()}
        trace = request.text_or_none("traceHeader")
        started = self._engine.describe(self._engine.start(found, given, name, trace_header=trace))
        return {"executionArn": started.execution_id, "startDate": started.started.timestamp()}

    def start_sync_execution(self, request: Fields) -> JSON:
        """StartSyncExecution. Raises StateMachineTypeNotSupported."""
        found, given, name = self._asked(request)
        if self._machines.kind(found.machine.name) != EXPRESS:
            raise _not_of_this_type()
        ended = self._engine.start_sync(found.machine, given, name)
        stopped = ended.stopped or self._engine.clock.now()
        told: dict[str, JSON] = {
            "executionArn": self._arns.express(found.machine.name, name, self._unique()),
            "stateMachineArn": ended.state_machine,
            "name": name,
            "startDate": ended.started.timestamp(),
            "stopDate": stopped.timestamp(),
            "status": ended.status,
            "billingDetails": _billed(stopped, ended.started),
        }
        return told | present(traceHeader=request.raw("traceHeader")) | _data(ended, request)

    def _asked(self, request: Fields) -> tuple[Found, JSON, str]:
        """Machine, input and name of a request to start."""
        name = request.name() if request.has("name") else self._unique()
        found = self._machines.resolve(request.arn("stateMachineArn", "stateMachine"))
        return found, request.json("input", "InvalidExecutionInput", "State Machine Execution Input"), name

    def _unique(self) -> str:
        return new_uuid(self._engine.services.randomness)

    # -- looking

    def describe_execution(self, request: Fields) -> JSON:
        """DescribeExecution."""
        found = self._engine.describe(request.arn("executionArn", "execution"))
        trace = present(traceHeader=self._noted(found).get("trace"))
        return self._row(found) | _data(found, request) | _redrivable(found) | trace

    def describe_state_machine_for_execution(self, request: Fields) -> JSON:
        """DescribeStateMachineForExecution. Raises ExecutionDoesNotExist, also when the machine was deleted."""
        found = self._engine.describe(request.arn("executionArn", "execution"))
        machine = self._engine.machine_of(found.execution_id)
        version = cast("int | None", self._noted(found).get("version"))
        try:
            about = self._machines.about(machine.name)
            details = self._machines.details(Found(machine, version), request)
        except StateMachineDoesNotExist as error:
            raise Fault(
                "ExecutionDoesNotExist", f"Execution Does Not Exist: '{found.execution_id}'"
            ) from error
        map_run = found.map_run
        label = map_run and map_run.partition("/")[2].partition(":")[0]
        updated = about.get("updated", about.get("created", 0.0))
        told = {"stateMachineArn": found.state_machine, "name": machine.name, "updateDate": updated}
        return told | present(mapRunArn=map_run, label=label) | details

    def list_executions(self, request: Fields) -> JSON:
        """ListExecutions of a machine, a version, an alias or a Map run, the newest first."""
        if request.has("stateMachineArn") == request.has("mapRunArn"):
            raise invalid("Either 'stateMachineArn' or 'mapRunArn' must be given")
        name = map_run = None
        qualifier = ""
        if request.has("mapRunArn"):
            map_run = request.arn("mapRunArn", "mapRun")
        else:
            name, qualifier = self._standard(request)
        redriven = request.text("redriveFilter")
        # One more than the page, to know whether another follows; what the journal cannot tell is sorted out here.
        limit = EVERY if redriven or qualifier else request.bounds()[1] + 1
        found = self._engine.list_executions(name, request.text("statusFilter") or None, map_run, limit=limit)
        if redriven:
            found = [row for row in found if bool(row.redrive_count) == (redriven == "REDRIVEN")]
        if qualifier:
            found = [row for row in found if qualifier in map(str, self._noted(row).values())]
        return request.listed("executions", found, self._row)

    def _standard(self, request: Fields) -> tuple[str, str]:
        """The machine whose executions are kept, and a version or alias. Raises StateMachineTypeNotSupported."""
        arn = request.arn("stateMachineArn", "stateMachine")
        if self._machines.kind(self._machines.name_of(arn)) == EXPRESS:
            raise _not_of_this_type()
        return self._arns.named(arn)

    def get_execution_history(self, request: Fields) -> JSON:
        """GetExecutionHistory."""
        arn = request.arn("executionArn", "execution")
        events = self._engine.events(arn)
        included = request.flag("includeExecutionData", default=True)
        ordered = events[::-1] if request.flag("reverseOrder") else events
        return request.listed("events", ordered, lambda event: _event(event, included=included))

    def _noted(self, found: Description) -> dict[str, JSON]:
        noted: dict[str, JSON] = json.loads(
            self._engine.journal.note(f"{STARTED_NOTE}{found.execution_id}") or "{}"
        )
        return noted

    def _row(self, found: Description) -> dict[str, JSON]:
        """What ListExecutions and DescribeExecution both tell."""
        noted = self._noted(found)
        told: dict[str, JSON] = {
            "executionArn": found.execution_id,
            "stateMachineArn": found.state_machine,
            "name": found.name,
            "status": found.status,
            "startDate": found.started.timestamp(),
            "redriveCount": found.redrive_count,
        }
        for key, word in (("stateMachineVersionArn", "version"), ("stateMachineAliasArn", "alias")):
            if noted.get(word):
                told[key] = f"{found.state_machine}:{noted[word]}"
        if found.redrive_count:
            events = self._engine.journal.events(found.execution_id)
            told["redriveDate"] = next((e.at for e in reversed(events) if e.type == "ExecutionRedriven"), 0.0)
        return told | present(
            mapRunArn=found.map_run, stopDate=found.stopped.timestamp() if found.stopped else None
        )

    # -- changing

    def stop_execution(self, request: Fields) -> JSON:
        """StopExecution; one that has ended stays as it is."""
        arn = request.arn("executionArn", "execution")
        self._engine.stop(arn, request.text_or_none("error"), request.text_or_none("cause"))
        stopped = self._engine.describe(arn).stopped or self._engine.clock.now()
        return {"stopDate": stopped.timestamp()}

    def redrive_execution(self, request: Fields) -> JSON:
        """RedriveExecution. Raises ExecutionNotRedrivable."""
        arn = request.arn("executionArn", "execution")
        told = _redrivable(self._engine.describe(arn))
        if told["redriveStatus"] != "REDRIVABLE":
            reason = told.get("redriveStatusReason", "Execution belongs to a Map run and is redriven with it")
            raise Fault("ExecutionNotRedrivable", str(reason))
        self._engine.redrive(arn)
        return {"redriveDate": self._engine.clock.now().timestamp()}


def _data(found: Description, request: Fields) -> dict[str, JSON]:
    """Input, output and failure of an execution."""
    included = request.wants_data
    told = present(inputDetails={"included": included}, error=found.error, cause=found.cause)
    payloads = {"input": found.input} | ({"output": found.output} if found.status == "SUCCEEDED" else {})
    for name, value in payloads.items():
        told[f"{name}Details"] = {"included": included}
        if included:
            told[name] = dumps(value)
    return told


def _not_of_this_type() -> Fault:
    message = "This operation is not supported by this type of state machine"
    return Fault("StateMachineTypeNotSupported", message)


def _redrivable(found: Description) -> dict[str, JSON]:
    if found.status in (RUNNING, "SUCCEEDED"):
        reason = f"Execution is {found.status} and cannot be redriven"
        return {"redriveStatus": "NOT_REDRIVABLE", "redriveStatusReason": reason}
    return {"redriveStatus": "REDRIVABLE" if found.map_run is None else "REDRIVABLE_BY_MAP_RUN"}


def _billed(stopped: datetime, started: datetime) -> dict[str, JSON]:
    """An Express execution's duration, rounded up; its memory is not measured here."""
    lasted = min((stopped - started).total_seconds(), EXPRESS_SECONDS_MAX) * 1000
    steps = max(1, -(-int(lasted) // BILLED_STEP_MS))
    return {"billedMemoryUsedInMB": BILLED_MB, "billedDurationInMilliseconds": steps * BILLED_STEP_MS}


def _event(event: Event, *, included: bool) -> dict[str, JSON]:
    """An event, its instant in seconds since the epoch."""
    told = event_as_aws(event) | {"timestamp": event.at}
    details = told.get(event.key)
    if not included and isinstance(details, dict):
        kept = {name: value for name, value in details.items() if name not in DATA}
        told[event.key] = kept | ({"parameters": ""} if "parameters" in details else {})  # required
    return told
