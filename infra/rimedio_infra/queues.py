"""The queues, and the one where everything ends that could not be done.

A stack of their own before the functions': Lambda takes no failure destination that is not there yet.
"""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs

from rimedio_infra.deployment import Deployment

DEAD = "dead-letters"
STRANDED = "stranded"  # places in the table's stream, without the changes: these are gone after 24 hours
VISIBILITY = {
    "webhooks": 360,
    "documents": 1800,
}  # six times the timeout of the function that reads, as AWS advises
STRANDED_LOOKED_AT_MAX = (
    500  # the redrive looks every quarter of an hour, so a place that nobody ends goes after days
)
REDRIVE_SECONDS = 360  # longer than a run of the redrive, which sees each place once
RECEIVED_MAX = {"webhooks": 1000, "documents": 3}  # webhooks' attempts are counted in the table
OWN_RULES = ("originals", "findings")  # rules of ours on the account's default bus


def queue_arn(d: Deployment, name: str) -> str:
    """A queue by its name: stacks share no exports."""
    return d.arn("sqs", d.named(name))


def queues(stack: cdk.Stack, d: Deployment, key: kms.IKey) -> None:
    """Webhooks, documents, what the stream's functions gave up, and the dead letters of everything."""
    own = d.sizes.customer_key_everywhere
    sealed: dict[str, object] = {
        "encryption": sqs.QueueEncryption.KMS if own else sqs.QueueEncryption.SQS_MANAGED,
        "encryption_master_key": key if own else None,
        "enforce_ssl": True,
    }
    dead = sqs.Queue(
        stack, "DeadLetters", queue_name=d.named(DEAD), retention_period=cdk.Duration.days(14), **sealed
    )
    dead.add_to_resource_policy(_rules_may_send(d, dead))
    for name, seconds in VISIBILITY.items():
        queue = sqs.Queue(
            stack,
            name.capitalize(),
            queue_name=d.named(name),
            visibility_timeout=cdk.Duration.seconds(seconds),
            retention_period=cdk.Duration.days(14),
            receive_message_wait_time=cdk.Duration.seconds(20),
            dead_letter_queue=sqs.DeadLetterQueue(max_receive_count=RECEIVED_MAX[name], queue=dead),
            **sealed,
        )
        queue.add_to_resource_policy(_rules_may_send(d, queue))
    sqs.Queue(
        stack,
        "Stranded",
        queue_name=d.named(STRANDED),
        visibility_timeout=cdk.Duration.seconds(REDRIVE_SECONDS),
        retention_period=cdk.Duration.days(14),
        dead_letter_queue=sqs.DeadLetterQueue(max_receive_count=STRANDED_LOOKED_AT_MAX, queue=dead),
        **sealed,
    )


def _rules_may_send(d: Deployment, queue: sqs.Queue) -> iam.PolicyStatement:
    """Rules of this deployment only; a rule of another bus or account cannot fill the queue."""
    rules = [d.arn("events", f"rule/{d.named(name)}") for name in OWN_RULES]
    return iam.PolicyStatement(
        sid="RulesOfThisBus",
        principals=[iam.ServicePrincipal("events.amazonaws.com")],
        actions=["sqs:SendMessage"],
        resources=[queue.queue_arn],
        conditions={"ArnLike": {"aws:SourceArn": [d.arn("events", f"rule/{d.name}/*"), *rules]}},
    )
