"""Reads a synthesized assembly back: templates with their stage, profile, region; and what stands in them, resolved.

Knows nothing of CDK, so that tests, the linter and the estimate read what would be deployed and nothing else.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ACCOUNT = "123456789012"
PARTITION = "aws"
SUFFIX = "amazonaws.com"


@dataclass(frozen=True)
class Template:
    """One stack as CloudFormation would get it."""

    stage: str
    profile: str
    stack_name: str
    region: str
    path: Path
    body: Mapping[str, Any]

    @property
    def capability(self) -> str:
        """The stack's own part of its name."""
        return self.stack_name.removeprefix(f"rimedio-{self.stage}-")

    def resources(self, kind: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
        """Logical ids and resources, all or of one type."""
        for name, resource in self.body.get("Resources", {}).items():
            if not kind or resource["Type"] == kind:
                yield name, resource


def templates(folder: Path) -> list[Template]:
    """Every template of an assembly, in the order of deployment."""
    found: list[Template] = []
    for manifest in sorted(folder.glob("assembly-*/manifest.json")):
        stage, _, profile = manifest.parent.name.removeprefix("assembly-").partition("-")
        artifacts = json.loads(manifest.read_text("utf-8"))["artifacts"]
        stacks = [a for a in artifacts.values() if a["type"] == "aws:cloudformation:stack"]
        found += [_template(manifest.parent, stack, stage, profile) for stack in stacks]
    return found


def _template(folder: Path, artifact: Mapping[str, Any], stage: str, profile: str) -> Template:
    path = folder / artifact["properties"]["templateFile"]
    region = artifact["environment"].rpartition("/")[2]
    body = json.loads(path.read_text("utf-8"))
    return Template(stage, profile, artifact["properties"]["stackName"], region, path, body)


class Resolver:
    """Answers intrinsic functions with made-up ids: `Ref` of a resource is its name, or its logical id."""

    def __init__(self, all_templates: list[Template]) -> None:
        self._exports = {
            output["Export"]["Name"]: (template, output["Value"])
            for template in all_templates
            for output in template.body.get("Outputs", {}).values()
            if "Export" in output
        }

    def resolved(self, template: Template, value: Any) -> Any:
        """The value with every intrinsic function answered. Raises KeyError for one that is not known."""
        if isinstance(value, list):
            return [self.resolved(template, inner) for inner in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (name, given), *_ = value.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self._answer(template, name, given)
        return {name: self.resolved(template, inner) for name, inner in value.items()}

    def _answer(self, template: Template, name: str, given: Any) -> Any:  # noqa: PLR0911 - one line a function
        match name:
            case "Ref":
                return self._reference(template, given)
            case "Fn::GetAtt":
                return self._attribute(template, *given)
            case "Fn::Join":
                return given[0].join(str(self.resolved(template, part)) for part in given[1])
            case "Fn::Sub":
                text = given if isinstance(given, str) else given[0]
                return re.sub(r"\$\{([^!][^}]*)\}", lambda m: str(self._reference(template, m[1])), text)
            case "Fn::ImportValue":
                return self.resolved(*self._exports[given])
            case "Fn::Select":
                return self.resolved(template, given[1])[int(given[0])]
            case "Fn::Split":
                return str(self.resolved(template, given[1])).split(given[0])
            case "Fn::If":
                return self.resolved(template, given[2])
            case _:
                msg = f"{name} in {template.stack_name} is not known to the resolver."
                raise KeyError(msg)

    def _reference(self, template: Template, name: str) -> Any:
        pseudo = {
            "AWS::AccountId": ACCOUNT,
            "AWS::Partition": PARTITION,
            "AWS::Region": template.region,
            "AWS::URLSuffix": SUFFIX,
            "AWS::StackName": template.stack_name,
            "AWS::NoValue": None,
        }
        if name in pseudo:
            return pseudo[name]
        if name in template.body.get("Parameters", {}):
            return template.body["Parameters"][name].get("Default", f"parameter-{name}")
        resource = template.body["Resources"][name]
        if resource["Type"] == "AWS::Lambda::Alias":  # the one reference here that is an ARN
            function = self.resolved(template, resource["Properties"]["FunctionName"])
            return f"arn:aws:lambda:{template.region}:{ACCOUNT}:function:{function}:{resource['Properties']['Name']}"
        for key in ("TableName", "BucketName", "RoleName", "FunctionName", "QueueName", "TopicName", "Name"):
            if key in resource.get("Properties", {}):
                return self.resolved(template, resource["Properties"][key])
        return name

    def _attribute(self, template: Template, name: str, attribute: str) -> str:
        kind = template.body["Resources"][name]["Type"]
        own = self._reference(template, name)
        region = template.region
        shapes = {
            "AWS::KMS::Key": f"arn:aws:kms:{region}:{ACCOUNT}:key/{name}",
            "AWS::KMS::ReplicaKey": f"arn:aws:kms:{region}:{ACCOUNT}:key/{name}",
            "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{own}",
            "AWS::S3::Bucket": f"arn:aws:s3:::{own}",
            "AWS::SQS::Queue": f"arn:aws:sqs:{region}:{ACCOUNT}:{own}",
            "AWS::Events::EventBus": f"arn:aws:events:{region}:{ACCOUNT}:event-bus/{own}",
            "AWS::SNS::Topic": f"arn:aws:sns:{region}:{ACCOUNT}:{own}",
            "AWS::Logs::LogGroup": f"arn:aws:logs:{region}:{ACCOUNT}:log-group:{own}:*",
            "AWS::DynamoDB::GlobalTable": f"arn:aws:dynamodb:{region}:{ACCOUNT}:table/{own}",
        }
        if attribute.endswith("Arn") and kind in shapes:
            suffix = "/stream/2026-01-01T00:00:00.000" if attribute == "StreamArn" else ""
            return shapes[kind] + suffix
        return f"{own}.{attribute}"
