"""The ticket's way on Step Functions: the very file that the laptop's engine runs, tasks named by alias."""

import json
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn

from rimedio_infra.catalogue import TASKS
from rimedio_infra.deployment import Deployment
from rimedio_infra.functions import RETENTION
from rimedio_infra.grants import Grant, service_role
from rimedio_infra.keys import log_source
from rimedio_infra.stacks import removal

ACCOUNT_WIDE = "log deliveries and resource policies belong to the account: these actions know no resource"
ROOT = Path(__file__).resolve().parents[2]
DEFINITION = ROOT / "src" / "rimedio" / "tickets" / "workflow.asl.json"


def workflow(stack: cdk.Stack, d: Deployment, key: kms.IKey) -> sfn.CfnStateMachine:
    """The state machine, with its log and its role.

    It is a *standard* one: a ticket may wait two weeks for a person, an express execution ends after five minutes.
    """
    log_group = logs.LogGroup(
        stack,
        "Logs",
        log_group_name=f"/aws/vendedlogs/states/{d.named('ticket')}",
        retention=RETENTION[d.sizes.log_days],
        removal_policy=removal(d),
    )
    made = sfn.CfnStateMachine(
        stack,
        "Ticket",
        state_machine_name=d.named("ticket"),
        state_machine_type="STANDARD",
        role_arn=_role(stack, d, log_group, key).role_arn,
        definition_string=json.dumps(json.loads(DEFINITION.read_text("utf-8"))),  # without its indentation
        definition_substitutions={str(spec.task): d.function_arn(spec.name) for spec in TASKS},
        logging_configuration={
            # Every step, but no data of customers: the run's own ledger is redacted, this log is not.
            "level": "ALL",
            "includeExecutionData": False,
            "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": log_group.log_group_arn}}],
        },
        tracing_configuration={"enabled": True},
    )
    if d.sizes.customer_key_everywhere:
        made.encryption_configuration = sfn.CfnStateMachine.EncryptionConfigurationProperty(
            type="CUSTOMER_MANAGED_KMS_KEY", kms_key_id=key.key_arn, kms_data_key_reuse_period_seconds=900
        )
    _version(stack, made)
    return made


def _version(stack: cdk.Stack, machine: sfn.CfnStateMachine) -> None:
    """A published version of each revision: what ran last week can be looked at, and gone back to."""
    sfn.CfnStateMachineVersion(
        stack,
        "Version",
        state_machine_arn=machine.attr_arn,
        state_machine_revision_id=machine.attr_state_machine_revision_id,
    ).apply_removal_policy(cdk.RemovalPolicy.RETAIN)


def _role(stack: cdk.Stack, d: Deployment, log_group: logs.LogGroup, key: kms.IKey) -> iam.Role:
    tasks = tuple(d.function_arn(spec.name) for spec in TASKS)
    deliveries = (
        "CreateLogDelivery GetLogDelivery UpdateLogDelivery DeleteLogDelivery ListLogDeliveries "
        "PutResourcePolicy DescribeResourcePolicies DescribeLogGroups"
    )
    allowed = [
        Grant("RunTasks", ("lambda:InvokeFunction",), tasks),
        Grant("DeliverLogs", tuple(f"logs:{name}" for name in deliveries.split()), ("*",), why=ACCOUNT_WIDE),
        Grant(
            "WriteTraces",
            (
                "xray:PutTraceSegments",
                "xray:PutTelemetryRecords",
                "xray:GetSamplingRules",
                "xray:GetSamplingTargets",
            ),
            ("*",),
            why="X-Ray's actions know no resource",
        ),
    ]
    if d.sizes.customer_key_everywhere:
        context = {"StringEquals": {"kms:EncryptionContext:aws:states:stateMachineArn": d.state_machine_arn}}
        allowed.append(Grant("Seal", ("kms:Decrypt", "kms:GenerateDataKey"), (key.key_arn,), context))
        allowed.append(Grant("SealLog", ("kms:GenerateDataKey",), (key.key_arn,), log_source(d)))
    return service_role(
        stack,
        "Role",
        "states.amazonaws.com",
        allowed,
        role_name=d.named("workflow"),
    )
