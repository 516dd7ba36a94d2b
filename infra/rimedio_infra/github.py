"""GitHub Actions without stored credentials: an OIDC provider, and one role a stage that its environment may assume."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from rimedio_infra.deployment import ACCOUNT, Deployment
from rimedio_infra.grants import Grant, role

ISSUER = "token.actions.githubusercontent.com"


def github(stack: cdk.Stack, d: Deployment) -> iam.Role:
    """The role of this stage. It may only assume CDK's own roles, which do the work."""
    provider = iam.CfnOIDCProvider(
        stack, "Provider", url=f"https://{ISSUER}", client_id_list=["sts.amazonaws.com"]
    )
    provider.apply_removal_policy(cdk.RemovalPolicy.RETAIN)  # one an account: other stages use it too
    federated = iam.FederatedPrincipal(
        provider.attr_arn,
        {
            "StringEquals": {
                f"{ISSUER}:aud": "sts.amazonaws.com",
                # The environment, not the branch: its protection rules hold the reviewers.
                f"{ISSUER}:sub": f"repo:{d.repository}:environment:{d.stage}",
            }
        },
        "sts:AssumeRoleWithWebIdentity",
    )
    made = role(
        stack,
        "Deploy",
        federated,
        _allowed(d),
        role_name=d.named("github-deploy"),
        description=f"Deploys {d.stage} from {d.repository}",
        max_session_duration=cdk.Duration.hours(1),
    )
    cdk.CfnOutput(stack, "DeployRole", value=made.role_arn)
    return made


def cdk_roles(d: Deployment) -> Grant:
    """CDK's own bootstrap roles do the work: who may assume them can change nothing by itself."""
    kinds = ("deploy-role", "file-publishing-role", "lookup-role")
    roles = tuple(d.arn("iam", f"role/cdk-*-{kind}-{ACCOUNT}-*", region="") for kind in kinds)
    return Grant(
        "BecomeCdk", ("sts:AssumeRole",), roles, why="a bootstrap has a qualifier and a region of its own"
    )


def _allowed(d: Deployment) -> list[Grant]:
    aliases = ("lambda:GetAlias", "lambda:UpdateAlias", "lambda:ListVersionsByFunction")
    functions = d.arn("lambda", f"function:{d.named('*')}")
    files, stacks = d.bucket_arn("console", "*"), d.arn("cloudformation", f"stack/{d.name}-*")
    return [
        cdk_roles(d),
        Grant(
            "RollBack",
            aliases,
            (functions,),
            why="every function of this deployment: a rollback moves them all",
        ),
        Grant(
            "UploadConsole",
            ("s3:PutObject", "s3:DeleteObject"),
            (files,),
            why="the console's files, all of them",
        ),
        Grant("ListConsole", ("s3:ListBucket",), (d.bucket_arn("console"),)),
        Grant(
            "ReadOutputs", ("cloudformation:DescribeStacks",), (stacks,), why="every stack of this deployment"
        ),
    ]
