"""Service control policy: what nobody in a member account may do, whatever its own policies say.

It belongs to the organisation's management account, so it is a stack of its own with the target as a parameter.
"""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_organizations as organizations

from rimedio_infra.deployment import Deployment

GLOBAL_SERVICES = [
    "iam:*",
    "organizations:*",
    "route53:*",
    "cloudfront:*",
    "waf:*",
    "wafv2:*",
    "support:*",
    "sts:*",
    "budgets:*",
    "ce:*",
    "cur:*",
    "globalaccelerator:*",
    "shield:*",
    "trustedadvisor:*",
    "health:*",
    "arc-region-switch:*",
]
GUARDS = [
    "cloudtrail:StopLogging",
    "cloudtrail:DeleteTrail",
    "guardduty:DeleteDetector",
    "guardduty:UpdateDetector",
    "config:StopConfigurationRecorder",
    "config:DeleteConfigurationRecorder",
    "securityhub:DisableSecurityHub",
    "access-analyzer:DeleteAnalyzer",
]
LOSSES = [
    "kms:ScheduleKeyDeletion",
    "kms:DisableKey",
    "dynamodb:DeleteTable",
    "dynamodb:DeleteBackup",
    "s3:DeleteBucket",
    "backup:DeleteBackupVault",
    "backup:DeleteRecoveryPoint",
    "logs:DeleteLogGroup",
]
BREAK_GLASS = "arn:aws:iam::*:role/rimedio-break-glass"


def service_control_policy(d: Deployment) -> dict[str, object]:
    """The policy document: our regions only, guards stay on, data stays, the root user stays out."""
    regions = sorted({d.region, d.standby_region, d.edge_region, *d.models.profile_regions})
    not_in_need = {"ArnNotLike": {"aws:PrincipalArn": BREAK_GLASS}}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "OurRegionsOnly",
                "Effect": "Deny",
                "NotAction": list(GLOBAL_SERVICES),
                "Resource": "*",
                "Condition": {"StringNotEquals": {"aws:RequestedRegion": regions}},
            },
            _deny("GuardsStayOn", GUARDS, not_in_need),
            _deny("DataStays", LOSSES, not_in_need),
            _deny("RootStaysOut", ["*"], {"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}}),
            _deny("NoStaticKeys", ["iam:CreateAccessKey"], not_in_need),
            _deny(
                "ObjectsTravelOverTls",
                ["s3:*"],
                {"BoolIfExists": {"aws:SecureTransport": "false"}},
            ),
        ],
    }


def _deny(sid: str, actions: list[str], condition: Mapping[str, object]) -> dict[str, object]:
    return {"Sid": sid, "Effect": "Deny", "Action": actions, "Resource": "*", "Condition": condition}


def organization(stack: cdk.Stack, d: Deployment) -> None:
    """The policy, attached to the organisational unit that the parameter names."""
    unit = cdk.CfnParameter(
        stack,
        "Unit",
        description="Organisational unit that the policy binds",
        allowed_pattern="^ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}$",
    )
    organizations.CfnPolicy(
        stack,
        "ServiceControlPolicy",
        name=d.named("guard-rails"),
        type="SERVICE_CONTROL_POLICY",
        description="Our regions only, guards stay on, data stays",
        target_ids=[unit.value_as_string],
        content=service_control_policy(d),
    )
