"""The key of a deployment: it wraps each tenant's data key, and in the scale profile encrypts data at rest.

It is a multi-Region key where there is a standby region: what a tenant's data key sealed at home must open there.
"""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from rimedio_infra.deployment import ACCOUNT, Deployment
from rimedio_infra.stacks import removal


def key(stack: cdk.Stack, d: Deployment) -> kms.Key:
    """The key with its policy: the account's own IAM decides, services act for this account's resources only."""
    made = kms.Key(
        stack,
        "Key",
        alias=f"alias/{d.name}",
        description=f"Rimedio {d.stage}: data keys of tenants and data at rest",
        enable_key_rotation=True,
        multi_region=d.sizes.replica,
        pending_window=cdk.Duration.days(30),
        removal_policy=removal(d),
    )
    for statement in (*service_statements(d), *_workflow_logs(d)):
        made.add_to_resource_policy(statement)
    cdk.CfnOutput(
        stack, "KeyArn", value=made.key_arn, description="The standby stack's parameter PrimaryKeyArn"
    )
    return made


def service_statements(d: Deployment) -> list[iam.PolicyStatement]:
    """Services that encrypt or read for us without a role of ours."""
    services = ("cloudwatch.amazonaws.com", "events.amazonaws.com", "s3.amazonaws.com", "sns.amazonaws.com")
    return [
        iam.PolicyStatement(
            sid="ServicesEncryptForThisAccount",
            principals=[iam.ServicePrincipal(name) for name in services],
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            resources=["*"],  # in a key's policy: this key
            conditions={"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        )
    ]


def log_source(d: Deployment) -> dict[str, object]:
    """How CloudWatch's log delivery names itself to KMS (Step Functions guide, "Data at rest encryption")."""
    return {"StringEquals": {"kms:EncryptionContext:SourceArn": d.arn("logs", "*")}}


def _workflow_logs(d: Deployment) -> list[iam.PolicyStatement]:
    """The log of a state machine with a key of its own is sealed until its delivery opens it."""
    if not d.sizes.customer_key_everywhere:
        return []
    return [
        iam.PolicyStatement(
            sid="LogDeliveryOpensTheWorkflowsLog",
            principals=[iam.ServicePrincipal("delivery.logs.amazonaws.com")],
            actions=["kms:Decrypt"],
            resources=["*"],  # in a key's policy: this key
            conditions=log_source(d),
        )
    ]
