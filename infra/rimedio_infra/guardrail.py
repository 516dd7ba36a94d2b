"""The guardrail: what Bedrock refuses, masks and checks, as the service itself defines it."""

import hashlib
import json
import re
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_bedrock as bedrock

from rimedio.llm.guardrails.bedrock_definition import cloudformation
from rimedio_infra.deployment import ACCOUNT, Deployment


def guardrail(stack: cdk.Stack, d: Deployment) -> str:
    """The guardrail and a version of it; `ID:VERSION`, as the functions' setting wants it."""
    properties = cloudformation(d.region, ACCOUNT, d.name)
    made = bedrock.CfnGuardrail(
        stack, "Guardrail", **{_snake(name): _camel(value) for name, value in properties.items()}
    )
    # A version is a snapshot: another definition needs a new one, so its name carries the definition's hash.
    digest = hashlib.sha256(json.dumps(stack.resolve(properties), sort_keys=True).encode()).hexdigest()[:10]
    version = bedrock.CfnGuardrailVersion(
        stack,
        f"GuardrailVersion{digest}",
        guardrail_identifier=made.attr_guardrail_id,
        description="What the functions apply",
    )
    version.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
    return f"{made.attr_guardrail_id}:{version.attr_version}"


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _camel(value: Any) -> Any:
    """CloudFormation's names inside a property, as CDK writes them."""
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: _camel(inner) for name, inner in value.items()}
    return [_camel(inner) for inner in value] if isinstance(value, list) else value
