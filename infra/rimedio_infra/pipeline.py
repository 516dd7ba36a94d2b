"""The AWS-native pipeline: tests, its own change first, dev, staging, a person, prod with conditions that roll back.

CodePipeline V2. GitHub Actions (.github/workflows/rimedio.yml) does the same from outside with OIDC; a team uses one.
"""

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codeconnections as codeconnections
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3

from rimedio_infra.deployment import Deployment
from rimedio_infra.functions import RETENTION
from rimedio_infra.github import cdk_roles, deploys
from rimedio_infra.grants import Grant, service_role
from rimedio_infra.stacks import removal

CDK = "aws-cdk@2.1148.1"  # 3.0.0 was published by mistake
IMAGE = "aws/codebuild/amazonlinux-aarch64-standard:3.0"
EVERY_ARTIFACT = "the pipeline names what it keeps in this one bucket"
CONNECT = ("codeconnections:UseConnection", "codestar-connections:UseConnection")
STAGES = ("dev", "staging", "prod")


def pipeline(stack: cdk.Stack, d: Deployment, key: kms.IKey) -> None:
    """Connection, artifacts, build projects, pipeline."""
    connection = codeconnections.CfnConnection(
        stack, "GitHub", connection_name=d.named("github"), provider_type="GitHub"
    )
    artifacts = _artifacts(stack, d, key)
    log_group = logs.LogGroup(
        stack,
        "Logs",
        log_group_name=f"/rimedio/{d.stage}/builds",
        retention=RETENTION[d.sizes.log_days],
        removal_policy=removal(d),
    )
    projects = {
        name: _project(stack, d, name, commands, key=key, log_group=log_group, connection=connection)
        for name, commands in _commands(d).items()
    }
    role = _pipeline_role(stack, d, connection, key)
    codepipeline.CfnPipeline(
        stack,
        "Pipeline",
        name=d.name,
        pipeline_type="V2",
        execution_mode="QUEUED",
        role_arn=role.role_arn,
        artifact_store={
            "type": "S3",
            "location": artifacts.bucket_name,
            "encryptionKey": {"type": "KMS", "id": key.key_arn},
        },
        triggers=[
            {
                "providerType": "CodeStarSourceConnection",
                "gitConfiguration": {
                    "sourceActionName": "GitHub",
                    "push": [{"branches": {"includes": [d.pipeline_branch]}}],
                },
            }
        ],
        stages=[
            {"name": "Source", "actions": [_source(d, connection)]},
            {"name": "Test", "actions": [_build("Test", projects["test"], produces="built")]},
            # The pipeline changes itself before it deploys anything: a new stage takes part in this very run.
            {"name": "Self", "actions": [_build("ChangeThePipeline", projects["self"], consumes="built")]},
            {"name": "Dev", "actions": [_build("DeployDev", projects["deploy-dev"], consumes="built")]},
            {
                "name": "Staging",
                "actions": [
                    _build("DeployStaging", projects["deploy-staging"], consumes="built", order=1),
                    _build("LoadTest", projects["load"], consumes="built", order=2),
                ],
            },
            {"name": "Approval", "actions": [_approval(d)]},
            _prod(d, projects["deploy-prod"]),
        ],
    )


def _commands(d: Deployment) -> dict[str, list[str]]:
    deploy = "python -m tools.deploy --profile {profile} --stage {stage} --assembly build/cdk"
    found = {
        "test": [
            "make lint types contracts",
            "make test",
            ".venv/bin/python -m tools.package_lambda --output dist/lambda-arm64.zip",
            "make synth LAMBDA_ZIP=dist/lambda-arm64.zip",  # templates that hold the archive, not the bare sources
        ],
        "self": [
            f"npx --yes {CDK} deploy --app build/cdk --require-approval never '{d.stage}-{d.profile}/pipeline'"
        ],
        "load": ["python -m benchmarks.http_load --json"],
    }
    for stage in STAGES:
        found[f"deploy-{stage}"] = ["pip install boto3", deploy.format(profile=d.profile, stage=stage)]
    return found


def _source(d: Deployment, connection: codeconnections.CfnConnection) -> dict[str, object]:
    return {
        "name": "GitHub",
        "actionTypeId": {
            "category": "Source",
            "owner": "AWS",
            "provider": "CodeStarSourceConnection",
            "version": "1",
        },
        "configuration": {
            "ConnectionArn": connection.attr_connection_arn,
            "FullRepositoryId": d.repository,
            "BranchName": d.pipeline_branch,
            "OutputArtifactFormat": "CODEBUILD_CLONE_REF",
            "DetectChanges": False,  # the trigger above decides
        },
        "outputArtifacts": [{"name": "source"}],
    }


def _build(
    name: str, project: codebuild.CfnProject, *, consumes: str = "source", produces: str = "", order: int = 1
) -> dict[str, object]:
    return {
        "name": name,
        "runOrder": order,
        "actionTypeId": {"category": "Build", "owner": "AWS", "provider": "CodeBuild", "version": "1"},
        "configuration": {"ProjectName": project.ref},
        "inputArtifacts": [{"name": consumes}],
        "outputArtifacts": [{"name": produces}] if produces else [],
    }


def _approval(d: Deployment) -> dict[str, object]:
    return {
        "name": "PersonApproves",
        "actionTypeId": {"category": "Approval", "owner": "AWS", "provider": "Manual", "version": "1"},
        "configuration": {
            "NotificationArn": d.arn("sns", d.named("people")),
            "CustomData": "Look at staging's dashboard and at the change sets, then approve.",
        },
    }


