"""Batch jobs of Bedrock: thousands of requests from a file to a file, at half the price, within a day.

    job = batch.start("nightly", model, records, tenant_id=…)   # writes the JSONL, starts the job
    batch.status(job)                                           # until it is over
    for result in batch.results(job): …                         # in any order, by record id

For bulk embeddings and for judging old answers anew. A job wants at least 100 records (the service's quota), its
results come in no order, and single records may fail while the job succeeds.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from rimedio.aws import Client
from rimedio.aws.bedrock_calls import Retries
from rimedio.domain.clock import Clock, Ids
from rimedio.domain.errors import InvalidInput, NotFound, Unavailable
from rimedio.llm.bedrock_models import ModelCard
from rimedio.llm.bedrock_options import DEFAULT_TIER, BedrockOptions
from rimedio.llm.bedrock_replies import reply_of
from rimedio.llm.bedrock_requests import converse_arguments
from rimedio.llm.chat import ChatReply, ChatRequest
from rimedio.llm.tokens import TokenCounter
from rimedio.storage.objects import ObjectStore
from rimedio.storage.s3_objects import PREFIX

RECORDS_MIN = 100
RECORDS_MAX = 50_000
LINE_BYTES_MAX = 25_000_000
BATCH = "batch"
_RECORD_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_JOB_NAME = re.compile(r"[^A-Za-z0-9-]+")
_INPUT = "input.jsonl"


class BatchState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    PARTLY = "partly"  # it ran out of time; what was finished is there
    FAILED = "failed"


_STATES: Mapping[str, BatchState] = {
    "Submitted": BatchState.WAITING,
    "Validating": BatchState.WAITING,
    "Scheduled": BatchState.WAITING,
    "InProgress": BatchState.RUNNING,
    "Stopping": BatchState.RUNNING,
    "Completed": BatchState.DONE,
    "PartiallyCompleted": BatchState.PARTLY,
    "Expired": BatchState.FAILED,
    "Stopped": BatchState.FAILED,
    "Failed": BatchState.FAILED,
}


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """One request: an id of its own within the job, and the body that InvokeModel or Converse would get."""

    record_id: str
    model_input: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BatchJob:
    """A job that was started; everything needed to find it again, so it can be stored."""

    arn: str
    tenant_id: str
    folder: str
    model: str
    records: int


@dataclass(frozen=True, slots=True)
class BatchStatus:
    """How far a job is. `message` is the service's own, where it failed."""

    state: BatchState
    succeeded: int = 0
    failed: int = 0
    message: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self.state in {BatchState.DONE, BatchState.PARTLY, BatchState.FAILED}


@dataclass(frozen=True, slots=True)
class BatchResult:
    """The outcome of one record: the model's output, or an error."""

    record_id: str
    output: Mapping[str, Any] | None
    error: str = ""

    def reply(self, model: str) -> ChatReply:
        """The output of a Converse record as a chat reply, at a batch's price. Raises GenerationFailed."""
        return reply_of(self.output or {}, model, BATCH)


