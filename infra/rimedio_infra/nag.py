"""Security rules that every stack is held against, and each exception with its reason."""

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks


def check(app: cdk.App) -> None:
    """Hold all stacks of an app against AWS Solutions' rules while it is synthesized."""
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
