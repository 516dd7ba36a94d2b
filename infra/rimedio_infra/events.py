"""What happens afterwards: the bus, its archive, rules and targets, the queues' readers, the topic, the clock."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_eventschemas as eventschemas
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns

from rimedio.events.bus import Target
from rimedio.events.deployed_rules import DEPLOYED
from rimedio.events.eventbridge_rules import native_pattern
from rimedio_infra.clock import RETRIES, clock
from rimedio_infra.deployment import ACCOUNT, Deployment
from rimedio_infra.queues import DEAD, STRANDED, queue_arn
from rimedio_infra.stacks import only_tls

CONCURRENCY = {"webhooks": 10, "documents": 5}
READERS = {"webhooks": "webhooks", "documents": "ingest"}


def eventing(stack: cdk.Stack, d: Deployment, key: kms.IKey, stream_arn: str) -> None:
    """Bus, topic, clock, and everything that connects the queues with functions."""
    _topic(stack, d, key)
    _rules(stack, d, _bus(stack, d))
    _originals(stack, d)
    _schemas(stack, d)
    _readers(stack, d)
    _followers(stack, d, stream_arn)
    clock(stack, d, key)


def _topic(stack: cdk.Stack, d: Deployment, key: kms.IKey) -> None:
    topic = sns.Topic(
        stack,
        "People",
        topic_name=d.named("people"),
        display_name="Rimedio",
        master_key=key if d.sizes.customer_key_everywhere else None,
    )
    topic.add_to_resource_policy(only_tls(["sns:Publish"], [topic.topic_arn]))
    topic.add_to_resource_policy(
        iam.PolicyStatement(
            sid="AlarmsOfThisAccount",
            principals=[iam.ServicePrincipal(f"{name}.amazonaws.com") for name in ("cloudwatch", "events")],
            actions=["sns:Publish"],
            resources=[topic.topic_arn],
            conditions={"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        )
    )
    if d.alarm_email:
        sns.CfnSubscription(
            stack, "Mail", topic_arn=topic.topic_arn, protocol="email", endpoint=d.alarm_email
        )


def _bus(stack: cdk.Stack, d: Deployment) -> events.CfnEventBus:
    bus = events.CfnEventBus(
        stack,
        "Bus",
        name=d.name,
        description="Domain events of Rimedio",
        dead_letter_config={"arn": queue_arn(d, DEAD)},
        log_config={"level": "ERROR", "includeDetail": "NONE"},
    )
    events.CfnEventBusPolicy(
        stack,
        "BusPolicy",
        event_bus_name=bus.ref,
        statement_id="OwnSourcesOnly",
        statement={
            "Sid": "OwnSourcesOnly",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{cdk.Aws.PARTITION}:iam::{ACCOUNT}:root"},
            "Action": "events:PutEvents",
            "Resource": bus.attr_arn,
            "Condition": {"StringLike": {"events:source": "rimedio.*"}},
        },
    )
    events.CfnArchive(
        stack,
        "Archive",
        archive_name=d.name,
        source_arn=bus.attr_arn,
        retention_days=d.sizes.event_archive_days,
        description="Events to look at and to replay",
    )
    return bus


def _rules(stack: cdk.Stack, d: Deployment, bus: events.CfnEventBus) -> None:
    """The rules that the service says it wants deployed. Rules of tenants are data; they make no resource."""
    for rule in DEPLOYED:
        made = events.CfnRule(
            stack,
            f"Rule{rule.name.capitalize()}",
            name=rule.name,
            description=rule.description,
            event_bus_name=bus.ref,
            event_pattern=native_pattern(rule.pattern, rule.tenant_id),
            state="ENABLED",
            targets=[_target(d, target) for target in rule.targets],
        )
        for target in rule.targets:
            kind, _, name = target.address.partition(":")
            if kind == "function":
                lambda_.CfnPermission(
                    stack,
                    f"Rule{rule.name.capitalize()}Calls{name.capitalize()}",
                    action="lambda:InvokeFunction",
                    function_name=d.function_arn(name),
                    principal="events.amazonaws.com",
                    source_arn=made.attr_arn,
                )


def _target(d: Deployment, target: Target) -> dict[str, object]:
    """`queue:deliveries` is the queue of webhooks: it carries every delivery, webhooks are most of them."""
    kind, _, name = target.address.partition(":")
    arn = d.function_arn(name) if kind == "function" else queue_arn(d, "webhooks")
    retry = target.retry
    return {
        "id": target.id,
        "arn": arn,
        "deadLetterConfig": {"arn": queue_arn(d, DEAD)},
        "retryPolicy": {
            "maximumEventAgeInSeconds": retry.maximum_event_age_seconds,
            "maximumRetryAttempts": retry.maximum_retry_attempts,
        },
    }


def _originals(stack: cdk.Stack, d: Deployment) -> None:
    """A document put into the bucket is read, whoever put it there."""
    events.CfnRule(
        stack,
        "Originals",
        name=d.named("originals"),
        description="A document was put into the bucket",
        event_pattern={
            "source": ["aws.s3"],
            "detail-type": ["Object Created"],
            "detail": {
                "bucket": {"name": [d.bucket()]},
                "object": {"key": [{"wildcard": "objects/*/originals/*"}]},
            },
        },
        state="ENABLED",
        targets=[
            {
                "id": "documents",
                "arn": queue_arn(d, "documents"),
                "deadLetterConfig": {"arn": queue_arn(d, DEAD)},
                "retryPolicy": RETRIES,
            }
        ],
    )


def _schemas(stack: cdk.Stack, d: Deployment) -> None:
    """The registry that the service writes the schemas of its events into."""
    eventschemas.CfnRegistry(
        stack, "Schemas", registry_name=d.name, description="Shapes of Rimedio's events, by version"
    )


def _readers(stack: cdk.Stack, d: Deployment) -> None:
    """Queues to functions: a failed message is named, the others of its batch are done."""
    for name, function in READERS.items():
        lambda_.CfnEventSourceMapping(
            stack,
            f"Read{name.capitalize()}",
            event_source_arn=queue_arn(d, name),
            function_name=d.function_arn(function),
            batch_size=10 if name == "webhooks" else 1,
            function_response_types=["ReportBatchItemFailures"],
            # Limits how many read at once without reserving concurrency of the account.
            scaling_config={"maximumConcurrency": CONCURRENCY[name]},
            metrics_config={"metrics": ["EventCount"]},
        )


def _followers(stack: cdk.Stack, d: Deployment, stream_arn: str) -> None:
    """The table's stream to its two readers; DynamoDB allows two on a shard, and there are two."""
    for function, window in (("relay", 0), ("follow", 5)):
        lambda_.CfnEventSourceMapping(
            stack,
            f"Stream{function.capitalize()}",
            event_source_arn=stream_arn,
            function_name=d.function_arn(function),
            starting_position="TRIM_HORIZON",
            batch_size=100,
            maximum_batching_window_in_seconds=window,
            function_response_types=["ReportBatchItemFailures"],
            bisect_batch_on_function_error=True,  # finds the one change that cannot be worked on
            maximum_retry_attempts=10,
            maximum_record_age_in_seconds=86_400,
            parallelization_factor=2,
            destination_config={"onFailure": {"destination": queue_arn(d, STRANDED)}},
        )
