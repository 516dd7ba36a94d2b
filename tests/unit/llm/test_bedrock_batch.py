"""Batch jobs: what is written, how a job is followed, what is read back. The service is played from a script."""

import json
from collections.abc import Iterator

import pytest

from rimedio.domain.clock import FakeClock, SeededIds
from rimedio.domain.errors import InvalidInput, NotFound
from rimedio.llm.bedrock_batch import BatchRecord, BatchState, BedrockBatch, chat_record
from rimedio.llm.bedrock_models import ModelCard, Structured
from rimedio.llm.bedrock_options import BedrockOptions, GuardrailChoice
from rimedio.llm.chat import ChatRequest, Message, Role
from rimedio.llm.fake_bedrock import BedrockTurn, FakeBedrock
from rimedio.llm.pricing import ModelPrice, PriceTable
from rimedio.llm.tokens import CharacterTokenCounter
from rimedio.storage.memory_objects import MemoryObjectStore

ARN = "arn:aws:bedrock:eu-west-1:123456789012:model-invocation-job/abcdefghijkl"
STARTED = BedrockTurn(body={"jobArn": ARN})
ROLE = "arn:aws:iam::123456789012:role/batch"
RECORDS = [BatchRecord(f"r{n}", {"inputText": f"text {n}"}) for n in range(100)]


def status(name: str, **more: object) -> BedrockTurn:
    about = {
        "jobArn": ARN, "modelId": "m", "roleArn": ROLE, "status": name, "submitTime": "2026-01-01T00:00:00Z",
        "inputDataConfig": {"s3InputDataConfig": {"s3Uri": "s3://b/i"}},
        "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://b/o/"}},
    }  # fmt: skip
    return BedrockTurn(body=about | more)


class Bench:
    """A batch over objects in memory."""

    def __init__(self, *turns: BedrockTurn) -> None:
        self.bedrock = FakeBedrock(turns)
        self.client = self.bedrock.client("bedrock")
        self.objects = MemoryObjectStore()
        self.batch = BedrockBatch(
            self.client, self.objects, "bucket", ROLE, clock=FakeClock(), ids=SeededIds(1)
        )


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench(
        STARTED, status("InProgress"), status("Completed", successRecordCount=99, errorRecordCount=1)
    )
    yield made
    made.client.close()


def test_the_records_are_written_as_lines_and_the_job_is_told_where(bench: Bench) -> None:
    job = bench.batch.start("night run!", "amazon.titan-embed-text-v2:0", RECORDS, tenant_id="acme")
    lines = bench.objects.get("acme", f"{job.folder}/input.jsonl").decode().splitlines()
    sent = bench.bedrock.asked("CreateModelInvocationJob")[0]

    assert json.loads(lines[7]) == {"recordId": "r7", "modelInput": {"inputText": "text 7"}}
    assert (len(lines), job.records) == (100, 100)
    source = sent["inputDataConfig"]["s3InputDataConfig"]["s3Uri"]
    assert source.startswith("s3://bucket/")
    assert source.endswith(f"/acme/{job.folder}/input.jsonl")
    assert sent["jobName"].startswith("night-run-")
    assert sent["clientRequestToken"] in job.folder


def test_a_start_that_is_tried_again_starts_one_job() -> None:
    bench = Bench(BedrockTurn(status=500, code="InternalServerException"), STARTED)
    bench.batch.start("n", "m.m", RECORDS, tenant_id="acme")
    bench.client.close()

    tokens = {body["clientRequestToken"] for body in bench.bedrock.asked("CreateModelInvocationJob")}
    assert len(bench.bedrock.requests) == 2
    assert len(tokens) == 1


@pytest.mark.parametrize(
    "records",
    [RECORDS[:99], [*RECORDS, RECORDS[0]], [*RECORDS, BatchRecord("a b", {})]],
    ids=["few", "twice", "id"],
)
def test_records_that_no_job_takes_are_refused_before_anything_is_started(
    bench: Bench, records: list[BatchRecord]
) -> None:
    with pytest.raises(InvalidInput):
        bench.batch.start("n", "m.m", records, tenant_id="acme")
    assert bench.bedrock.requests == []


def test_a_job_is_followed_to_its_end(bench: Bench) -> None:
    job = bench.batch.start("n", "m.m", RECORDS, tenant_id="acme")
    running, done = bench.batch.status(job), bench.batch.status(job)

    assert (running.state, running.is_over) == (BatchState.RUNNING, False)
    assert (done.state, done.is_over, done.succeeded, done.failed) == (BatchState.DONE, True, 99, 1)


def test_results_come_by_record_and_single_ones_may_fail(bench: Bench) -> None:
    job = bench.batch.start("n", "m.m", RECORDS, tenant_id="acme")
    lines = [
        {"recordId": "r2", "modelInput": {}, "modelOutput": {"embedding": [1.0]}},
        {"recordId": "r1", "modelInput": {}, "error": {"errorCode": 400, "errorMessage": "too long"}},
    ]
    text = "\n".join(json.dumps(line) for line in lines)
    bench.objects.put("acme", f"{job.folder}/output/abcdefghijkl/input.jsonl.out", text.encode())
    found = {r.record_id: r for r in bench.batch.results(job)}

    assert found["r2"].output == {"embedding": [1.0]}
    assert (found["r1"].output, found["r1"].error) == (None, "400: too long")


def test_results_that_are_not_there_yet_are_told_so(bench: Bench) -> None:
    job = bench.batch.start("n", "m.m", RECORDS, tenant_id="acme")

    with pytest.raises(NotFound, match="status first"):
        list(bench.batch.results(job))


def test_a_chat_request_becomes_the_record_that_a_direct_call_would_send(bench: Bench) -> None:
    request = ChatRequest(
        (Message(Role.SYSTEM, "Judge."), Message(Role.USER, "This?")), json_schema={"type": "object"}
    )
    options = BedrockOptions(guardrail=GuardrailChoice("g"), service_tier="flex")
    record = chat_record("r1", request, ModelCard(Structured.TOOL), options, CharacterTokenCounter())

    assert record.model_input["system"] == [{"text": "Judge."}]
    assert "toolConfig" in record.model_input
    assert not {"modelId", "guardrailConfig", "serviceTier"} & record.model_input.keys()


def test_a_converse_result_is_a_reply_at_the_price_of_a_batch(bench: Bench) -> None:
    job = bench.batch.start("n", "m.m", RECORDS, tenant_id="acme", converse=True)
    output = {
        "output": {"message": {"role": "assistant", "content": [{"text": "good"}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 1000, "outputTokens": 100},
    }
    line = json.dumps({"recordId": "r1", "modelOutput": output}).encode()
    bench.objects.put("acme", f"{job.folder}/output/abcdefghijkl/input.jsonl.out", line)
    reply = next(iter(bench.batch.results(job))).reply("m")
    prices = PriceTable({}, ModelPrice(2.0, 10.0), tiers={"batch": 0.5})

    assert reply.text == "good"
    assert prices.cost_of(reply) == pytest.approx((1000 * 2 + 100 * 10) / 1e6 / 2)
    assert bench.bedrock.asked("CreateModelInvocationJob")[0]["modelInvocationType"] == "Converse"
