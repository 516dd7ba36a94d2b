"""GitHub Actions without stored credentials: an OIDC provider, and one role a stage that its environment may assume."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from rimedio_infra.deployment import ACCOUNT, Deployment

ISSUER = "token.actions.githubusercontent.com"


def github(stack: cdk.Stack, d: Deployment) -> iam.Role:
    """The role of this stage. It may only assume CDK's own roles, which do the work."""
    provider = iam.CfnOIDCProvider(
        stack, "Provider", url=f"https://{ISSUER}", client_id_list=["sts.amazonaws.com"]
    )
    provider.apply_removal_policy(cdk.RemovalPolicy.RETAIN)  # one an account: other stages use it too
    role = iam.Role(
        stack,
        "Deploy",
        role_name=d.named("github-deploy"),
        description=f"Deploys {d.stage} from {d.repository}",
        max_session_duration=cdk.Duration.hours(1),
        assumed_by=iam.FederatedPrincipal(
            provider.attr_arn,
            {
                "StringEquals": {
                    f"{ISSUER}:aud": "sts.amazonaws.com",
                    # The environment, not the branch: its protection rules hold the reviewers.
                    f"{ISSUER}:sub": f"repo:{d.repository}:environment:{d.stage}",
                }
            },
            "sts:AssumeRoleWithWebIdentity",
        ),
        inline_policies={"Allowed": iam.PolicyDocument(statements=_allowed(d))},
    )
    cdk.CfnOutput(stack, "DeployRole", value=role.role_arn)
    return role


def _allowed(d: Deployment) -> list[iam.PolicyStatement]:
    kinds = ("deploy-role", "file-publishing-role", "lookup-role")
    live = [d.arn("lambda", f"function:{d.named('*')}")]
    console = d.bucket_arn("console")
    return [
        iam.PolicyStatement(
            actions=["sts:AssumeRole"],
            resources=[d.arn("iam", f"role/cdk-*-{kind}-{ACCOUNT}-*", region="") for kind in kinds],
        ),
        # tools/rollback.py points the aliases at the version before.
        iam.PolicyStatement(
            actions=["lambda:GetAlias", "lambda:UpdateAlias", "lambda:ListVersionsByFunction"], resources=live
        ),
        iam.PolicyStatement(
            actions=["s3:PutObject", "s3:DeleteObject", "s3:ListBucket"], resources=[console, f"{console}/*"]
        ),
        iam.PolicyStatement(
            actions=["cloudformation:DescribeStacks"],
            resources=[d.arn("cloudformation", f"stack/{d.name}-*")],
        ),
    ]
