"""What a month's use costs, for the resources that a deployment really has."""

from collections.abc import Iterator, Sequence

from rimedio_infra.prices import Prices, Usage
from rimedio_infra.standing import Row
from rimedio_infra.templates import Template

KB_IN_GB = 1024 * 1024
RESTORES_OF_A_HUNDRED = 3  # calls that find no warm instance


class Month:
    """Turns quantities into rows; `items` are names of [used] in prices.toml."""

    def __init__(self, found: Sequence[Template], prices: Prices, usage: Usage) -> None:
        self._types = {resource["Type"] for template in found for _, resource in template.resources()}
        self._functions = {
            resource["Properties"]["FunctionName"].split("-", 2)[2]: resource["Properties"]
            for template in found
            for _, resource in template.resources("AWS::Lambda::Function")
        }
        self.settings = self._functions["api"]["Environment"]["Variables"]
        self.prices = prices
        self.usage = usage
        self.tickets = usage.month["tickets"]
        self.documents = usage.month["documents"]

    def has(self, kind: str) -> bool:
        """Whether the deployment has a resource of this type."""
        return kind in self._types

    def row(self, what: str, stack: str, item: str, quantity: float) -> Row:
        """A row at the table's price."""
        return what, stack, item, quantity, self.prices.used[item]

    def per_ticket(self, what: str, stack: str, item: str, name: str) -> Row:
        """A row of so many a ticket."""
        return self.row(what, stack, item, self.usage.ticket[name] * self.tickets)

    def calls(self, function: str, calls: float, milliseconds: float) -> Iterator[Row]:
        """Requests, GB-seconds, and restores where the function starts from a snapshot."""
        properties = self._functions[function]
        gigabytes = properties["MemorySize"] / 1024
        yield self.row(f"calls of {function}", "functions", "lambda_request", calls)
        yield self.row(
            f"time of {function}", "functions", "lambda_gb_second", calls * milliseconds / 1000 * gigabytes
        )
        if properties.get("SnapStart", {}).get("ApplyOn") == "PublishedVersions":
            restores = calls * RESTORES_OF_A_HUNDRED / 100 * gigabytes
            yield self.row(f"restores of {function}", "functions", "snapstart_restore_gb", restores)

    def tokens(self, what: str, model: str, tokens: float, *, output: bool = False) -> Row:
        """A row of a model's tokens."""
        return what, "bedrock", f"{model} tokens", tokens, self.prices.tokens[model][output] / 1_000_000

    def tasks(self) -> Iterator[str]:
        """The functions of the workflow's tasks."""
        return (name for name in self._functions if name.startswith("task-"))


def usage_lines(found: Sequence[Template], prices: Prices, usage: Usage) -> Iterator[Row]:
    """All rows of a month's use."""
    month = Month(found, prices, usage)
    yield from _work(month)
    yield from _data(month)
    yield from _models(month)
    yield from _watching(month)
    yield from _around(month)


def _work(month: Month) -> Iterator[Row]:
    ticket, whole = month.usage.ticket, month.usage.month
    for name in month.tasks():
        task = name.removeprefix("task-").replace("-", "_")
        share = ticket["second_opinion_share"] if task == "second_opinion" else 1
        duration = month.usage.task_ms.get(task, month.usage.task_ms["other"])
        yield from month.calls(name, month.tickets * share, duration)
    requests = ticket["api_requests"] * month.tickets
    yield from month.calls("api", requests, ticket["api_ms"])
    yield from month.calls("authorizer", requests / 10, 30)  # its answer is kept for five minutes
    for name in ("relay", "follow"):
        yield from month.calls(name, ticket["stream_calls"] / 2 * month.tickets, ticket["stream_ms"])
    yield from month.calls("webhooks", ticket["webhook_calls"] * month.tickets, ticket["webhook_ms"])
    yield from month.calls("housekeeping", whole["housekeeping_runs"], whole["housekeeping_ms"])
    yield from month.calls("ingest", month.documents, month.usage.document["ms"])
    yield month.row("requests", "api", "api_request", requests)
    yield month.per_ticket("transitions", "workflow", "transition", "transitions")


