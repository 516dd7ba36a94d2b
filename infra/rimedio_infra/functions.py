"""The Lambda functions: one role, one log group, one alias `live` each; callers know the alias alone."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs

from rimedio_infra.catalogue import FUNCTIONS, FunctionSpec
from rimedio_infra.deployment import Deployment
from rimedio_infra.environment import inside_the_network
from rimedio_infra.grants import role
from rimedio_infra.network import Network
from rimedio_infra.permissions import grants
from rimedio_infra.shared import Shared
from rimedio_infra.stacks import removal

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = lambda_.Runtime.PYTHON_3_13
ARCHITECTURES = {"arm64": lambda_.Architecture.ARM_64, "x86_64": lambda_.Architecture.X86_64}
RETENTION = {
    14: logs.RetentionDays.TWO_WEEKS,
    30: logs.RetentionDays.ONE_MONTH,
    90: logs.RetentionDays.THREE_MONTHS,
}


@dataclass(frozen=True)
class Code:
    """The archive that all functions share, and the processor that its wheels were built for."""

    zip_path: Path | None
    architecture: str = "arm64"

    def asset(self) -> lambda_.Code:
        """The built archive; where it was not built, the bare sources, so that templates need no build."""
        if self.zip_path is not None:
            return lambda_.Code.from_asset(str(self.zip_path))
        bare = ["**/__pycache__", "**/models", "**/console", "**/*.onnx"]
        return lambda_.Code.from_asset(str(ROOT / "src"), exclude=bare)


@dataclass(frozen=True)
class Built:
    """What all functions have in common."""

    code: Code
    shared: Shared
    environment: dict[str, str]
    network: Network | None


@dataclass(frozen=True)
class Functions:
    """The functions of a deployment by name."""

    made: dict[str, lambda_.Function]
    aliases: dict[str, lambda_.Alias]


def functions(stack: cdk.Stack, d: Deployment, built: Built) -> Functions:
    """Every function of the catalogue, and its alias."""
    asset = built.code.asset()
    made = {spec.name: _function(stack, d, spec, built, asset) for spec in FUNCTIONS}
    aliases = {spec.name: _alias(made[spec.name], d, spec) for spec in FUNCTIONS}
    return Functions(made, aliases)


def construct_name(spec: FunctionSpec) -> str:
    """`task-retrieve-hybrid` as `TaskRetrieveHybrid`."""
    return "".join(part.capitalize() for part in spec.name.split("-"))


def _function(
    stack: cdk.Stack, d: Deployment, spec: FunctionSpec, built: Built, asset: lambda_.Code
) -> lambda_.Function:
    name = construct_name(spec)
    log_group = logs.LogGroup(
        stack,
        f"{name}Logs",
        log_group_name=f"/aws/lambda/{d.named(spec.name)}",
        retention=RETENTION[d.sizes.log_days],
        removal_policy=removal(d),
    )
    return lambda_.Function(
        stack,
        name,
        function_name=d.named(spec.name),
        description=spec.purpose,
        runtime=RUNTIME,
        architecture=ARCHITECTURES[built.code.architecture],
        handler=spec.handler,
        code=asset,
        role=_role(stack, d, spec, built.shared),
        memory_size=d.sizes.memory_mb[spec.memory],
        timeout=cdk.Duration.seconds(spec.timeout_seconds),
        environment=inside_the_network(built.environment, spec, private=built.network is not None)
        | spec.environment
        | {"POWERTOOLS_SERVICE_NAME": spec.name},
        log_group=log_group,
        logging_format=lambda_.LoggingFormat.JSON,
        tracing=lambda_.Tracing.ACTIVE,
        reserved_concurrent_executions=spec.reserved if d.scale else None,
        snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if _snapshots(d, spec) else None,
        recursive_loop=lambda_.RecursiveLoop.TERMINATE,
        **_inside(built.network, spec),
        current_version_options=lambda_.VersionOptions(removal_policy=cdk.RemovalPolicy.RETAIN),
    )


def _inside(network: Network | None, spec: FunctionSpec) -> dict[str, Any]:
    """Only functions that search live in the VPC: each interface there costs start-up time and addresses."""
    if network is None or not spec.searches:
        return {}
    return {
        "vpc": network.vpc,
        "vpc_subnets": network.subnets,
        "security_groups": [network.functions],
    }


def _snapshots(d: Deployment, spec: FunctionSpec) -> bool:
    """Lambda refuses SnapStart where instances are provisioned: those are warm already."""
    return spec.name in d.sizes.snapstart and spec.name not in d.sizes.provisioned


def _role(stack: cdk.Stack, d: Deployment, spec: FunctionSpec, shared: Shared) -> iam.IRole:
    made = role(
        stack,
        f"{construct_name(spec)}Role",
        iam.ServicePrincipal("lambda.amazonaws.com"),
        grants(spec, d, shared),
        role_name=d.named(f"fn-{spec.name}"),
        description=f"What {d.named(spec.name)} may do",
    )
    return made.without_policy_updates()  # CDK adds nothing of its own to what stands in the catalogue


def _alias(made: lambda_.Function, d: Deployment, spec: FunctionSpec) -> lambda_.Alias:
    return lambda_.Alias(
        made,
        "Live",
        alias_name="live",
        version=made.current_version,
        provisioned_concurrent_executions=d.sizes.provisioned.get(spec.name),
        **_failed_calls(made, d) if spec.called_asynchronously else {},
    )


def _failed_calls(made: lambda_.Function, d: Deployment) -> dict[str, Any]:
    """What an asynchronous call could not do after two retries waits in the dead letters."""
    dead_letters = sqs.Queue.from_queue_arn(made, "DeadLetters", d.arn("sqs", d.named("dead-letters")))
    return {
        "on_failure": destinations.SqsDestination(dead_letters),
        "retry_attempts": 2,
        "max_event_age": cdk.Duration.hours(1),
    }
