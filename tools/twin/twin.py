"""Rimedio on the twin: the system on AWS's services, its functions deployed, its knowledge loaded."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rimedio.bootstrap import Rimedio
from rimedio.bootstrap.aws import AwsRimedio
from rimedio.classification.registry import ModelRegistry
from rimedio.domain.clock import Clock
from rimedio.domain.errors import RimedioError
from rimedio.domain.ticket import Status, Ticket, TicketRequest
from rimedio.lambdas.functions._function import LambdaFunction
from rimedio.lambdas.functions._knowledge import writing_knowledge
from rimedio.tickets.workflow import task_names
from tools.twin.cloud import Cloud, Engines, Prepare, cloud
from tools.twin.compare import Seen, seen_of
from tools.twin.functions import TASK
from tools.twin.stream import TableStream

TENANT = "default"
SETTLE_SECONDS_MAX = 180.0
POLL_SECONDS = 0.02
WAITING = frozenset({Status.NEW, Status.PROCESSING})
LISTENERS = ("relay", "follow")
DELIVERIES_MAX = 10


@dataclass
class Twin:
    """A deployment with everything in it."""

    cloud: Cloud
    system: AwsRimedio
    watcher: AwsRimedio  # the same deployment, seen by whoever looks on
    stream: TableStream
    _told: list[dict[str, Any]] = field(default_factory=list)

    def load(self, manuals: Sequence[Path], classifiers: ModelRegistry) -> None:
        """Read manuals, make their vectors, register the classifier that answers at home."""

        def read(system: Rimedio) -> None:
            system.ingestor.ingest(list(manuals), system.tenant)
            system.backfill.run()

        writing_knowledge(self.system, read)
        champion = classifiers.champion()
        assert champion is not None, "the demo has a classifier"
        self.system.registry.register(classifiers.path(champion.version))

    def call(self, method: str, path: str, body: object = None, **headers: str) -> dict[str, Any]:
        """A request through the API's function, as the authorizer let it in: an operator of the tenant."""
        event = {
            "resource": "/{proxy+}",
            "path": path.split("?", maxsplit=1)[0],
            "httpMethod": method,
            "headers": {"Content-Type": "application/json"} | headers,
            "multiValueHeaders": {},
            "queryStringParameters": None,
            "multiValueQueryStringParameters": None,
            "pathParameters": None,
            "stageVariables": None,
            "requestContext": {
                "authorizer": {
                    "tenant_id": self.system.tenant,
                    "subject": "twin",
                    "roles": "operator",
                    "tier": "STANDARD",
                    "expires_at": str(int(self.system.clock.now().timestamp()) + 600),
                },
                "requestId": "twin",
                "stage": self.system.settings.stage,
                "httpMethod": method,
                "path": path,
            },
            "body": None if body is None else json.dumps(body),
            "isBase64Encoded": False,
        }
        answer: dict[str, Any] = self.cloud.functions.invoke("api", event)
        return answer

    def work_through(self, request: TicketRequest) -> Seen:
        """A ticket's whole way: opened over the API, worked on by the state machine, told on the bus."""
        ticket = self.opened(request)
        self.relay()
        return seen_of(self.system, ticket)

    def opened(self, request: TicketRequest) -> Ticket:
        """A new ticket, once it has ended or waits for a person."""
        answer = self.call("POST", "/v1/tickets", request.model_dump(mode="json", exclude_none=True))
        assert answer["statusCode"] == 202, answer
        return self.settled(json.loads(answer["body"])["ticket_id"])

    def settled(self, ticket_id: str, *, leaving: str | None = None) -> Ticket:
        """A ticket once nothing works on it, and it no longer stands as `leaving`. Raises TimeoutError."""
        end = time.monotonic() + SETTLE_SECONDS_MAX
        while time.monotonic() < end:
            ticket = self.watcher.tickets.get(self.system.tenant, ticket_id)
            if ticket.status not in WAITING and ticket.status.value != leaving:
                return ticket
            time.sleep(POLL_SECONDS)
        raise TimeoutError(f"The ticket {ticket_id} is on its way since {SETTLE_SECONDS_MAX:.0f} seconds.")

    def ended(self, execution_id: str) -> str:
        """How an execution ended, as the service says it."""
        end = time.monotonic() + SETTLE_SECONDS_MAX
        while (status := str(self.watcher.runner.describe(execution_id).status)) == "RUNNING":
            if time.monotonic() > end:
                raise TimeoutError(f"{execution_id} is running since {SETTLE_SECONDS_MAX:.0f} seconds.")
            time.sleep(POLL_SECONDS)
        return status

    def relay(self) -> None:
        """The table's stream to the functions that listen to it."""
        while records := self.stream.batch():
            for name in LISTENERS:
                self._delivered(name, records)

    def _delivered(self, name: str, records: list[dict[str, Any]]) -> None:
        """A batch to a function, again from the first record that it did not do, as Lambda delivers it."""
        for _ in range(DELIVERIES_MAX):
            try:
                failed = self.cloud.functions.invoke(name, {"Records": records})["batchItemFailures"]
            except RimedioError:
                continue
            if not failed:
                return
            numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
            records = records[min(numbers.index(item["itemIdentifier"]) for item in failed) :]
        raise RuntimeError(f"The function {name} did not work off {len(records)} records.")

    def events(self) -> list[dict[str, Any]]:
        """Every event that the bus has sent so far to the queue of a rule for all."""
        sqs = self.cloud.watching.client("sqs")
        while messages := sqs.receive_message(QueueUrl=self.cloud.events_queue, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in messages:
                self._told.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=self.cloud.events_queue, ReceiptHandle=message["ReceiptHandle"])
        return self._told


@contextmanager
def twin(
    engines: Engines, demo: Path, *, clock: Clock | None = None, prepare: Prepare = lambda _: None
) -> Iterator[Twin]:
    """A deployment without knowledge yet; `demo` is a data folder whose models the local Bedrock answers with."""
    from rimedio.lambdas.functions.api import build_api_function
    from rimedio.lambdas.functions.follow import build_follow
    from rimedio.lambdas.functions.relay import build_relay
    from rimedio.lambdas.functions.task import build_task

    with cloud(engines, demo, clock=clock, prepare=prepare) as made, TemporaryDirectory() as scratch:
        system = AwsRimedio(made.settings, made.connections, clock, scratch=Path(scratch))
        builds: dict[str, Any] = {"api": build_api_function, "relay": build_relay, "follow": build_follow}
        builds |= {TASK + name: partial(build_task, name=name) for name in task_names()}
        for name, build in builds.items():
            made.functions.add(name, LambdaFunction(name, build, find_system=lambda: system))
        watcher = AwsRimedio(made.settings, made.watching, clock, scratch=Path(scratch))
        try:
            yield Twin(made, system, watcher, TableStream(made.watching, made.settings.table_name))
        finally:
            system.close()
