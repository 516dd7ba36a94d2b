"""Web ACLs: AWS's managed rules against the OWASP top ten, known bad addresses, and floods."""

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from aws_cdk import aws_wafv2 as wafv2

from rimedio_infra.api import STAGE, TIERS, Api
from rimedio_infra.deployment import Deployment
from rimedio_infra.functions import RETENTION
from rimedio_infra.stacks import removal

# Requests of one address in five minutes. The API's ACL sees the console's users under CloudFront's few addresses, and
# a tenant's programs may use their whole tier from one; in front of the console an office shares an address, and a page
# is some hundred files that are asked for again at each visit.
WINDOW_SECONDS = 300
FLOOD = {
    "REGIONAL": WINDOW_SECONDS * int(max(per_second for per_second, _ in TIERS.values())),
    "CLOUDFRONT": WINDOW_SECONDS * 100,
}
# Order is priority. Capacity units: 700 + 200 + 200 + 25 of 1,500.
MANAGED = (
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesSQLiRuleSet",
)
# Uploads and manuals are larger than 8 KB; a ticket or an attached log quotes markup, paths (../../etc) and statements
# of a database; an installer writes down the address of the device (http://192.168.1.10): these rules only count.
COUNTED = {
    "AWSManagedRulesCommonRuleSet": (
        "SizeRestrictions_BODY",
        "CrossSiteScripting_BODY",
        "GenericRFI_BODY",
        "GenericLFI_BODY",
    ),
    "AWSManagedRulesSQLiRuleSet": ("SQLi_BODY", "SQLiExtendedPatterns_BODY"),
}


def regional_acl(stack: cdk.Stack, d: Deployment, api: Api) -> wafv2.CfnWebACL:
    """The ACL in front of the API's stage, and its log."""
    acl = _acl(stack, d, "REGIONAL")
    stage = f"arn:{cdk.Aws.PARTITION}:apigateway:{d.region}::/restapis/{api.rest_api.ref}/stages/{STAGE}"
    wafv2.CfnWebACLAssociation(
        stack, "Guard", web_acl_arn=acl.attr_arn, resource_arn=stage
    ).add_resource_dependency(api.stage)
    log_group = logs.LogGroup(
        stack,
        "FirewallLogs",
        log_group_name=f"aws-waf-logs-{d.name}",  # WAF writes to no group with another beginning
        retention=RETENTION[d.sizes.log_days],
        removal_policy=removal(d),
    )
    wafv2.CfnLoggingConfiguration(
        stack,
        "FirewallLogging",
        resource_arn=acl.attr_arn,
        log_destination_configs=[d.arn("logs", f"log-group:{log_group.log_group_name}")],
        redacted_fields=[{"singleHeader": {"Name": "authorization"}}],
        logging_filter={
            "DefaultBehavior": "DROP",
            "Filters": [
                {
                    "Behavior": "KEEP",
                    "Requirement": "MEETS_ANY",
                    "Conditions": [{"ActionCondition": {"Action": action}} for action in ("BLOCK", "COUNT")],
                }
            ],
        },
    )
    return acl


def edge_acl(stack: cdk.Stack, d: Deployment) -> wafv2.CfnWebACL:
    """The ACL in front of the console; CloudFront's live in us-east-1. Its ARN is the console stack's parameter."""
    acl = _acl(stack, d, "CLOUDFRONT")
    cdk.CfnOutput(
        stack, "WebAclArn", value=acl.attr_arn, description="The console stack's parameter WebAclArn"
    )
    return acl


def _acl(stack: cdk.Stack, d: Deployment, scope: str) -> wafv2.CfnWebACL:
    return wafv2.CfnWebACL(
        stack,
        "Firewall",
        name=d.named(scope.lower()),
        scope=scope,
        default_action={"allow": {}},
        visibility_config=_visible("all"),
        rules=[
            _flood(0, FLOOD[scope]),
            *(_managed(place, name) for place, name in enumerate(MANAGED, start=1)),
        ],
    )


def _flood(priority: int, limit: int) -> dict[str, object]:
    return {
        "name": "flood",
        "priority": priority,
        "action": {"block": {"customResponse": {"responseCode": 429}}},
        "statement": {"rateBasedStatement": {"limit": limit, "aggregateKeyType": "IP"}},
        "visibilityConfig": _visible("flood"),
    }


def _managed(priority: int, name: str) -> dict[str, object]:
    return {
        "name": name,
        "priority": priority,
        "overrideAction": {"none": {}},
        "statement": {
            "managedRuleGroupStatement": {
                "vendorName": "AWS",
                "name": name,
                "ruleActionOverrides": [
                    {"name": rule, "actionToUse": {"count": {}}} for rule in COUNTED.get(name, ())
                ],
            }
        },
        "visibilityConfig": _visible(name),
    }


def _visible(name: str) -> dict[str, object]:
    return {"cloudWatchMetricsEnabled": True, "sampledRequestsEnabled": False, "metricName": name}
