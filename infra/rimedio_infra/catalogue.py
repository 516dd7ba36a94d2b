"""Every Lambda function: its module, its size, what it needs, and where it runs. One table, one role a row.

The workflow's tasks share one module and one archive; each has its own function, so that each has its own
role, its own limits and its own alarm.
"""

from dataclasses import dataclass, field
from enum import Enum, auto

HANDLERS = "rimedio.lambdas.functions"


class Need(Enum):
    """What a function must be allowed to do; `permissions.py` says it in IAM's words."""

    TABLE_READ = auto()
    TABLE_WRITE = auto()
    TABLE_STREAM = auto()
    OBJECTS_READ = auto()
    OBJECTS_WRITE = auto()
    ATTACHMENTS_READ = auto()
    VAULTS_WRITE = auto()
    INDEX_READ = auto()
    INDEX_WRITE = auto()
    MODELS_READ = auto()
    MODELS_WRITE = auto()
    CONVERSE = auto()
    EMBED = auto()
    EMBED_IN_BATCHES = auto()
    GUARD = auto()
    CLASSIFY = auto()
    READ_SCANS = auto()
    TENANT_KEYS = auto()
    START_WORKFLOW = auto()
    RESUME_WORKFLOW = auto()
    WATCH_WORKFLOW = auto()
    READ_HISTORY = auto()
    PUT_EVENTS = auto()
    REPLAY_EVENTS = auto()
    READ_SCHEMAS = auto()
    WRITE_SCHEMAS = auto()
    MANAGE_SCHEDULES = auto()
    SEND_WEBHOOKS = auto()
    SEND_DOCUMENTS = auto()
    RECEIVE_WEBHOOKS = auto()
    RECEIVE_DOCUMENTS = auto()
    REDRIVE = auto()
    STRAND_CHANGES = auto()
    TAKE_STRANDED = auto()
    TELL_PEOPLE = auto()
    SIGNING_KEYS = auto()
    ROTATE = auto()


@dataclass(frozen=True)
class FunctionSpec:
    """One function. `searches` puts it into the VPC where the profile has an OpenSearch domain."""

    name: str
    module: str
    purpose: str
    needs: frozenset[Need]
    timeout_seconds: int = 30
    memory: str = "default"
    searches: bool = False
    called_asynchronously: bool = False
    reserved: int | None = None
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def handler(self) -> str:
        """Dotted entry point."""
        return f"{HANDLERS}.{self.module}.handler"

    @property
    def task(self) -> str | None:
        """Name of the workflow's task that it runs, as the state machine writes it."""
        return self.environment.get("RIMEDIO_TASK")


TICKET = frozenset({Need.TABLE_READ, Need.TABLE_WRITE})
SEARCH = frozenset({Need.TABLE_READ, Need.INDEX_READ, Need.EMBED})
WRITER = frozenset({Need.CONVERSE, Need.GUARD})


def _task(
    name: str,
    purpose: str,
    needs: frozenset[Need],
    *,
    timeout_seconds: int = 60,
    memory: str = "default",
    searches: bool = False,
) -> FunctionSpec:
    return FunctionSpec(
        name=f"task-{name.replace('_', '-')}",
        module="task",
        purpose=purpose,
        needs=TICKET | needs,
        timeout_seconds=timeout_seconds,
        memory=memory,
        searches=searches,
        environment={"RIMEDIO_TASK": name},
    )


# Timeouts are those of the states that call them: a function that outlives its state works for nobody.
TASKS: tuple[FunctionSpec, ...] = (
    _task("validate", "The ticket exists and is being worked on.", frozenset()),
    _task("enrich", "Customer tier, history of the asset, earlier remedies.", frozenset()),
    _task(
        "extract_text",
        "Text out of attachments.",
        frozenset({Need.ATTACHMENTS_READ, Need.READ_SCANS}),
        timeout_seconds=120,
        memory="index",
    ),
    _task(
        "inspect",
        "Personal data out, injections found; the vault is sealed.",
        frozenset({Need.GUARD, Need.TENANT_KEYS, Need.VAULTS_WRITE}),
    ),
    _task("classify", "Category with calibrated confidence.", frozenset({Need.CLASSIFY, Need.MODELS_READ})),
    _task("second_opinion", "A model's judgement where the first is unsure.", WRITER),
    _task("retrieve_hybrid", "Search by words and meaning.", SEARCH, memory="index", searches=True),
    _task("retrieve_code", "Passages that define an error code.", SEARCH, memory="index", searches=True),
    _task("retrieve_similar", "Similar solved tickets.", frozenset()),
    _task("assemble_context", "What the writer may quote.", SEARCH, memory="index", searches=True),
    _task("generate", "The draft, every sentence cited.", WRITER | {Need.INDEX_READ}, timeout_seconds=180),
    _task("verify", "Each claim against its quote.", SEARCH | {Need.GUARD}, memory="index", searches=True),
    _task("decide", "Publish, review, ask or escalate.", frozenset()),
    _task("request_review", "A person is asked; the token waits.", frozenset()),
    _task("ask_customer", "The customer is asked; the token waits.", frozenset()),
    _task("take_up_again", "The customer has replied.", frozenset()),
    _task("store", "Solution, status and event in one transaction.", frozenset({Need.READ_HISTORY})),
    _task("notify", "Wakes whoever listens.", frozenset()),
    _task("mark_failed", "The ticket is FAILED, with its reason.", frozenset()),
)

