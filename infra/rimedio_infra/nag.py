"""Security rules that every stack is held against, and each exception with its reason.

An asterisk in a role is explained where the role is made (`grants.Grant.why`). Here are the exceptions to the other
rules, by stack. An exception that nothing needs any more fails a test.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from rimedio_infra.deployment import Deployment, Profile

if TYPE_CHECKING:
    from collections.abc import Sequence

MANAGED = "arn:<AWS::Partition>:iam::aws:policy"
BACKUP = "AWS keeps this policy in step with what its backup service calls; its own resources have no names beforehand"


@dataclass(frozen=True)
class Exemption:
    """A rule that a stack does not keep, and why; in one profile or some stages only where it says so."""

    rule: str
    reason: str
    profile: Profile | None = None
    stages: tuple[str, ...] = ()


EXEMPTIONS: dict[str, tuple[Exemption, ...]] = {
    "api": (
        Exemption(
            "APIG2", "Bodies and parameters are validated: the validators stand in the imported document"
        ),
        Exemption(
            "APIG3",
            "A web ACL costs more than the whole frugal profile; the stage throttles and every route checks its token",
            Profile.FRUGAL,
        ),
    ),
    "console": (
        Exemption("CFR1", "Technicians travel: people sign in from anywhere, data is behind their token"),
        Exemption(
            "CFR2",
            "A web ACL costs more than the whole frugal profile; the files are public, the API has its own checks",
            Profile.FRUGAL,
        ),
        Exemption(
            "CFR3",
            "CloudFront's standard logs cannot be delivered to a bucket in eu-south-1; API Gateway logs every request",
        ),
        Exemption(
            "CFR4", "The default certificate serves until a domain is configured; it sets its own TLS policy"
        ),
        Exemption("S1", "Files of the console are public and reach people through CloudFront only"),
    ),
    "identity": (
        Exemption(
            "COG8",
            "Threat protection is paid by the user and month; the frugal profile relies on long passwords and TOTP",
            Profile.FRUGAL,
        ),
    ),
    "functions": (
        Exemption(
            "L1",
            "The archive holds wheels for Python 3.13; it moves on when all of them exist for the next one",
        ),
    ),
    "knowledge": (
        Exemption(
            "OS3",
            "The domain is in the VPC: its security group lets in the functions, an address list cannot",
        ),
        Exemption(
            "OS4", "A rehearsal needs no dedicated managers; prod has three", stages=("dev", "staging")
        ),
        Exemption("OS7", "One node is enough to develop with; prod and staging span zones", stages=("dev",)),
    ),
    "resilience": tuple(
        Exemption(f"IAM4[Policy::{MANAGED}/{name}]", BACKUP)
        for name in (
            "service-role/AWSBackupServiceRolePolicyForBackup",
            "service-role/AWSBackupServiceRolePolicyForRestores",
            "AWSBackupServiceRolePolicyForS3Backup",
            "AWSBackupServiceRolePolicyForS3Restore",
        )
    ),
    "security": (
        Exemption(
            f"IAM4[Policy::{MANAGED}/service-role/AWS_ConfigRole]",
            "What the recorder must read grows with every service; AWS keeps this policy",
        ),
        Exemption("S1", "These buckets hold the log of who did what; their own readers are in the trail"),
    ),
    "standby": (
        Exemption("S1", "Only replication writes here; who reads it is in the trail, as in every region"),
    ),
    "pipeline": (
        Exemption(
            "S1", "Artifacts are read and written by the pipeline's roles alone, which is in the trail"
        ),
    ),
}


def check(app: cdk.App) -> None:
    """Hold all stacks of an app against AWS Solutions' rules while it is synthesized."""
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))


def explain(stack: cdk.Stack, d: Deployment, capability: str) -> None:
    """Tell cdk-nag the exceptions of a stack."""
    found: Sequence[Exemption] = [
        e
        for e in EXEMPTIONS.get(capability, ())
        if e.profile in {None, d.profile} and (not e.stages or d.stage in e.stages)
    ]
    if found:
        cdk.Validations.of(stack).acknowledge(
            *(cdk.Acknowledgment(id=f"AwsSolutions-{e.rule}", reason=e.reason) for e in found)
        )
