"""What runs by the clock: housekeeping and redrive, and the group of the schedules that people make."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_scheduler as scheduler

from rimedio_infra.deployment import Deployment
from rimedio_infra.grants import Grant, sealing, service_role
from rimedio_infra.queues import DEAD, queue_arn

STRANDED = '{"parts": ["changes"]}'  # the stream keeps them for 24 hours: too short for a daily run
RETRIES = {"maximumEventAgeInSeconds": 3600, "maximumRetryAttempts": 8}


def clock(stack: cdk.Stack, d: Deployment, key: kms.IKey) -> None:
    """Housekeeping by EventBridge Scheduler, and the group and role of the schedules that people make."""
    runs = _runs(d)
    group = scheduler.CfnScheduleGroup(stack, "Schedules", name=d.name)
    allowed = [
        Grant(
            "Call", ("lambda:InvokeFunction",), tuple(dict.fromkeys(d.function_arn(run[1]) for run in runs))
        ),
        Grant("Deliver", ("sqs:SendMessage",), (queue_arn(d, "webhooks"),)),
        Grant("Bury", ("sqs:SendMessage",), (queue_arn(d, DEAD),)),
    ]
    if d.sizes.customer_key_everywhere:
        allowed.append(sealing(key.key_arn, f"sqs.{d.region}.amazonaws.com"))
    role = service_role(
        stack,
        "SchedulerRole",
        "scheduler.amazonaws.com",
        allowed,
        role_name=d.named("scheduler"),
    )
    for name, function, expression, asked in runs:
        scheduler.CfnSchedule(
            stack,
            "Every" + name.title().replace("-", ""),
            name=name,
            group_name=group.ref,
            schedule_expression=expression,
            schedule_expression_timezone="Europe/Rome",
            flexible_time_window={"mode": "FLEXIBLE", "maximumWindowInMinutes": 2},
            state="ENABLED",
            target={
                "arn": d.function_arn(function),
                "roleArn": role.role_arn,
                "deadLetterConfig": {"arn": queue_arn(d, DEAD)},
                "retryPolicy": RETRIES,
                "input": asked,
            },
        )


def _runs(d: Deployment) -> list[tuple[str, str, str, str]]:
    """Schedules: name, function, when, what the function is given."""
    runs = [
        ("housekeeping", "housekeeping", "rate(5 minutes)" if d.scale else "rate(15 minutes)", "{}"),
        ("redrive", "redrive", "cron(15 3 * * ? *)", "{}"),
        ("changes", "redrive", "rate(15 minutes)", STRANDED),
    ]
    if not d.sizes.opensearch:  # what `ingest` had no time for; in front of a domain housekeeping does it
        runs.append(("publish-index", "publish-index", "rate(1 hour)", "{}"))
    return runs
