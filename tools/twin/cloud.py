"""The services of one deployment: DynamoDB Local, OpenSearch, moto, the local Bedrock, the local Step Functions."""

import json
import logging
import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rimedio.asl import Engine, MemoryJournal
from rimedio.asl.wire import Api, StepFunctionsServer, invoked
from rimedio.aws import AwsConnections, Client
from rimedio.domain.clock import Clock, SystemClock
from rimedio.settings import Settings, load_settings
from rimedio.storage.dynamodb_definition import create_table
from rimedio.tickets.workflow import definition_for, task_names
from tools.twin.functions import FUNCTION, TASK, DeployedFunctions

Prepare = Callable[[Client], None]

REGION = "eu-south-1"
ACCOUNT = "123456789012"  # moto's
STAGE = "dev"
PREFIX = f"rimedio-{STAGE}-"
MODEL = "local.extractive"
EMBEDDING = "cohere.embed-v4:0"  # tells questions from passages, as the model at home does
WORKERS = 2
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "NO_PROXY": "127.0.0.1,localhost",
}


@dataclass(frozen=True)
class Engines:
    """Addresses of what runs outside of this process. Without OpenSearch the knowledge is a published index."""

    dynamodb: str
    opensearch: str | None = None
    bedrock: str | None = None


@dataclass(frozen=True)
class Cloud:
    """A deployment: what its functions find in their environment, and the functions."""

    settings: Settings
    connections: AwsConnections
    watching: AwsConnections  # of whoever looks on: no fault meets them, and they count as nobody's calls
    functions: DeployedFunctions
    step_functions: StepFunctionsServer
    events_queue: str  # URL of a queue that a rule sends every event to


@contextmanager
def cloud(
    engines: Engines, demo: Path, *, clock: Clock | None = None, prepare: Prepare = lambda _: None
) -> Iterator[Cloud]:
    """Deploy, and take down. `demo` is a data folder whose models the local Bedrock answers with.

    `prepare` gets every client that a function uses, before its first call; `clock` is the state machine's.
    """
    with ExitStack() as stack:
        stack.enter_context(_environment(ENVIRONMENT))
        functions = DeployedFunctions(PREFIX)
        arn = f"arn:aws:states:{REGION}:{ACCOUNT}"
        engine = Engine(MemoryJournal(), invoked(functions.for_states), arn=arn, clock=clock or SystemClock())
        states = stack.enter_context(StepFunctionsServer(Api(engine), threads=WORKERS))
        bedrock = engines.bedrock or stack.enter_context(_bedrock(demo))
        endpoints = {
            "dynamodb": engines.dynamodb,
            "dynamodbstreams": engines.dynamodb,
            "stepfunctions": states.url,
            "bedrock-runtime": bedrock,
            "bedrock-agent-runtime": bedrock,
            "*": stack.enter_context(_moto()),
        }
        connections = AwsConnections(REGION, endpoints, prepare)
        stack.callback(connections.close)
        watching = AwsConnections(REGION, endpoints)
        stack.callback(watching.close)
        made = _deployed(engines, (connections, watching), functions, states, demo)
        stack.callback(watching.client("dynamodb").delete_table, TableName=made.settings.table_name)
        yield made


def _deployed(
    engines: Engines,
    both: tuple[AwsConnections, AwsConnections],
    functions: DeployedFunctions,
    states: StepFunctionsServer,
    demo: Path,
) -> Cloud:
    connections = both[1]
    name = PREFIX + uuid.uuid4().hex[:12]
    create_table(connections.client("dynamodb"), name)
    connections.client("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    bus, events_queue = _bus(connections, name)
    key = connections.client("kms").create_key()["KeyMetadata"]["KeyId"]
    topic = connections.client("sns").create_topic(Name=name)["TopicArn"]
    queues = {
        queue: _queue(connections, f"{name}-{queue}") for queue in ("webhooks", "documents", "dead-letters")
    }
    settings = load_settings(
        {
            "home": "aws",
            "aws_region": REGION,
            "stage": STAGE,
            "taxonomy_file": demo / "taxonomy.json",
            "table_name": name,
            "bucket": name,
            "knowledge": "opensearch" if engines.opensearch else "published",
            "opensearch_url": engines.opensearch,
            "opensearch_index": name,
            "generator": "bedrock",
            "bedrock_model": MODEL,
            "bedrock_profile": "none",
            "embedder": "bedrock",
            "bedrock_embedding_model": EMBEDDING,
            "state_machine_arn": _state_machine(connections),
            "event_bus": bus,
            "event_archive": bus,
            "webhook_queue_url": queues["webhooks"],
            "ingestion_queue_url": queues["documents"],
            "dead_letter_queue_url": queues["dead-letters"],
            "notification_topic_arn": topic,
            "kms_key": key,
            "loopback_urls": True,
            "log_level": "ERROR",
            "metrics_file": os.devnull,
        },
        environment={},
    )
    return Cloud(settings, *both, functions, states, events_queue)


def _state_machine(connections: AwsConnections) -> str:
    """The workflow's own file; in the place of each task's name stands its function."""

    functions = {
        name: FUNCTION.format(region=REGION, account=ACCOUNT, name=f"{PREFIX}{TASK}{name}:live")
        for name in task_names()
    }
    made = connections.client("stepfunctions").create_state_machine(
        name=f"{PREFIX}ticket",
        definition=definition_for(functions),
        roleArn=f"arn:aws:iam::{ACCOUNT}:role/{PREFIX}ticket",
    )
    return str(made["stateMachineArn"])


def _bus(connections: AwsConnections, name: str) -> tuple[str, str]:
    """A bus, and a rule that sends every event of Rimedio to a queue."""
    events, queue = connections.client("events"), _queue(connections, f"{name}-events")
    events.create_event_bus(Name=name)
    events.put_rule(
        Name="all", EventBusName=name, EventPattern=json.dumps({"source": [{"prefix": "rimedio"}]})
    )
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}-events"
    events.put_targets(Rule="all", EventBusName=name, Targets=[{"Id": "queue", "Arn": arn}])
    return name, queue


def _queue(connections: AwsConnections, name: str) -> str:
    return str(connections.client("sqs").create_queue(QueueName=name)["QueueUrl"])


@contextmanager
def _moto() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line a request, otherwise
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@contextmanager
def _bedrock(demo: Path) -> Iterator[str]:
    from rimedio.bedrock_local.models import laptop_models
    from rimedio.bedrock_local.server import serving_bedrock
    from rimedio.bedrock_local.service import LocalBedrock

    models = laptop_models(load_settings({"data_dir": demo}, environment={}))
    with serving_bedrock(LocalBedrock(models)) as address:
        yield address


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
