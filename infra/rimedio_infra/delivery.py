"""How a new version reaches people: a tenth of the calls first, all of them if no alarm rings, else back.

CodeDeploy moves the weights of the alias `live`; CloudFormation asks it to through the alias's update policy.
"""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from rimedio_infra.deployment import Deployment
from rimedio_infra.functions import Functions
from rimedio_infra.grants import Grant, service_role

CANARIES = ("api", "authorizer", "task-generate", "task-verify")  # where a mistake reaches people at once
CONFIGURATIONS = {
    "dev": "CodeDeployDefault.LambdaAllAtOnce",
    "staging": "CodeDeployDefault.LambdaLinear10PercentEvery1Minute",
    "prod": "CodeDeployDefault.LambdaCanary10Percent5Minutes",
}


def delivery(stack: cdk.Stack, d: Deployment, functions: Functions) -> None:
    """Deployment groups of the functions that people notice first; the others change at once."""
    application = codedeploy.CfnApplication(
        stack, "Delivery", application_name=d.name, compute_platform="Lambda"
    )
    role = _role(stack, d)
    for name in CANARIES:
        alarm = _alarm(stack, d, name)
        group = codedeploy.CfnDeploymentGroup(
            stack,
            "Group" + name.title().replace("-", ""),
            application_name=application.ref,
            deployment_group_name=d.named(name),
            service_role_arn=role.role_arn,
            deployment_config_name=CONFIGURATIONS[d.stage],
            deployment_style={"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
            alarm_configuration={"enabled": True, "alarms": [{"name": alarm.ref}]},
            auto_rollback_configuration={
                "enabled": True,
                "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"],
            },
        )
        _move_by(functions.aliases[name], application, group)


def _move_by(
    alias: lambda_.Alias, application: codedeploy.CfnApplication, group: codedeploy.CfnDeploymentGroup
) -> None:
    resource = alias.node.default_child
    resource.cfn_options.update_policy = cdk.CfnUpdatePolicy(
        code_deploy_lambda_alias_update=cdk.CfnCodeDeployLambdaAliasUpdate(
            application_name=application.ref, deployment_group_name=group.ref
        )
    )


def _alarm(stack: cdk.Stack, d: Deployment, name: str) -> cloudwatch.CfnAlarm:
    """Errors of the version that is being let in; it belongs to the stack that it guards."""
    function = d.named(name)
    dimensions = [
        {"name": "FunctionName", "value": function},
        {"name": "Resource", "value": f"{function}:live"},
    ]
    return cloudwatch.CfnAlarm(
        stack,
        "Errors" + name.title().replace("-", ""),
        alarm_name=d.named(f"errors-{name}"),
        alarm_description=f"{function} fails; a deployment is rolled back. Runbook: infra/RUNBOOKS.md#errors",
        namespace="AWS/Lambda",
        metric_name="Errors",
        dimensions=dimensions,
        statistic="Sum",
        period=60,
        evaluation_periods=2,
        threshold=3,
        comparison_operator="GreaterThanThreshold",
        treat_missing_data="notBreaching",
    )


def _role(stack: cdk.Stack, d: Deployment) -> iam.Role:
    functions = [d.arn("lambda", f"function:{d.named(name)}") for name in CANARIES]
    aliases = [f"{arn}:live" for arn in functions]
    alarms = [d.arn("cloudwatch", f"alarm:{d.named(f'errors-{name}')}") for name in CANARIES]
    actions = ("lambda:UpdateAlias", "lambda:GetAlias", "lambda:GetProvisionedConcurrencyConfig")
    return service_role(
        stack,
        "DeliveryRole",
        "codedeploy.amazonaws.com",
        [
            Grant("MoveAliases", actions, tuple(functions + aliases)),
            Grant("WatchAlarms", ("cloudwatch:DescribeAlarms",), tuple(alarms)),
        ],
        role_name=d.named("delivery"),
    )
