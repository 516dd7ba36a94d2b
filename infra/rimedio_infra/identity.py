"""Who people are: the Cognito user pool, its roles as groups, the tenant as a claim that nobody can change."""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cognito as cognito

from rimedio_infra.deployment import Deployment
from rimedio_infra.stacks import removal

ROLES = {
    "admin": "Everything of a tenant, its knowledge and its accounts",
    "operator": "Works on tickets, reviews remedies",
    "technician": "Asks and reads, in the field",
    "integration": "Programs that open and follow tickets",
}


@dataclass(frozen=True)
class Identity:
    """The pool and the console's client."""

    pool: cognito.UserPool
    client: cognito.UserPoolClient


def identity(stack: cdk.Stack, d: Deployment) -> Identity:
    """Nobody signs up alone; a second factor is wanted; the tenant is written by administrators only."""
    pool = cognito.UserPool(
        stack,
        "People",
        user_pool_name=d.name,
        self_sign_up_enabled=False,
        sign_in_aliases=cognito.SignInAliases(email=True),
        sign_in_case_sensitive=False,
        mfa=cognito.Mfa.REQUIRED,
        mfa_second_factor=cognito.MfaSecondFactor(sms=False, otp=True),
        password_policy=cognito.PasswordPolicy(
            min_length=14,
            require_digits=True,
            require_lowercase=True,
            require_uppercase=True,
            require_symbols=True,
            temp_password_validity=cdk.Duration.days(3),
        ),
        account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
        custom_attributes={"tenant_id": cognito.StringAttribute(min_len=1, max_len=64, mutable=True)},
        feature_plan=cognito.FeaturePlan.PLUS if d.scale else cognito.FeaturePlan.ESSENTIALS,
        standard_threat_protection_mode=cognito.StandardThreatProtectionMode.FULL_FUNCTION
        if d.scale
        else None,
        deletion_protection=d.is_prod,
        removal_policy=removal(d),
    )
    for role, purpose in ROLES.items():
        cognito.CfnUserPoolGroup(
            stack,
            role.capitalize(),
            user_pool_id=pool.user_pool_id,
            group_name=role,
            description=purpose,
        )
    client = pool.add_client("Console", **_client(d))
    cdk.CfnOutput(stack, "PoolId", value=pool.user_pool_id)
    cdk.CfnOutput(stack, "ClientId", value=client.user_pool_client_id)
    return Identity(pool, client)


def _client(d: Deployment) -> dict[str, object]:
    """A public client with SRP: a page cannot keep a secret. It reads the tenant and cannot write it."""
    read = cognito.ClientAttributes().with_standard_attributes(email=True).with_custom_attributes("tenant_id")
    write = cognito.ClientAttributes().with_standard_attributes(email=True)
    return {
        "user_pool_client_name": d.named("console"),
        "auth_flows": cognito.AuthFlow(user_srp=True),
        "generate_secret": False,
        "prevent_user_existence_errors": True,
        "enable_token_revocation": True,
        "access_token_validity": cdk.Duration.minutes(30),
        "id_token_validity": cdk.Duration.minutes(30),
        "refresh_token_validity": cdk.Duration.days(1),
        "read_attributes": read,
        "write_attributes": write,
        "disable_o_auth": True,
    }
