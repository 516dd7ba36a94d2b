"""Results of a distributed Map, as ResultWriter shapes them: files by status with a manifest, or the state's output."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from rimedio.asl.clock import iso
from rimedio.asl.expressions.query import Missing
from rimedio.asl.jsontext import JSON, dumps

NAMES = {"SUCCEEDED": "SUCCEEDED", "FAILED": "FAILED", "ABORTED": "FAILED", "PENDING": "PENDING"}


@dataclass(frozen=True, slots=True)
class Row:
    """One child execution; `span`: when it began and ended, how often it was redriven; None if it was not started."""

    arn: str
    given: JSON
    output: "JSON | Missing"
    failure: Mapping[str, JSON] | None
    span: tuple[float, float, int] | None

    @property
    def status(self) -> str:
        """How it ended."""
        if not isinstance(self.output, Missing):
            return "SUCCEEDED"
        if self.failure is not None:
            return "FAILED"
        return "PENDING" if self.span is None else "ABORTED"

    def told(self) -> JSON:
        """Everything about it, in the words of DescribeExecution with capitals."""
        *base, _, machine, name = self.arn.split(":")[:8]
        told: dict[str, JSON] = {
            "ExecutionArn": self.arn,
            "Input": dumps(self.given),
            "InputDetails": {"Included": True},
            "Name": name,
            "StateMachineArn": ":".join((*base, "stateMachine", machine)),
            "Status": self.status,
        }
        if self.span is None:
            return told
        started, stopped, redrives = self.span
        told |= {"StartDate": _iso(started), "StopDate": _iso(stopped)}
        told |= {"RedriveCount": redrives, "RedriveStatus": "REDRIVABLE"}
        if isinstance(self.output, Missing):
            failure = self.failure or {}
            return told | {name.capitalize(): failure[name] for name in ("error", "cause") if name in failure}
        reason = "Execution is SUCCEEDED and cannot be redriven"
        told |= {"RedriveStatus": "NOT_REDRIVABLE", "RedriveStatusReason": reason}
        return told | {"Output": dumps(self.output), "OutputDetails": {"Included": True}}


def _iso(at: float) -> str:
    return iso(datetime.fromtimestamp(at, UTC))


def has_metadata(config: Mapping[str, JSON]) -> bool:
    """Whether the state's output is more than the outputs of its children."""
    return config.get("Transformation") == "NONE"


def handed_on(rows: list[Row], outputs: list[JSON], config: Mapping[str, JSON]) -> JSON:
    """The state's output where nothing is written."""
    if has_metadata(config):
        return [row.told() for row in rows]
    return _flattened(outputs) if config.get("Transformation") == "FLATTEN" else outputs


def files(rows: list[Row], target: JSON, config: Mapping[str, JSON], arn: str) -> list[JSON]:
    """The objects that a ResultWriter leaves: results by status, and at last a manifest that lists them."""
    bucket, folder = _place(target, arn)
    lines = config.get("OutputType") == "JSONL"
    bodies: list[tuple[str, str]] = []
    listed: dict[str, list[JSON]] = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
    for status, found in listed.items():
        told = _transformed([row for row in rows if NAMES[row.status] == status], config)
        if told:
            key = f"{folder}/{status}_0.json"  # of JSON Lines too: the guide knows no other name
            bodies.append((key, "\n".join(map(dumps, told)) if lines else dumps(told)))
            found.append({"Key": key, "Size": len(bodies[-1][1].encode())})
    manifest: JSON = {"DestinationBucket": bucket, "MapRunArn": arn, "ResultFiles": cast("JSON", listed)}
    bodies.append((f"{folder}/manifest.json", dumps(manifest)))
    return [{"Bucket": bucket, "Key": key, "Body": body} for key, body in bodies]


def told(arn: str, target: JSON) -> JSON:
    """The state's output where the results were written."""
    bucket, folder = _place(target, arn)
    return {"MapRunArn": arn, "ResultWriterDetails": {"Bucket": bucket, "Key": f"{folder}/manifest.json"}}


def _place(target: JSON, arn: str) -> tuple[str, str]:
    """Bucket and folder."""
    given = target if isinstance(target, dict) else {}
    prefix = str(given.get("Prefix", "")).strip("/")
    return str(given.get("Bucket", "")), f"{prefix}/{arn.rpartition(':')[2]}".strip("/")


def _transformed(rows: list[Row], config: Mapping[str, JSON]) -> list[JSON]:
    """Only what has succeeded is shaped; of everything else all is told."""
    how = config.get("Transformation", "NONE")
    if how == "NONE" or any(isinstance(row.output, Missing) for row in rows):
        return [row.told() for row in rows]
    outputs = [cast("JSON", row.output) for row in rows]
    return _flattened(outputs) if how == "FLATTEN" else outputs


def _flattened(outputs: list[JSON]) -> list[JSON]:
    flat: list[JSON] = []
    for output in outputs:
        flat.extend(output if isinstance(output, list) else [output])
    return flat
