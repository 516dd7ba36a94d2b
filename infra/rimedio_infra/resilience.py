"""What survives: backups under lock with a copy far away, restores that are tried, failover, drills.

Promise: back within four hours, at most an hour lost. Point-in-time recovery and replication lose minutes;
backups are for the mistake that replication copies.
"""

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_arcregionswitch as arc
from aws_cdk import aws_backup as backup
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_route53 as route53

from rimedio_infra.api import STAGE
from rimedio_infra.deployment import Deployment
from rimedio_infra.grants import Grant, service_role
from rimedio_infra.standby import vault

DAILY_DAYS, MONTHLY_DAYS = 35, 365
HEALTH_PATH = "/api/v1/health"
RECOVERY_MINUTES = 240


def backups(stack: cdk.Stack, d: Deployment, key: kms.IKey) -> None:
    """Daily and monthly backups of table and bucket, copied to the standby region, and a restore tried weekly."""
    kept = vault(stack, d, key.key_arn)
    copies = [
        {
            "destinationBackupVaultArn": d.arn("backup", f"backup-vault:{d.name}", d.standby_region),
            "lifecycle": {"deleteAfterDays": DAILY_DAYS},
        }
    ]
    plan = backup.CfnBackupPlan(
        stack,
        "Plan",
        backup_plan={
            "backupPlanName": d.name,
            "backupPlanRule": [
                {
                    "ruleName": "daily",
                    "targetBackupVault": kept.ref,
                    "scheduleExpression": "cron(30 1 * * ? *)",
                    "scheduleExpressionTimezone": "Europe/Rome",
                    "startWindowMinutes": 60,
                    "completionWindowMinutes": 240,
                    "lifecycle": {"deleteAfterDays": DAILY_DAYS},
                    "copyActions": copies if d.sizes.replica else [],
                },
                {
                    "ruleName": "monthly",
                    "targetBackupVault": kept.ref,
                    "scheduleExpression": "cron(30 2 1 * ? *)",
                    "scheduleExpressionTimezone": "Europe/Rome",
                    "lifecycle": {"deleteAfterDays": MONTHLY_DAYS},
                },
            ],
        },
    )
    role = _backup_role(stack)
    resources = [d.arn("dynamodb", f"table/{d.name}"), d.bucket_arn()]
    backup.CfnBackupSelection(
        stack,
        "Selection",
        backup_plan_id=plan.ref,
        backup_selection={"selectionName": d.name, "iamRoleArn": role.role_arn, "resources": resources},
    )
    if d.is_prod:
        _restores(stack, d, role)


def _backup_role(stack: cdk.Stack) -> iam.Role:
    """AWS's own policies for backup and restore: they follow what the service needs, and name its resources."""
    names = (
        "service-role/AWSBackupServiceRolePolicyForBackup",
        "service-role/AWSBackupServiceRolePolicyForRestores",
        "AWSBackupServiceRolePolicyForS3Backup",
        "AWSBackupServiceRolePolicyForS3Restore",
    )
    return service_role(
        stack,
        "BackupRole",
        "backup.amazonaws.com",
        [],
        managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(name) for name in names],
    )


def _restores(stack: cdk.Stack, d: Deployment, role: iam.Role) -> None:
    """A backup that was never restored is a hope: the newest one of the table is restored every week."""
    name = d.name.replace("-", "_")
    plan = backup.CfnRestoreTestingPlan(
        stack,
        "Restores",
        restore_testing_plan_name=name,
        schedule_expression="cron(0 4 ? * SUN *)",
        schedule_expression_timezone="Europe/Rome",
        start_window_hours=4,
        recovery_point_selection={
            "algorithm": "LATEST_WITHIN_WINDOW",
            "includeVaults": [d.arn("backup", f"backup-vault:{d.name}")],
            "recoveryPointTypes": ["SNAPSHOT"],
            "selectionWindowDays": 7,
        },
    )
    backup.CfnRestoreTestingSelection(
        stack,
        "RestoredTable",
        restore_testing_plan_name=plan.ref,
        restore_testing_selection_name=f"{name}_table",
        iam_role_arn=role.role_arn,
        protected_resource_type="DynamoDB",
        protected_resource_arns=[d.arn("dynamodb", f"table/{d.name}")],
        validation_window_hours=4,
    )


