"""What is watched: objectives, alarms, dashboard, saved queries, sampling. The numbers come from objectives.json."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_applicationsignals as applicationsignals
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs
from aws_cdk import aws_xray as xray

from rimedio.observability.catalogue import CHANGES_LOST
from rimedio_infra.alarms import FAST, SLOW, Alarms, Measure, api_measure, objectives, own_measure
from rimedio_infra.catalogue import FUNCTIONS
from rimedio_infra.dashboard import dashboard_body
from rimedio_infra.deployment import Deployment
from rimedio_infra.queues import STRANDED

QUERIES = {
    "errors": "fields @timestamp, service, message, error, request_id | filter level = 'ERROR' | sort @timestamp desc",
    "slow-steps": (
        "filter ispresent(step_seconds) "
        "| stats pct(step_seconds, 95) as p95, count(*) as n by step | sort p95 desc"
    ),
    "one-ticket": "fields @timestamp, service, message | filter ticket_id = 'tkt_…' | sort @timestamp asc",
    "cold-starts": "filter @type = 'REPORT' | stats count(@initDuration) as cold, avg(@initDuration) as ms by @log",
    "tenants": "filter ispresent(tenant_id) | stats count(*) as lines by tenant_id | sort lines desc | limit 20",
}


def observability(stack: cdk.Stack, d: Deployment) -> None:
    """Everything that is watched in a deployment."""
    _alarms(Alarms(stack, d), d)
    cloudwatch.CfnDashboard(
        stack, "Dashboard", dashboard_name=d.name, dashboard_body=stack.to_json_string(dashboard_body(d))
    )
    groups = [f"/aws/lambda/{d.named(spec.name)}" for spec in FUNCTIONS]
    for name, text in QUERIES.items():
        logs.CfnQueryDefinition(
            stack,
            "Query" + name.title().replace("-", ""),
            name=f"{d.name}/{name}",
            query_string=text,
            log_group_names=groups[:20],  # as many as a saved query may name
        )
    _sampling(stack, d)
    if d.scale:
        _objectives(stack, d)


def _alarms(alarms: Alarms, d: Deployment) -> None:
    failed = Measure("AWS/States", "ExecutionsFailed", "Sum", (("StateMachineArn", d.state_machine_arn),))
    waiting = Measure(
        "AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", (("QueueName", d.named("dead-letters")),)
    )
    # By table alone DynamoDB counts events, not requests: ThrottledRequests exists by table *and* operation only.
    refused = [
        Measure("AWS/DynamoDB", f"{kind}ThrottleEvents", "Sum", (("TableName", d.name),))
        for kind in ("Read", "Write")
    ]
    behind = Measure("AWS/Lambda", "IteratorAge", "Maximum", (("FunctionName", d.named("relay")),))
    alarms.above("workflow-failed", "A ticket's execution failed", failed, 0)
    alarms.above("dead-letters", "Something could not be delivered", waiting, 0)
    alarms.sum_above("table-throttled", "DynamoDB refuses requests", refused, 10, periods=2)
    alarms.above("relay-behind", "Events leave more than five minutes late", behind, 300_000)
    _stranded(alarms, d)
    _burn(alarms, d)
    if d.scale:
        _latencies(alarms, d)
        _unusual(alarms, d)
    names = ["availability-burn", "workflow-failed"]
    if d.scale:
        alarms.any_of("customers-affected", "Customers notice it", [*names, "answer-slow"])


def _stranded(alarms: Alarms, d: Deployment) -> None:
    """Changes that relay or follow gave up have 24 hours from their writing.

    SQS leaves a message that was received three times out of the age, so one that fails at every look is found by its
    being there at all, hour after hour.
    """
    queue = (("QueueName", d.named(STRANDED)),)
    age = Measure("AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", queue)
    there = Measure("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", queue)
    alarms.above(
        "changes-waiting", "Nobody looks at changes that failed: they are gone after a day", age, 3600
    )
    alarms.above(
        "changes-stuck",
        "Changes fail again and again for two hours: they are gone after a day",
        there,
        0,
        periods=8,
        period=900,
    )
    alarms.above(
        "changes-lost", "Changes are gone and nobody took them", own_measure(d, CHANGES_LOST.name, "Sum"), 0
    )


def _burn(alarms: Alarms, d: Deployment) -> None:
    """The availability objective, by how fast its budget burns."""
    promised = next(o for o in objectives() if o["name"] == "availability")["target"]
    bad, total = api_measure(d, "5XXError", "Sum"), api_measure(d, "Count", "Sum")
    rate, long, short = FAST
    limit = round(rate * (1 - promised), 6)
    if not d.scale:
        alarms.share_above("availability-burn", "Requests fail", bad, total, limit=limit, period=long)
        return
    for name, seconds in (("availability-fast-long", long), ("availability-fast-short", short)):
        alarms.share_above(name, "Requests fail", bad, total, limit=limit, period=seconds, tell=False)
    alarms.all_of(
        "availability-burn",
        f"The month's error budget burns {rate} times too fast, and still does",
        ["availability-fast-long", "availability-fast-short"],
    )
    rate, long, short = SLOW
    limit = round(rate * (1 - promised), 6)
    for name, seconds in (("availability-slow-long", long), ("availability-slow-short", short)):
        alarms.share_above(name, "Requests fail", bad, total, limit=limit, period=seconds, tell=False)
    alarms.all_of(
        "availability-erodes",
        f"The month's error budget burns {rate} times too fast",
        ["availability-slow-long", "availability-slow-short"],
    )


def _latencies(alarms: Alarms, d: Deployment) -> None:
    """The other objectives: so many per cent of values are at most so long."""
    for objective in objectives():
        if "at_most" in objective and objective["metric"] != "http_request_seconds":
            stat = f"p{objective['target'] * 100:g}"
            measure = own_measure(d, objective["metric"], stat)
            alarms.above(
                f"{objective['name']}-slow", objective["meaning"], measure, objective["at_most"], periods=3
            )


def _unusual(alarms: Alarms, d: Deployment) -> None:
    alarms.unusual(
        "tickets-unusual", "More or fewer tickets than usual", own_measure(d, "tickets_opened", "Sum")
    )
    bedrock = Measure("AWS/Bedrock", "InvocationLatency", "p90", (("ModelId", d.models.writer),))
    alarms.unusual("model-unusual", "The model answers at an unusual speed", bedrock)


def _objectives(stack: cdk.Stack, d: Deployment) -> None:
    """The objectives as Application Signals keeps them, with attainment and error budget."""
    for objective in objectives():
        measured = _measured(d, objective)
        if measured:
            applicationsignals.CfnServiceLevelObjective(
                stack,
                f"Objective{objective['name'].capitalize()}",
                name=d.named(objective["name"]),
                description=objective["meaning"],
                goal={
                    "attainmentGoal": objective["target"] * 100,
                    "warningThreshold": 50,
                    "interval": {"rollingInterval": {"duration": 30, "durationUnit": "DAY"}},
                },
                burn_rate_configurations=[{"lookBackWindowMinutes": 60}, {"lookBackWindowMinutes": 360}],
                **measured,
            )


def _measured(d: Deployment, objective: dict[str, Any]) -> dict[str, Any]:
    if "bad" in objective:
        bad, total = api_measure(d, "5XXError", "Sum"), api_measure(d, "Count", "Sum")
        return {
            "request_based_sli": {
                "requestBasedSliMetric": {
                    "monitoredRequestCountMetric": {"badCountMetric": [bad.query("bad", 60, shown=True)]},
                    "totalRequestCountMetric": [total.query("total", 60, shown=True)],
                }
            }
        }
    if objective["metric"] == "http_request_seconds":
        # Routes are dimensions of their own; the stage's latency over all routes stands in for the reads.
        measure, limit = api_measure(d, "Latency", "p95"), objective["at_most"] * 1000
    else:
        measure, limit = own_measure(d, objective["metric"], "p95"), objective["at_most"]
    return {
        "sli": {
            "comparisonOperator": "LessThanOrEqualTo",
            "metricThreshold": limit,
            "sliMetric": {"metricDataQueries": [measure.query("value", 60, shown=True)]},
        }
    }


def _sampling(stack: cdk.Stack, d: Deployment) -> None:
    """All that fails is found by its group; of the rest one request a second and a twentieth is kept."""
    xray.CfnSamplingRule(
        stack,
        "Sampling",
        sampling_rule={
            "ruleName": d.name,
            "priority": 100,
            "version": 1,
            "fixedRate": 0.05 if d.is_prod else 0.5,
            "reservoirSize": 1,
            "serviceName": f"{d.name}*",
            "serviceType": "*",
            "host": "*",
            "httpMethod": "*",
            "urlPath": "*",
            "resourceArn": "*",
        },
    )
    xray.CfnGroup(
        stack,
        "Failures",
        group_name=d.named("failures"),
        filter_expression=f'service(id(name: "{d.named("api")}")) {{ fault = true OR error = true }}',
        insights_configuration={"insightsEnabled": d.scale, "notificationsEnabled": d.scale},
    )
