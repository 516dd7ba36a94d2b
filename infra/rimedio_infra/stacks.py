"""How every stack is made: its name, tags, region and protection, the same for all capabilities."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from rimedio_infra.deployment import Deployment
from rimedio_infra.nag import explain


def stack(
    scope: Construct, d: Deployment, capability: str, purpose: str, region: str | None = None
) -> cdk.Stack:
    """An empty stack `rimedio-STAGE-CAPABILITY`. The account stays open: synthesis needs none."""
    made = cdk.Stack(
        scope,
        capability,
        stack_name=d.named(capability),
        description=f"Rimedio {d.stage} ({d.profile}): {purpose}",
        env=cdk.Environment(region=region or d.region),
        termination_protection=d.is_prod,
        analytics_reporting=False,
    )
    for key, value in tags(d, capability).items():
        cdk.Tags.of(made).add(key, value)
    explain(made, d, capability)
    return made


def tags(d: Deployment, capability: str) -> dict[str, str]:
    """Tags that the bill is read by, once they are activated for cost allocation (AWS knows no resource for that)."""
    return {
        "rimedio:stage": str(d.stage),
        "rimedio:profile": str(d.profile),
        "rimedio:capability": capability,
        "rimedio:owner": "rimedio",
        "rimedio:data-class": "customer"
        if capability in {"data", "events", "knowledge", "queues"}
        else "operations",
    }


def removal(d: Deployment) -> cdk.RemovalPolicy:
    """Data outlives its stack, except in dev."""
    return cdk.RemovalPolicy.DESTROY if d.stage == "dev" else cdk.RemovalPolicy.RETAIN


def only_tls(actions: list[str], resources: list[str]) -> iam.PolicyStatement:
    """Denies what does not come over TLS."""
    return iam.PolicyStatement(
        sid="OnlyTls",
        effect=iam.Effect.DENY,
        principals=[iam.StarPrincipal()],
        actions=actions,
        resources=resources,
        conditions={"Bool": {"aws:SecureTransport": "false"}},
    )
