"""GitHub Actions without stored credentials: an OIDC provider, and one role a stage that its environment may assume."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from rimedio_infra.deployment import ACCOUNT, Deployment
from rimedio_infra.grants import Grant, role
from rimedio_infra.singletons import unless_there

SERVICE_ROLES = "aws-service-role/opensearchservice.amazonaws.com"
ISSUER = "token.actions.githubusercontent.com"


def github(stack: cdk.Stack, d: Deployment) -> iam.Role:
    """The role of this stage. It may only assume CDK's own roles, which do the work."""
    provider = iam.CfnOIDCProvider(
        stack, "Provider", url=f"https://{ISSUER}", client_id_list=["sts.amazonaws.com"]
    )
    provider.apply_removal_policy(cdk.RemovalPolicy.RETAIN)  # one an account: other stages use it too
    made_here = unless_there(stack, "OidcProvider", "GitHub's OIDC provider", provider)
    trusted = cdk.Fn.condition_if(
        made_here.logical_id, provider.attr_arn, d.arn("iam", f"oidc-provider/{ISSUER}", region="")
    )
    federated = iam.FederatedPrincipal(
        cdk.Token.as_string(trusted),
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
    return [
        cdk_roles(d),
        *deploys(d, d.stage),
        Grant(
            "RollBack",
            aliases,
            (functions,),
            why="every function of this deployment: a rollback moves them all",
        ),
    ]


def deploys(d: Deployment, stage: str) -> list[Grant]:
    """What tools/deploy.py does itself, beside what CDK's roles do: outputs, console, what the account has already."""
    files = f"arn:{cdk.Aws.PARTITION}:s3:::rimedio-{stage}-console-{ACCOUNT}"
    regions = (d.region, d.edge_region, d.standby_region)
    stacks = tuple(d.arn("cloudformation", f"stack/rimedio-{stage}-*", region) for region in regions)
    looks = (
        "iam:ListOpenIDConnectProviders guardduty:ListDetectors securityhub:DescribeHub "
        "config:DescribeConfigurationRecorders access-analyzer:ListAnalyzers organizations:DescribeOrganization "
        "lambda:GetAccountSettings"
    )
    search_role = d.arn("iam", f"role/{SERVICE_ROLES}/AWSServiceRoleForAmazonOpenSearchService", region="")
    name = stage.capitalize()
    return [
        Grant(
            f"UploadConsole{name}",
            ("s3:PutObject", "s3:DeleteObject"),
            (f"{files}/*",),
            why="the console's files, all of them",
        ),
        Grant(f"ListConsole{name}", ("s3:ListBucket",), (files,)),
        Grant(
            f"ReadOutputs{name}",
            ("cloudformation:DescribeStacks",),
            stacks,
            why="every stack of this deployment",
        ),
        Grant(
            f"ReadReservations{name}",
            ("lambda:GetFunctionConcurrency",),
            (d.arn("lambda", f"function:rimedio-{stage}-*"),),
            why="every function of this deployment",
        ),
        Grant(f"LookForRole{name}", ("iam:GetRole",), (search_role,)),
        Grant(
            f"Look{name}",
            tuple(looks.split()),
            ("*",),
            why="what an account has once is asked of the account",
        ),
    ]