def _data(month: Month) -> Iterator[Row]:
    ticket, document, stored = month.usage.ticket, month.usage.document, month.usage.month["stored_gb"]
    copies = (
        2 if month.settings["RIMEDIO_STAGE"] == "prod" and month.has("AWS::OpenSearchService::Domain") else 1
    )
    runs = month.usage.month["housekeeping_runs"]
    writes = ticket["writes"] * month.tickets + document["writes"] * month.documents + 2 * runs
    yield month.row("writes", "data", "write_unit", writes * copies)
    yield month.row("reads", "data", "read_unit", ticket["reads"] * month.tickets + 20 * runs)
    yield month.row("table", "data", "table_gb", stored / 4 * copies)
    yield month.row("recovery", "data", "recovery_gb", stored / 4)
    yield month.row("objects", "data", "object_gb", stored * copies)
    puts = ticket["objects_put"] * month.tickets + document["objects_put"] * month.documents
    yield month.row("objects written", "data", "object_put", puts * copies)
    yield month.row("objects read", "data", "object_get", ticket["objects_get"] * month.tickets)
    yield month.per_ticket("key requests", "keys", "kms_request", "kms_requests")
    if copies > 1:
        yield month.row("objects copied", "standby", "copied_gb", stored / 10)
    if month.has("AWS::Backup::BackupPlan"):
        yield month.row("backups", "resilience", "backup_gb", stored * 1.5 * copies)


def _models(month: Month) -> Iterator[Row]:
    ticket, document = month.usage.ticket, month.usage.document
    writer, small = month.settings["RIMEDIO_BEDROCK_MODEL"], month.settings["RIMEDIO_BEDROCK_FALLBACK_MODELS"]
    embedding = month.settings["RIMEDIO_BEDROCK_EMBEDDING_MODEL"]
    opinions = ticket["second_opinion_share"] * ticket["second_opinion_tokens"]
    yield month.tokens("prompts", writer, (ticket["writer_input_tokens"] + opinions) * month.tickets)
    yield month.tokens("drafts", writer, ticket["writer_output_tokens"] * month.tickets, output=True)
    yield month.tokens("fallback", small, 0.02 * ticket["writer_input_tokens"] * month.tickets)
    vectors = ticket["embedding_tokens"] * month.tickets + document["embedding_tokens"] * month.documents
    yield month.tokens("vectors", embedding, vectors)
    yield month.per_ticket("checks", "guardrail", "guardrail_unit", "guardrail_units")
    if "RIMEDIO_TEXTRACT_REGION" in month.settings or month.has("AWS::OpenSearchService::Domain"):
        pages = ticket["scans"] * month.tickets + document["scans"] * month.documents
        yield month.row("scanned pages", "textract", "textract_page", pages)


def _watching(month: Month) -> Iterator[Row]:
    runs = month.usage.month["housekeeping_runs"]
    gigabytes = (month.usage.ticket["logs_kb"] * month.tickets + 2 * runs) / KB_IN_GB
    yield month.row("logs", "observability", "log_gb", gigabytes)
    yield month.row("logs kept", "observability", "log_kept_gb", gigabytes * 3)
    yield month.row("metrics", "observability", "metric", month.usage.month["metrics"])
    yield month.row(
        "traces", "observability", "trace", (month.usage.ticket["api_requests"] * month.tickets + runs) * 0.1
    )
    if month.has("AWS::GuardDuty::Detector"):
        yield month.row("GuardDuty", "security", "guardduty_event", 1_500_000)
        yield month.row("data events", "security", "trail_data_event", 200_000)
        yield month.row("Security Hub", "security", "security_check", 4_000)
        yield month.row("Config", "security", "config_evaluation", 2_000)


def _around(month: Month) -> Iterator[Row]:
    ticket, users = month.usage.ticket, month.usage.month["users"]
    yield month.per_ticket("events", "events", "event", "events")
    yield month.per_ticket("messages", "events", "message", "messages")
    yield month.per_ticket("mails", "events", "notification", "mail")
    yield month.row("console", "console", "cloudfront_gb", users * 0.2)
    yield month.row(
        "console requests", "console", "cloudfront_request", ticket["api_requests"] * month.tickets * 2
    )
    plus = month.has("AWS::OpenSearchService::Domain")
    yield month.row("people", "identity", "cognito_plus_user" if plus else "cognito_user", users)
    if month.has("AWS::WAFv2::WebACL"):
        yield month.row(
            "requests looked at", "api", "waf_request", ticket["api_requests"] * month.tickets * 2
        )
    if month.has("AWS::EC2::VPCEndpoint"):
        yield month.row("through endpoints", "network", "endpoint_gb", month.tickets * 0.002)
    if month.has("AWS::CodePipeline::Pipeline"):
        builds = month.usage.month["builds"]
        yield month.row("builds", "pipeline", "build_minute", builds * 25)
        yield month.row("actions", "pipeline", "pipeline_minute", builds * 25)