def failover(stack: cdk.Stack, d: Deployment, rest_api_id: str) -> None:
    """One name for the API, answered by home while it is well, by the standby region while it is not.

    A request under that name reaches API Gateway only where it is a custom domain with a certificate; health is asked
    of the APIs' own hosts, for the name itself answers from wherever it points to.
    """
    zone = cdk.CfnParameter(stack, "HostedZoneId", description="Public hosted zone of the domain")
    name = cdk.CfnParameter(stack, "ApiName", description="Name of the API, such as api.example.com")
    certificate = cdk.CfnParameter(
        stack, "CertificateArn", description="Certificate for the name in ACM, in this stack's region"
    )
    standby_host = cdk.CfnParameter(stack, "StandbyHost", description="Host of the API in the standby region")
    standby_target = cdk.CfnParameter(
        stack, "StandbyTarget", description="Regional domain name of the same custom domain there"
    )
    target = _custom_domain(stack, rest_api_id, name.value_as_string, certificate.value_as_string)
    home_host = f"{rest_api_id}.execute-api.{d.region}.{cdk.Aws.URL_SUFFIX}"
    places = {
        "PRIMARY": (home_host, target),
        "SECONDARY": (standby_host.value_as_string, standby_target.value_as_string),
    }
    for role, (host, told) in places.items():
        check = route53.CfnHealthCheck(
            stack,
            f"{role.capitalize()}Health",
            health_check_config={
                "type": "HTTPS",
                "fullyQualifiedDomainName": host,
                "port": 443,
                "resourcePath": HEALTH_PATH,
                "requestInterval": 30,
                "failureThreshold": 3,
                "enableSni": True,
            },
        )
        route53.CfnRecordSet(
            stack,
            f"{role.capitalize()}Record",
            hosted_zone_id=zone.value_as_string,
            name=name.value_as_string,
            type="CNAME",
            ttl="60",  # a resolver may answer the old address for so long
            set_identifier=role.lower(),
            failover=role,
            health_check_id=check.ref,
            resource_records=[told],
        )
    _region_switch(stack, d, zone.value_as_string, name.value_as_string)


def _custom_domain(stack: cdk.Stack, rest_api_id: str, name: str, certificate_arn: str) -> str:
    """The API under its own name; what the name has to point to."""
    made = apigateway.CfnDomainName(
        stack,
        "ApiDomain",
        domain_name=name,
        regional_certificate_arn=certificate_arn,
        endpoint_configuration={"types": ["REGIONAL"]},
        security_policy="TLS_1_2",
    )
    apigateway.CfnBasePathMapping(
        stack, "ApiMapping", domain_name=made.ref, rest_api_id=rest_api_id, stage=STAGE
    )
    return str(made.attr_regional_domain_name)


def _region_switch(stack: cdk.Stack, d: Deployment, zone: str, name: str) -> None:
    """The evacuation as a plan of ARC: a person confirms, then the traffic moves. Practised each quarter."""
    role = service_role(
        stack,
        "SwitchRole",
        "arc-region-switch.amazonaws.com",
        [
            Grant(
                "ReadRecords",
                ("route53:ListResourceRecordSets",),
                (f"arn:{cdk.Aws.PARTITION}:route53:::hostedzone/{zone}",),
            )
        ],
        role_name=d.named("region-switch"),
    )
    approval = {
        "name": "Confirm",
        "description": "The person on duty has read infra/RUNBOOKS.md#region-evacuation",
        "executionBlockType": "ManualApproval",
        "executionBlockConfiguration": {
            "executionApprovalConfig": {"approvalRole": d.arn("iam", f"role/{d.named('on-duty')}", region="")}
        },
    }
    traffic = {
        "name": "MoveTraffic",
        "executionBlockType": "Route53HealthCheck",
        "executionBlockConfiguration": {
            "route53HealthCheckConfig": {
                "hostedZoneId": zone,
                "recordName": name,
                "recordSets": [
                    {"recordSetIdentifier": "primary", "region": d.region},
                    {"recordSetIdentifier": "secondary", "region": d.standby_region},
                ],
            }
        },
    }
    arc.CfnPlan(
        stack,
        "RegionSwitch",
        name=d.name,
        description="Leave a region, or come back to it",
        recovery_approach="activePassive",
        recovery_time_objective_minutes=RECOVERY_MINUTES,
        regions=[d.region, d.standby_region],
        primary_region=d.region,
        execution_role=role.role_arn,
        workflows=[
            {"workflowTargetAction": action, "workflowTargetRegion": region, "steps": [approval, traffic]}
            for region in (d.region, d.standby_region)
            for action in ("activate", "deactivate")
        ],
    )
