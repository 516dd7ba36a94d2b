"""What an account, or a region of it, has only once: made here unless somebody else has made it already.

A second one is refused (a GuardDuty detector, a recorder, an OIDC provider …), and a refusal rolls the whole stack
back. So each stands under a condition whose parameter `MakeNAME` the deployment script answers when the stack is
made (tools/singletons.py looks); later deployments keep the first answer, for then the stack itself owns the thing.
"""

import aws_cdk as cdk


def unless_there(stack: cdk.Stack, name: str, what: str, *resources: cdk.CfnResource) -> cdk.CfnCondition:
    """Makes these resources only where the parameter `MakeNAME` says yes; yes is for an empty account.

    Answers the condition: what has to wait for them refers to them through it (a DependsOn may not be conditional).
    """
    parameter = cdk.CfnParameter(
        stack,
        f"Make{name}",
        default="yes",
        allowed_values=["yes", "no"],
        description=f"no: this account has {what} already",
    )
    condition = cdk.CfnCondition(
        stack, f"Makes{name}", expression=cdk.Fn.condition_equals(parameter.value_as_string, "yes")
    )
    for resource in resources:
        resource.cfn_options.condition = condition
    return condition
