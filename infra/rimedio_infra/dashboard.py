"""The operations dashboard as the JSON that CloudWatch draws: is it well, how fast, what does it cost, what waits."""

from typing import Any

from rimedio_infra.alarms import NAMESPACE
from rimedio_infra.catalogue import TASKS
from rimedio_infra.deployment import Deployment

WIDTH, HEIGHT = 8, 6


def dashboard_body(d: Deployment) -> dict[str, Any]:
    """Widgets, three in a row."""
    widgets = [
        _graph(
            d, "Requests", [_api(d, "Count", "Sum"), _api(d, "5XXError", "Sum"), _api(d, "4XXError", "Sum")]
        ),
        _graph(
            d,
            "Latency of the API, p95 (ms)",
            [_api(d, "Latency", "p95"), _api(d, "IntegrationLatency", "p95")],
        ),
        _graph(
            d,
            "Tickets",
            [
                _own(d, "tickets_opened", "Sum"),
                _states(d, "ExecutionsSucceeded"),
                _states(d, "ExecutionsFailed"),
            ],
        ),
        _graph(
            d,
            "Answer and search, p95 (s)",
            [_own(d, "answer_seconds", "p95"), _own(d, "retrieval_seconds", "p95")],
        ),
        _graph(
            d,
            "Time to the first answer, p50 p95 (s)",
            [_own(d, "ticket_answer_seconds", "p50"), _own(d, "ticket_answer_seconds", "p95")],
        ),
        _graph(
            d, "Duration of tasks, p95 (ms)", [_function(d, spec.name, "Duration", "p95") for spec in TASKS]
        ),
        _graph(d, "Errors of tasks", [_function(d, spec.name, "Errors", "Sum") for spec in TASKS]),
        _graph(
            d,
            "Waiting messages",
            [_queue(d, name) for name in ("webhooks", "documents", "stranded", "dead-letters")],
        ),
        _graph(
            d,
            "Table: capacity used, throttled",
            [
                _table(d, name)
                for name in (
                    "ConsumedReadCapacityUnits",
                    "ConsumedWriteCapacityUnits",
                    "ReadThrottleEvents",
                    "WriteThrottleEvents",
                )
            ],
        ),
        _log(
            d,
            "Last errors",
            "fields @timestamp, service, message | filter level = 'ERROR' | sort @timestamp desc | limit 20",
        ),
    ]
    for place, widget in enumerate(widgets):
        widget |= {"x": place % 3 * WIDTH, "y": place // 3 * HEIGHT, "width": WIDTH, "height": HEIGHT}
    return {"start": "-PT24H", "widgets": widgets}


def _graph(d: Deployment, title: str, metrics: list[list[Any]]) -> dict[str, Any]:
    properties = {"title": title, "region": d.region, "view": "timeSeries", "period": 300, "metrics": metrics}
    return {"type": "metric", "properties": properties}


def _log(d: Deployment, title: str, query: str) -> dict[str, Any]:
    sources = " | ".join(
        f"SOURCE '/aws/lambda/{d.named(name)}'" for name in ("api", "task-generate", "task-verify")
    )
    return {
        "type": "log",
        "properties": {"title": title, "region": d.region, "query": f"{sources} | {query}", "view": "table"},
    }


def _api(d: Deployment, name: str, stat: str) -> list[Any]:
    return ["AWS/ApiGateway", name, "ApiName", d.name, "Stage", "api", {"stat": stat}]


def _own(d: Deployment, name: str, stat: str) -> list[Any]:
    return [NAMESPACE, name, "service", d.name, {"stat": stat}]


def _states(d: Deployment, name: str) -> list[Any]:
    return ["AWS/States", name, "StateMachineArn", d.state_machine_arn, {"stat": "Sum"}]


def _function(d: Deployment, function: str, name: str, stat: str) -> list[Any]:
    return ["AWS/Lambda", name, "FunctionName", d.named(function), {"stat": stat}]


def _queue(d: Deployment, name: str) -> list[Any]:
    return ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", d.named(name), {"stat": "Maximum"}]


def _table(d: Deployment, name: str) -> list[Any]:
    return ["AWS/DynamoDB", name, "TableName", d.name, {"stat": "Sum"}]
