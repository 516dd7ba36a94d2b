"""Runs the workflow on AWS Step Functions: the same state machine, its tasks behind Lambda."""

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from rimedio.asl import Description
from rimedio.asl.clock import iso
from rimedio.aws import Client, error_code, translated
from rimedio.domain.clock import Clock, SystemClock
from rimedio.domain.codec import Json
from rimedio.domain.errors import Conflict, NotFound
from rimedio.domain.ticket import Status, Ticket
from rimedio.storage.tickets import TicketStore
from rimedio.tickets.live.progress import HistoryProgress
from rimedio.tickets.recovery import Recovery
from rimedio.tickets.run_name import name_of
from rimedio.tickets.runner import given_to

SERVICE = "AWS Step Functions"
TAKEN_OVER = "TakenOver"  # a person moved the ticket while an execution had it
PAGE = 1000  # events a request; the service's own limit
CAUSE_CHARS_MAX = 32_768
TOKEN_GONE = frozenset({"TaskDoesNotExist", "TaskTimedOut", "InvalidToken"})
AT_WORK = frozenset({Status.NEW, Status.PROCESSING})
POLL_SECONDS = 0.5
SETTLE_SECONDS_MAX = 900.0


@dataclass(frozen=True)
class StepFunctionsRunner:
    """A `Runner` on AWS Step Functions.

    `client` is boto3's `stepfunctions` client; `state_machine_arn` may name a version or an alias.
    """

    client: Client
    state_machine_arn: str
    tickets: TicketStore
    clock: Clock = field(default_factory=SystemClock)

    def start(self, ticket: Ticket) -> str:
        """Set a ticket going: a NEW one under its own id, a reopened one under id and version.

        A start that timed out and is asked for again is the same execution. Raises Throttled, Unavailable.
        """
        return self._begin(ticket, name_of(ticket))

    def _begin(self, ticket: Ticket, name: str) -> str:
        with translated(SERVICE, f"starting the execution {name}"):
            try:
                reply = self.client.start_execution(
                    stateMachineArn=self.state_machine_arn, name=name, input=json.dumps(given_to(ticket))
                )
            except Exception as error:
                if error_code(error) != "ExecutionAlreadyExists":
                    raise
                return self._execution_arn(name)
        return str(reply["executionArn"])

    def _execution_arn(self, name: str) -> str:
        """What the service calls an execution: the machine's ARN without version or alias, and the name."""
        *head, _, machine = self.state_machine_arn.split(":")[:7]
        return ":".join((*head, "execution", machine, name))

    def stop(self, ticket: Ticket, reason: str) -> None:
        """Break off the execution that works on a ticket or waits for it; nothing happens when it is over.

        Raises Throttled, Unavailable.
        """
        if ticket.execution_id is None:
            return
        with translated(SERVICE, f"stopping {ticket.execution_id}"):
            self.client.stop_execution(
                executionArn=ticket.execution_id, error=TAKEN_OVER, cause=reason[:CAUSE_CHARS_MAX]
            )

    def send_task_success(self, token: str, output: Json) -> None:
        """The task that waits for `token` has this output.

        Raises Conflict when nothing waits for the token any more, Throttled, Unavailable.
        """
        with translated(SERVICE, "answering a waiting task"):
            try:
                self.client.send_task_success(taskToken=token, output=json.dumps(output, ensure_ascii=False))
            except Exception as error:
                if error_code(error) not in TOKEN_GONE:
                    raise
                msg = f"Nothing waits for this answer any more: it was given before, or came too late ({error})."
                raise Conflict(msg) from error

    def describe(self, execution_id: str) -> Description:
        """How an execution stands. Raises NotFound, Throttled, Unavailable."""
        with translated(SERVICE, f"describing {execution_id}"):
            return _description(self.client.describe_execution(executionArn=execution_id))

    def history(self, execution_id: str) -> list[dict[str, Json]]:
        """Its events, all pages. Raises NotFound, Throttled, Unavailable."""
        events: list[dict[str, Json]] = []
        asked: dict[str, object] = {"executionArn": execution_id, "maxResults": PAGE}
        with translated(SERVICE, f"reading the history of {execution_id}"):
            while True:
                page = self.client.get_execution_history(**asked)
                events += [_event(event) for event in page["events"]]
                if not page.get("nextToken"):
                    return events
                asked["nextToken"] = page["nextToken"]

    @cached_property
    def progress(self) -> HistoryProgress:
        """How far executions are, for everybody who watches."""
        return HistoryProgress(self, self.clock)

    def recover(self, tenant_id: str) -> int:
        """Now and then: start tickets that were accepted and never started, hand abandoned ones to a person.

        Executions themselves go on by themselves here.
        """
        return Recovery(self.tickets, self.clock, self._begin, self._status_of).run(tenant_id)

    def pick_up(self, tenant_id: str) -> int:
        """The same."""
        return self.recover(tenant_id)

    def _status_of(self, execution_id: str) -> str:
        return self.describe(execution_id).status

    def settle(self, ticket: Ticket) -> Ticket:
        """Wait until the ticket has ended or waits for a person, 15 minutes at the most; as it is then."""

        def current() -> Ticket:
            return self.tickets.get(ticket.tenant_id, ticket.ticket_id)

        until = self.clock.monotonic() + SETTLE_SECONDS_MAX
        found = current()
        execution_id = found.execution_id or self.start(found)
        while found.status in AT_WORK and self.clock.monotonic() < until:
            self.clock.sleep(POLL_SECONDS)
            over = self.describe(execution_id).is_over  # asked before: what it wrote last is read then
            found = current()
            if over:
                break
        return found

    def drain(self) -> None:
        """Nothing: Step Functions and Lambda do the work."""

    def working(self, _threads: int) -> AbstractContextManager[None]:
        """Nothing: Step Functions and Lambda do the work."""
        return nullcontext()


def _description(reply: Mapping[str, object]) -> Description:
    def read(name: str) -> Json:
        text = reply.get(name)
        return json.loads(text) if isinstance(text, str) else None

    stopped = reply.get("stopDate")
    map_run, redrives = reply.get("mapRunArn"), reply.get("redriveCount")
    return Description(
        execution_id=str(reply["executionArn"]),
        state_machine=str(reply["stateMachineArn"]),
        name=str(reply["name"]),
        status=str(reply["status"]),
        input=read("input"),
        started=_utc(reply["startDate"]),
        output=read("output"),
        error=_text(reply.get("error")),
        cause=_text(reply.get("cause")),
        stopped=None if stopped is None else _utc(stopped),
        redrive_count=redrives if isinstance(redrives, int) else 0,
        map_run=_text(map_run),
    )


def _event(event: Mapping[str, Json]) -> dict[str, Json]:
    return {**event, "timestamp": iso(_utc(event["timestamp"]))}


def _utc(instant: object) -> datetime:
    if not isinstance(instant, datetime):
        raise NotFound(f"{SERVICE} answered no instant but {instant!r}.")
    return instant.astimezone(UTC)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
