"""The REST API: routes and checks out of the service's own document, tiers as usage plans, logs, throttles."""

import hashlib
import json
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs

from rimedio_infra.api_document import api_document
from rimedio_infra.deployment import Deployment
from rimedio_infra.functions import RETENTION
from rimedio_infra.grants import Grant, service_role
from rimedio_infra.stacks import removal

# Requests a second and burst of each account tier, as the gateway at home keeps them.
TIERS: dict[str, tuple[int, int]] = {"FREE": (10, 20), "STANDARD": (100, 200), "ENTERPRISE": (1000, 2000)}
STAGE_RATE, STAGE_BURST = 1000, 2000
STAGE = "api"
ACCESS_LOG = {
    "request_id": "$context.requestId",
    "time": "$context.requestTimeEpoch",
    "tenant_id": "$context.authorizer.tenant_id",
    "method": "$context.httpMethod",
    "route": "$context.resourcePath",  # the route, not the path: ids of tickets stay out
    "status": "$context.status",
    "latency_ms": "$context.responseLatency",
    "integration_ms": "$context.integrationLatency",
    "bytes": "$context.responseLength",
    "waf": "$context.waf.status",
    "error": "$context.error.message",
    "trace_id": "$context.xrayTraceId",
}


@dataclass(frozen=True)
class Api:
    """The API and its one stage."""

    rest_api: apigateway.CfnRestApi
    stage: apigateway.CfnStage


def api(stack: cdk.Stack, d: Deployment) -> Api:
    """REST API, stage, usage plans, and the permission to call the two functions."""
    document = api_document(
        _invocation(d, "api"),
        _invocation(d, "authorizer"),
        d.name,
        keys=d.sizes.tenant_plans,
        origin=d.cors_origin,
    )
    rest_api = apigateway.CfnRestApi(
        stack,
        "Api",
        name=d.name,
        description="Rimedio's API",
        body=document,
        fail_on_warnings=True,
        endpoint_configuration={"types": ["REGIONAL"]},
        minimum_compression_size=1024,
    )
    for function in ("api", "authorizer"):
        lambda_.CfnPermission(
            stack,
            f"Call{function.capitalize()}",
            action="lambda:InvokeFunction",
            function_name=d.function_arn(function),
            principal="apigateway.amazonaws.com",
            source_account=cdk.Aws.ACCOUNT_ID,
            source_arn=d.arn("execute-api", f"{rest_api.ref}/*"),
        )
    made = Api(rest_api, _stage(stack, d, rest_api))
    _usage_plans(stack, d, made)
    cdk.CfnOutput(
        stack,
        "Url",
        value=f"https://{rest_api.ref}.execute-api.{d.region}.{cdk.Aws.URL_SUFFIX}/{STAGE}",
        description="Address of the API",
    )
    return made


def _invocation(d: Deployment, function: str) -> str:
    path = f"path/2015-03-31/functions/{d.function_arn(function)}/invocations"
    return f"arn:{cdk.Aws.PARTITION}:apigateway:{d.region}:lambda:{path}"


def _stage(stack: cdk.Stack, d: Deployment, rest_api: apigateway.CfnRestApi) -> apigateway.CfnStage:
    # A deployment is a snapshot: another document needs a new one, so its name carries the hash of what is imported.
    imported = json.dumps(stack.resolve(rest_api.body), sort_keys=True)
    digest = hashlib.sha256(imported.encode()).hexdigest()[:10]
    snapshot = apigateway.CfnDeployment(stack, f"Deployment{digest}", rest_api_id=rest_api.ref)
    snapshot.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
    log_group = logs.LogGroup(
        stack,
        "AccessLogs",
        log_group_name=f"/rimedio/{d.stage}/access",
        retention=RETENTION[d.sizes.log_days],
        removal_policy=removal(d),
    )
    stage = apigateway.CfnStage(
        stack,
        "Stage",
        rest_api_id=rest_api.ref,
        deployment_id=snapshot.ref,
        stage_name=STAGE,
        tracing_enabled=True,
        access_log_setting={"destinationArn": log_group.log_group_arn, "format": _log_line()},
        method_settings=[
            {
                "resourcePath": "/*",
                "httpMethod": "*",
                "metricsEnabled": True,
                "dataTraceEnabled": False,  # would write customers' texts into a log
                "loggingLevel": "ERROR",
                "throttlingRateLimit": STAGE_RATE,
                "throttlingBurstLimit": STAGE_BURST,
            }
        ],
    )
    stage.add_resource_dependency(_log_permission(stack, d))
    return stage


def _log_line() -> str:
    return "{" + ",".join(f'"{name}":"{value}"' for name, value in ACCESS_LOG.items()) + "}"


def _log_permission(stack: cdk.Stack, d: Deployment) -> apigateway.CfnAccount:
    """API Gateway writes logs with one role for the whole account and region; it outlives this stack."""
    names = (
        "CreateLogGroup CreateLogStream DescribeLogGroups DescribeLogStreams PutLogEvents GetLogEvents "
        "FilterLogEvents"
    )
    role = service_role(
        stack,
        "LogRole",
        "apigateway.amazonaws.com",
        [
            Grant(
                "WriteLogs",
                tuple(f"logs:{name}" for name in names.split()),
                (d.arn("logs", "log-group:*"),),
                why="one role writes the logs of all APIs of the account and region: AWS keeps a single one",
            )
        ],
    )
    account = apigateway.CfnAccount(stack, "Account", cloud_watch_role_arn=role.role_arn)
    account.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
    role.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
    return account


def _usage_plans(stack: cdk.Stack, d: Deployment, made: Api) -> None:
    """A plan a tier. A tenant's key is a name for counting, no secret: the authorizer tells it, nobody sends it."""
    for tier, (rate, burst) in TIERS.items():
        apigateway.CfnUsagePlan(
            stack,
            f"Plan{tier.capitalize()}",
            usage_plan_name=f"{d.name}-{tier.lower()}",
            description=f"{rate} requests a second, {burst} at once, for each tenant of the tier {tier}",
            throttle={"rateLimit": rate, "burstLimit": burst},
            api_stages=[{"apiId": made.rest_api.ref, "stage": made.stage.ref}],
        )