class BedrockBatch:
    """Starts, watches and reads batch jobs; files go through the object store of the tenant.

    `key_of` says under which key of the bucket the store keeps an object: as `S3ObjectStore` does by default.
    """

    def __init__(
        self,
        bedrock: Client,
        objects: ObjectStore,
        bucket: str,
        role_arn: str,
        *,
        clock: Clock,
        ids: Ids,
        key_of: Callable[[str, str], str] = f"{PREFIX}/{{}}/{{}}".format,
    ) -> None:
        self._bedrock = bedrock
        self._objects = objects
        self._bucket = bucket
        self._role_arn = role_arn
        self._ids = ids
        self._key_of = key_of
        self._retries = Retries(clock)

    def start(
        self,
        name: str,
        model: str,
        records: Iterable[BatchRecord],
        *,
        tenant_id: str,
        converse: bool = False,
        token: str = "",
    ) -> BatchJob:
        """Write the records and start the job; `converse` says that they are Converse's bodies.

        Starting twice by a retry starts one job: the request carries a token, and whoever may fall over between
        starting and noting the job brings a token of his own (`new_token`). Raises InvalidInput for too few or
        too many records, Throttled, ModelUnavailable, GenerationFailed, StorageFailed.
        """
        token = token or self.new_token()
        folder = f"batch/{token}"
        name_in = f"{folder}/{_INPUT}"
        lines = list(_lines(records))
        if not RECORDS_MIN <= len(lines) <= RECORDS_MAX:
            msg = (
                f"A batch job takes {RECORDS_MIN} to {RECORDS_MAX} records, not {len(lines)}. "
                "Ask for fewer ones directly, split more into several jobs."
            )
            raise InvalidInput(msg)
        if not self._objects.exists(tenant_id, name_in):  # a start that is tried again must ask for the same
            self._objects.put(tenant_id, name_in, lines)
        answer = self._retries.call(
            f"CreateModelInvocationJob of {model}",
            lambda: self._bedrock.create_model_invocation_job(
                jobName=f"{_JOB_NAME.sub('-', name).strip('-')[:24] or 'rimedio'}-{token[-12:]}",
                clientRequestToken=token,
                roleArn=self._role_arn,
                modelId=model,
                modelInvocationType="Converse" if converse else "InvokeModel",
                inputDataConfig={
                    "s3InputDataConfig": {
                        "s3InputFormat": "JSONL",
                        "s3Uri": self._uri(tenant_id, f"{folder}/{_INPUT}"),
                    }
                },
                outputDataConfig={
                    "s3OutputDataConfig": {"s3Uri": self._uri(tenant_id, f"{folder}/output") + "/"}
                },
                tags=[{"key": "tenant", "value": tenant_id}],
            ),
        )
        return BatchJob(str(answer["jobArn"]), tenant_id, folder, model, len(lines))

    def new_token(self) -> str:
        """What makes a start the same start."""
        return self._ids.new("bat").replace("_", "-")

    def status(self, job: BatchJob) -> BatchStatus:
        """How far it is. Raises Throttled, ModelUnavailable."""
        found = self._retries.call(
            "GetModelInvocationJob", lambda: self._bedrock.get_model_invocation_job(jobIdentifier=job.arn)
        )
        state = _STATES.get(str(found.get("status")), BatchState.RUNNING)
        counts = int(found.get("successRecordCount") or 0), int(found.get("errorRecordCount") or 0)
        return BatchStatus(state, *counts, str(found.get("message") or ""))

    def stop(self, job: BatchJob) -> None:
        """End it; what was done by then is paid. Raises Throttled, ModelUnavailable."""
        self._retries.call(
            "StopModelInvocationJob", lambda: self._bedrock.stop_model_invocation_job(jobIdentifier=job.arn)
        )

    def results(self, job: BatchJob) -> Iterator[BatchResult]:
        """What came of each record. Raises NotFound before there is anything, StorageFailed."""
        name = f"{job.folder}/output/{job.arn.rpartition('/')[2]}/{_INPUT}.out"
        if not self._objects.exists(job.tenant_id, name):
            raise NotFound(f"The batch job {job.arn} has no results yet. Ask for its status first.")
        for line in _split(self._objects.stream(job.tenant_id, name)):
            yield _result(line)

    def _uri(self, tenant_id: str, name: str) -> str:
        return f"s3://{self._bucket}/{self._key_of(tenant_id, name)}"


def chat_record(
    record_id: str, request: ChatRequest, card: ModelCard, options: BedrockOptions, counter: TokenCounter
) -> BatchRecord:
    """A chat request as a record of a Converse job: the very prompt that a direct call would send. Batches know
    no guardrail, prompt cache or service tier."""
    plain = replace(options, guardrail=None, service_tier=DEFAULT_TIER, cache_ttl="")
    arguments = converse_arguments("", request, card, plain, counter)
    del arguments["modelId"]
    return BatchRecord(record_id, arguments)


def _lines(records: Iterable[BatchRecord]) -> Iterator[bytes]:
    seen: set[str] = set()
    for record in records:
        if not _RECORD_ID.fullmatch(record.record_id) or record.record_id in seen:
            msg = f"The record id {record.record_id!r} is not one, or comes twice. Use up to 64 letters and digits."
            raise InvalidInput(msg)
        seen.add(record.record_id)
        line = {"recordId": record.record_id, "modelInput": record.model_input}
        yield json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _split(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Lines out of blocks, never more than one line in memory."""
    rest = b""
    for block in blocks:
        *lines, rest = (rest + block).split(b"\n")
        yield from (line for line in lines if line.strip())
        if len(rest) > LINE_BYTES_MAX:
            raise Unavailable(f"A line of the batch results has more than {LINE_BYTES_MAX} bytes.")
    if rest.strip():
        yield rest


def _result(line: bytes) -> BatchResult:
    try:
        found = json.loads(line)
        error = found.get("error")
        said = (
            ""
            if error is None
            else f"{error.get('errorCode', '')}: {error.get('errorMessage', '')}".strip(": ")
        )
        return BatchResult(str(found["recordId"]), found.get("modelOutput"), said)
    except (ValueError, KeyError, AttributeError) as cause:
        raise Unavailable(
            f"A line of the batch results cannot be read ({cause!r}). Ask for it anew."
        ) from cause