def _prod(d: Deployment, project: codebuild.CfnProject) -> dict[str, object]:
    """Entered only while no customer is affected; left only if that stays so, else rolled back."""
    alarm = {
        "name": "NobodyAffected",
        "ruleTypeId": {"category": "Rule", "owner": "AWS", "provider": "CloudWatchAlarm", "version": "1"},
        "configuration": {
            "AlarmName": d.named("customers-affected"),
            "WaitTime": "10",
            "AlarmStates": "ALARM",
        },
        "region": d.region,
    }
    return {
        "name": "Prod",
        "actions": [_build("DeployProd", project, consumes="built")],
        "beforeEntry": {"conditions": [{"result": "FAIL", "rules": [alarm]}]},
        "onSuccess": {"conditions": [{"result": "ROLLBACK", "rules": [alarm]}]},
        "onFailure": {"result": "ROLLBACK"},
    }


def _artifacts(stack: cdk.Stack, d: Deployment, key: kms.IKey) -> s3.Bucket:
    return s3.Bucket(
        stack,
        "Artifacts",
        bucket_name=d.bucket("artifacts"),
        encryption=s3.BucketEncryption.KMS,
        encryption_key=key,
        bucket_key_enabled=True,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        enforce_ssl=True,
        versioned=True,
        lifecycle_rules=[s3.LifecycleRule(id="forget", expiration=cdk.Duration.days(90))],
        removal_policy=removal(d),
    )


def _project(
    stack: cdk.Stack,
    d: Deployment,
    name: str,
    commands: list[str],
    *,
    key: kms.IKey,
    log_group: logs.LogGroup,
    connection: codeconnections.CfnConnection,
) -> codebuild.CfnProject:
    spec = {
        "version": 0.2,
        "env": {"variables": {"PIP_CACHE_DIR": "/var/cache/pip"}},
        "phases": {
            "install": {"runtime-versions": {"python": "3.13", "nodejs": "22"}},
            "build": {"commands": commands},
        },
        "artifacts": {"files": ["**/*"], "exclude-paths": [".venv/**/*", ".git/**/*"]},
        "cache": {"paths": ["/var/cache/pip/**/*"]},
    }
    return codebuild.CfnProject(
        stack,
        "Build" + name.title().replace("-", ""),
        name=d.named(name),
        service_role=_build_role(stack, d, name, key, log_group=log_group, connection=connection).role_arn,
        encryption_key=key.key_arn,
        timeout_in_minutes=60,
        concurrent_build_limit=1,
        artifacts={"type": "CODEPIPELINE"},
        source={"type": "CODEPIPELINE", "buildSpec": stack.to_json_string(spec)},
        environment={"type": "ARM_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL", "image": IMAGE},
        logs_config={"cloudWatchLogs": {"status": "ENABLED", "groupName": log_group.log_group_name}},
    )


def _build_role(
    stack: cdk.Stack,
    d: Deployment,
    name: str,
    key: kms.IKey,
    *,
    log_group: logs.LogGroup,
    connection: codeconnections.CfnConnection,
) -> iam.Role:
    grants = [
        *_artifact_grants(d),
        Grant("Unseal", ("kms:Decrypt", "kms:GenerateDataKey"), (key.key_arn,)),
        Grant("WriteLogs", ("logs:CreateLogStream", "logs:PutLogEvents"), (log_group.log_group_arn,)),
    ]
    if name.startswith("deploy-") or name == "self":
        grants.append(cdk_roles(d))
    if name.startswith("deploy-"):
        grants += deploys(d, name.removeprefix("deploy-"))
    if name == "test":
        # The source is handed on as a reference: who builds clones it through the connection.
        grants.append(Grant("Clone", CONNECT, (connection.attr_connection_arn,)))
    return service_role(stack, f"{name.title().replace('-', '')}BuildRole", "codebuild.amazonaws.com", grants)


def _artifact_grants(d: Deployment) -> tuple[Grant, ...]:
    """The bucket is versioned, so artifacts are read by version; where it is, CodePipeline asks first."""
    asked = tuple(f"s3:GetBucket{name}" for name in ("Acl", "Location", "Versioning"))
    kept = ("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject")
    return (
        Grant("Artifacts", kept, (d.bucket_arn("artifacts", "*"),), why=EVERY_ARTIFACT),
        Grant("ArtifactBucket", asked, (d.bucket_arn("artifacts"),)),
    )


def _pipeline_role(
    stack: cdk.Stack,
    d: Deployment,
    connection: codeconnections.CfnConnection,
    key: kms.IKey,
) -> iam.Role:
    builds = [d.arn("codebuild", f"project/{d.named(name)}") for name in _commands(d)]
    grants = [
        *_artifact_grants(d),
        Grant("Unseal", ("kms:Decrypt", "kms:GenerateDataKey"), (key.key_arn,)),
        Grant("Build", ("codebuild:StartBuild", "codebuild:BatchGetBuilds"), tuple(builds)),
        Grant("Connect", CONNECT, (connection.attr_connection_arn,)),
        Grant("Ask", ("sns:Publish",), (d.arn("sns", d.named("people")),)),
        Grant(
            "Watch",
            ("cloudwatch:DescribeAlarms",),
            (d.arn("cloudwatch", f"alarm:{d.named('customers-affected')}"),),
        ),
    ]
    return service_role(stack, "PipelineRole", "codepipeline.amazonaws.com", grants)
