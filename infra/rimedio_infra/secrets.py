"""The secret that tokens are signed with, and its rotation by the function's four steps."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager

from rimedio_infra.deployment import ACCOUNT, Deployment

EVERY_DAYS = 30
EMPTY = '{"keys": []}'


def signing_key(stack: cdk.Stack, d: Deployment, key: kms.IKey) -> secretsmanager.CfnSecret:
    """A secret without keys; Secrets Manager calls `rotate` every month, inside a window at night."""
    secret = secretsmanager.CfnSecret(
        stack,
        "SigningKey",
        name=d.named("signing-key"),
        description="What sign-in tokens of the service itself are signed with",
        kms_key_id=key.key_arn if d.sizes.customer_key_everywhere else None,
        secret_string=EMPTY,  # no key yet: the first rotation makes one, inside AWS
    )
    permission = lambda_.CfnPermission(
        stack,
        "CallRotate",
        action="lambda:InvokeFunction",
        function_name=d.function_arn("rotate"),
        principal="secretsmanager.amazonaws.com",
        source_account=ACCOUNT,
    )
    secretsmanager.CfnRotationSchedule(
        stack,
        "Rotation",
        secret_id=secret.ref,
        rotation_lambda_arn=d.function_arn("rotate"),
        rotation_rules={"scheduleExpression": f"rate({EVERY_DAYS} days)", "duration": "2h"},
        rotate_immediately_on_update=True,
    ).add_resource_dependency(permission)
    return secret
