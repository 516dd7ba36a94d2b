"""What a role may do, as data: actions on named resources, and beside each asterisk why it has to be there.

cdk-nag finds every asterisk; `role` answers with the reason that stands in the grant. A grant with an asterisk
and without a reason cannot be made.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from rimedio_infra.deployment import ACCOUNT


@dataclass(frozen=True)
class Grant:
    """Allowed actions on resources, under conditions. `why` explains an asterisk."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: dict[str, Any] = field(default_factory=dict)
    why: str = ""

    def __post_init__(self) -> None:
        if any("*" in action for action in self.actions):
            msg = f"{self.sid} allows {self.actions}: name the actions one by one."
            raise ValueError(msg)
        if self.wide and not self.why:
            msg = f"{self.sid} allows {self.wide} and does not say why."
            raise ValueError(msg)

    @property
    def wide(self) -> tuple[str, ...]:
        """Resources with an asterisk."""
        return tuple(resource for resource in self.resources if "*" in resource)

    def statement(self) -> iam.PolicyStatement:
        """As CDK wants it."""
        return iam.PolicyStatement(
            sid=self.sid,
            actions=list(self.actions),
            resources=list(self.resources),
            conditions=self.conditions or None,
        )


def role(
    scope: Construct, name: str, principal: iam.IPrincipal, grants: Sequence[Grant], **more: Any
) -> iam.Role:
    """A role that may do exactly this; its asterisks are explained to cdk-nag."""
    statements = [grant.statement() for grant in grants]
    policies = {"Allowed": iam.PolicyDocument(statements=statements)} if statements else None
    made = iam.Role(scope, name, assumed_by=principal, inline_policies=policies, **more)
    reasons = {finding(resource): grant.why for grant in grants for resource in grant.wide}
    if reasons:
        cdk.Validations.of(made).acknowledge(
            *(
                cdk.Acknowledgment(id=f"AwsSolutions-IAM5[Resource::{found}]", reason=why)
                for found, why in reasons.items()
            )
        )
    return made


def service_role(scope: Construct, name: str, service: str, grants: Sequence[Grant], **more: Any) -> iam.Role:
    """A role for one AWS service; its trust names the account, so no other account's resource can use it."""
    mine = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    return role(scope, name, iam.ServicePrincipal(service, conditions=mine), grants, **more)


def sealing(key_arn: str, *services: str) -> Grant:
    """The key through these services alone: who sends to a sealed queue or topic seals what he sends."""
    through = {"StringEquals": {"kms:ViaService": list(services), "kms:CallerAccount": ACCOUNT}}
    return Grant("Seal", ("kms:Decrypt", "kms:GenerateDataKey"), (key_arn,), through)


def finding(resource: str) -> str:
    """A resource as cdk-nag writes it: what only AWS knows stands in angle brackets."""
    return resource.replace(cdk.Aws.PARTITION, "<AWS::Partition>").replace(ACCOUNT, "<AWS::AccountId>")
