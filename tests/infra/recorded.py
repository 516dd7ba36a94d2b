"""Turns the calls that functions make through boto3 into the requests that IAM would judge."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.infra.calls import (
    BUCKET,
    BUS,
    EMBEDDING,
    EXECUTION,
    GUARDRAIL,
    KEY,
    MACHINE,
    PEOPLE,
    PROFILE,
    SECRET,
    TABLE,
    THROUGH_S3,
    Call,
    queue,
)

Params = Mapping[str, Any]
TRANSACT = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
READS = {"HeadObject": "GetObject", "CreateMultipartUpload": "PutObject", "UploadPart": "PutObject"}


def dynamodb(operation: str, params: Params) -> Iterator[Call]:
    if operation == "TransactWriteItems":
        for item in params["TransactItems"]:
            yield Call(f"dynamodb:{TRANSACT[next(iter(item))]}", TABLE)
    elif operation == "TransactGetItems":
        yield Call("dynamodb:GetItem", TABLE)
    else:
        index = params.get("IndexName")
        yield Call(f"dynamodb:{operation}", f"{TABLE}/index/{index}" if index else TABLE)


def s3(operation: str, params: Params) -> Iterator[Call]:
    if operation.startswith("ListObjects"):
        yield Call("s3:ListBucket", BUCKET, {"s3:prefix": params.get("Prefix", "")})
        return
    yield Call(f"s3:{READS.get(operation, operation)}", f"{BUCKET}/{params['Key']}")
    if "SSEKMSKeyId" in params:
        yield Call("kms:GenerateDataKey", KEY, THROUGH_S3)


def kms(operation: str, params: Params) -> Iterator[Call]:
    context = {f"kms:EncryptionContext:{k}": str(v) for k, v in params.get("EncryptionContext", {}).items()}
    yield Call(f"kms:{operation}", KEY, context)


def states(operation: str, _params: Params) -> Iterator[Call]:
    on_machine = operation in {"StartExecution", "ListExecutions"} or operation.startswith("SendTask")
    yield Call(f"states:{operation}", MACHINE if on_machine else EXECUTION)


def bedrock(operation: str, params: Params) -> Iterator[Call]:
    if operation == "ApplyGuardrail":
        yield Call("bedrock:ApplyGuardrail", GUARDRAIL, {"aws:ResourceTag/rimedio:stage": "prod"})
    elif operation == "CountTokens":
        yield Call("bedrock:CountTokens", PROFILE)
    else:
        streams = operation in {"ConverseStream", "InvokeModelWithResponseStream"}
        action = "InvokeModelWithResponseStream" if streams else "InvokeModel"
        yield Call(f"bedrock:{action}", EMBEDDING if "embed" in params["modelId"] else PROFILE)


def sqs(operation: str, params: Params) -> Iterator[Call]:
    name = next(
        n for n in ("webhooks", "documents", "stranded", "dead-letters") if params["QueueUrl"].endswith(n)
    )
    yield Call(f"sqs:{operation.removesuffix('Batch')}", queue(name))


def events(operation: str, params: Params) -> Iterator[Call]:
    for entry in params.get("Entries", [{}]):
        yield Call(f"events:{operation}", BUS, {"events:source": entry.get("Source", "")})


MEANINGS: Mapping[str, Callable[[str, Params], Iterator[Call]]] = {
    "dynamodb": dynamodb,
    "s3": s3,
    "kms": kms,
    "stepfunctions": states,
    "bedrock-runtime": bedrock,
    "sqs": sqs,
    "events": events,
    "sns": lambda operation, _: iter([Call(f"sns:{operation}", PEOPLE)]),
    "secretsmanager": lambda operation, _: iter([Call(f"secretsmanager:{operation}", SECRET)]),
}


@dataclass
class Recorder:
    """Writes down what each function calls. Threads that a function starts itself are written under no name."""

    calls: dict[str, dict[str, Call]] = field(default_factory=lambda: defaultdict(dict))
    _now: threading.local = field(default_factory=threading.local)

    def attach(self, client: Any) -> None:
        """Listen to a client: its parameters, before anything is sent."""
        client.meta.events.register("provide-client-params", self._note)

    def running(self, invoke: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
        """`invoke` of the functions, which says who is running."""

        def named(name: str, event: Any) -> Any:
            before, self._now.name = getattr(self._now, "name", ""), name
            try:
                return invoke(name, event)
            finally:
                self._now.name = before

        return named

    def _note(self, params: Params, model: Any, **_more: Any) -> None:
        name = getattr(self._now, "name", "")
        if name:
            for call in MEANINGS[str(model.service_model.service_name)](model.name, params):
                self.calls[name][f"{call.action} {call.resource} {sorted(call.context)}"] = call
