"""Gives moto's CloudFormation the templates, without the types that it does not make. It proves that references hold.

A stack that moto makes shows that names, references and the order of resources fit together; it shows nothing of
how a service behaves.
"""

import json
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rimedio_infra.templates import ACCOUNT, Resolver, Template

BUS = "AWS::Events::EventBus"
# What moto has a model for and still does not make as it is written here, each with what it says.
NOT_MADE = {
    "AWS::ApiGateway::Deployment": "wants methods of its own; ours stand in the imported document",
    "AWS::EC2::SecurityGroupIngress": "looks the group up before it is made",
    "AWS::KMS::Key": "reads tags in a shape of its own (KeyError: TagKey)",
    "AWS::KMS::Alias": "needs the key",
    "AWS::Lambda::EventSourceMapping": "needs the function's alias, which moto's CloudFormation does not make",
    "AWS::Lambda::Permission": "the same",
    "AWS::Route53::RecordSet": "needs a hosted zone, which is the owner's",
    "AWS::SageMaker::Endpoint": "needs its configuration",
    "AWS::SageMaker::EndpointConfig": "knows no t2 and c6i instances",
}


def supported(kind: str) -> bool:
    """Whether moto makes resources of this type."""
    from moto.cloudformation.parsing import resource_class_from_type

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return kind not in NOT_MADE and resource_class_from_type(kind) is not None


def reduced(template: Template, resolver: Resolver) -> dict[str, Any]:
    """The template's supported resources; what they refer to outside of them is answered by the resolver."""
    kept = {name: resource for name, resource in template.resources() if supported(resource["Type"])}
    buses = [name for name, resource in kept.items() if resource["Type"] == BUS]
    made: dict[str, Any] = {}
    for name, resource in kept.items():
        properties = _bound(template, resource.get("Properties", {}), kept, resolver)
        made[name] = {"Type": resource["Type"], "Properties": properties}
        if resource["Type"].startswith("AWS::Events::") and resource["Type"] != BUS:
            made[name]["DependsOn"] = buses  # the reference that said so was answered by the resolver
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": made}


def _bound(template: Template, value: Any, kept: Mapping[str, Any], resolver: Resolver) -> Any:
    if isinstance(value, list):
        return [_bound(template, inner, kept, resolver) for inner in value]
    if not isinstance(value, dict):
        return value
    if value.keys() & {"Ref", "Fn::GetAtt"}:
        name = value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0]
        if kept.get(name, {}).get("Type") == BUS:
            return resolver.resolved(template, value)  # moto answers such a reference with an object
        return value if name in kept or str(name).startswith("AWS::") else resolver.resolved(template, value)
    if value.keys() & {"Fn::ImportValue", "Fn::If", "Fn::Select", "Fn::Split"}:
        return resolver.resolved(template, value)
    return {key: _bound(template, inner, kept, resolver) for key, inner in value.items()}


def prepare(templates: Iterable[Template], session: Any) -> None:
    """What a bootstrap leaves behind: the bucket of assets, with an archive where each function looks for its own."""
    import io
    import zipfile

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("rimedio.py", "")
    for template in templates:
        s3 = session.client("s3", region_name=template.region)
        for _, resource in template.resources("AWS::Lambda::Function"):
            code = resource["Properties"]["Code"]
            bucket = f"cdk-hnb659fds-assets-{ACCOUNT}-{template.region}"
            if bucket not in {b["Name"] for b in s3.list_buckets()["Buckets"]}:
                s3.create_bucket(
                    Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": template.region}
                )
            s3.put_object(Bucket=bucket, Key=code["S3Key"], Body=packed.getvalue())
            break


def create(templates: Iterable[Template], resolver: Resolver, session: Any) -> Iterator[tuple[str, str, str]]:
    """Make every stack; stack, type and physical id of each resource that stands afterwards."""
    for template in templates:
        body = reduced(template, resolver)
        if not body["Resources"]:
            continue
        cloudformation = session.client("cloudformation", region_name=template.region)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # moto's own
            cloudformation.create_stack(
                StackName=template.stack_name,
                TemplateBody=json.dumps(body),
                Capabilities=["CAPABILITY_NAMED_IAM"],
            )
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=template.stack_name)
        for page in pages:
            for row in page["StackResourceSummaries"]:
                yield template.stack_name, row["ResourceType"], row.get("PhysicalResourceId", "")