SERVICE: tuple[FunctionSpec, ...] = (
    FunctionSpec(
        "api",
        "api",
        "Every route of the REST API.",
        TICKET
        | SEARCH
        | WRITER
        | {
            Need.OBJECTS_READ,
            Need.OBJECTS_WRITE,
            Need.MODELS_READ,
            Need.MODELS_WRITE,
            Need.CLASSIFY,
            Need.TENANT_KEYS,
            Need.START_WORKFLOW,
            Need.RESUME_WORKFLOW,
            Need.WATCH_WORKFLOW,
            Need.REPLAY_EVENTS,
            Need.READ_SCHEMAS,
            Need.MANAGE_SCHEDULES,
            Need.PUT_EVENTS,
            Need.SEND_WEBHOOKS,
            Need.SEND_DOCUMENTS,
            Need.REDRIVE,
            Need.SIGNING_KEYS,
        },
        timeout_seconds=29,
        memory="index",
        searches=True,
    ),
    FunctionSpec(
        "authorizer",
        "authorizer",
        "Whose token this is.",
        frozenset({Need.TABLE_READ, Need.SIGNING_KEYS}),
        timeout_seconds=10,
    ),
    FunctionSpec(
        "relay",
        "relay",
        "Changes of the table become events.",
        TICKET | {Need.TABLE_STREAM, Need.STRAND_CHANGES, Need.PUT_EVENTS},
        timeout_seconds=60,
    ),
    FunctionSpec(
        "follow",
        "follow",
        "Learning and figures follow the changes of the table.",
        TICKET | {Need.TABLE_STREAM, Need.STRAND_CHANGES, Need.MODELS_READ, Need.MODELS_WRITE},
        timeout_seconds=120,
        reserved=5,
    ),
    FunctionSpec(
        "ingest",
        "ingest",
        "Reads, cuts and indexes documents.",
        TICKET
        | SEARCH
        | {
            Need.OBJECTS_READ,
            Need.OBJECTS_WRITE,
            Need.INDEX_WRITE,
            Need.READ_SCANS,
            Need.RECEIVE_DOCUMENTS,
            Need.TENANT_KEYS,
        },
        timeout_seconds=300,
        memory="index",
        searches=True,
        reserved=10,
    ),
    FunctionSpec(
        "publish-index",
        "publish_index",
        "Publishes the search index as one file.",
        TICKET | {Need.OBJECTS_READ, Need.INDEX_READ, Need.INDEX_WRITE, Need.EMBED},
        timeout_seconds=900,
        memory="index",
        called_asynchronously=True,
    ),
    FunctionSpec(
        "webhooks",
        "webhooks",
        "Delivers signed events to integrators.",
        TICKET
        | {
            Need.RECEIVE_WEBHOOKS,
            Need.SEND_WEBHOOKS,
            Need.TENANT_KEYS,
            Need.START_WORKFLOW,
            Need.WRITE_SCHEMAS,
        },
        timeout_seconds=60,
        reserved=20,
    ),
    FunctionSpec(
        "notify",
        "notify",
        "Tells people what waits for them.",
        TICKET | {Need.TELL_PEOPLE},
        called_asynchronously=True,
    ),
    FunctionSpec(
        "redrive",
        "redrive",
        "Sends again what could not be delivered, and does what relay and follow gave up.",
        TICKET
        | {
            Need.REDRIVE,
            Need.TABLE_STREAM,
            Need.TAKE_STRANDED,
            Need.STRAND_CHANGES,
            Need.PUT_EVENTS,
            Need.MODELS_READ,
            Need.MODELS_WRITE,
        },
        timeout_seconds=300,
        called_asynchronously=True,
    ),
    FunctionSpec(
        "rotate",
        "rotate",
        "Renews secrets in four steps.",
        frozenset({Need.ROTATE}),
        timeout_seconds=60,
    ),
    FunctionSpec(
        "housekeeping",
        "housekeeping",
        "Sweeps, recovers, watches objectives, gaps, drift and budgets.",
        TICKET
        | SEARCH
        | {
            Need.OBJECTS_READ,
            Need.OBJECTS_WRITE,
            Need.INDEX_WRITE,
            Need.EMBED_IN_BATCHES,
            Need.MODELS_READ,
            Need.MODELS_WRITE,
            Need.START_WORKFLOW,
            Need.WATCH_WORKFLOW,
            Need.RESUME_WORKFLOW,
            Need.PUT_EVENTS,
        },
        timeout_seconds=300,
        memory="index",
        searches=True,
        called_asynchronously=True,
    ),
)

FUNCTIONS: tuple[FunctionSpec, ...] = SERVICE + TASKS


def function(name: str) -> FunctionSpec:
    """A function by its name. Raises KeyError."""
    return {spec.name: spec for spec in FUNCTIONS}[name]
