"""A library is embedded by batch jobs, one at a time, whenever a process ends."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack

import pytest

from rimedio.domain.clock import FakeClock, SeededIds
from rimedio.domain.errors import ModelUnavailable, Unavailable
from rimedio.knowledge.embedding.bedrock_bulk import BulkEmbedding, Collected
from rimedio.knowledge.embedding.port import Vectors
from rimedio.llm.bedrock_batch import BedrockBatch
from rimedio.llm.fake_bedrock import BedrockTurn, FakeBedrock
from rimedio.storage.memory_objects import MemoryObjectStore
from rimedio.tickets.embed_in_bulk import NOTE, EmbedInBulk

MODEL = "amazon.titan-embed-text-v2:0"
ARN = "arn:aws:bedrock:eu-west-1:123456789012:model-invocation-job/abcdefghijkl"
ROLE = "arn:aws:iam::123456789012:role/batch"
STARTED = BedrockTurn(body={"jobArn": ARN})
DOWN = BedrockTurn(status=400, code="AccessDeniedException")


def status(name: str) -> BedrockTurn:
    return BedrockTurn(
        body={
            "jobArn": ARN, "modelId": MODEL, "roleArn": ROLE, "status": name, "submitTime": "2026-01-01T00:00:00Z",
            "message": "no room", "inputDataConfig": {"s3InputDataConfig": {"s3Uri": "s3://b/i"}},
            "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://b/o/"}},
        }
    )  # fmt: skip


class Index:
    """Texts that wait for vectors."""

    def __init__(self, count: int) -> None:
        self.texts = {f"h{n}": f"text {n}" for n in range(count)}
        self.stored: dict[str, Vectors] = {}

    def unembedded(self, model_id: str, limit: int) -> Sequence[tuple[str, str]]:
        del model_id
        return [(h, t) for h, t in self.texts.items() if h not in self.stored][:limit]

    def store_vectors(self, model_id: str, vectors: Mapping[str, Vectors]) -> None:
        del model_id
        self.stored |= vectors


class Bench:
    """A use case over scripted jobs; `again` is the same after the process ended."""

    def __init__(self, stack: ExitStack, texts: int, *turns: BedrockTurn) -> None:
        self.bedrock = FakeBedrock(turns)
        self.client = self.bedrock.client("bedrock")
        stack.callback(self.client.close)
        self.objects = MemoryObjectStore()
        self.index = Index(texts)
        self.ids = SeededIds(1)
        self.paid: list[Collected] = []

    @property
    def again(self) -> EmbedInBulk:
        batch = BedrockBatch(self.client, self.objects, "b", ROLE, clock=FakeClock(), ids=self.ids)
        bulk = BulkEmbedding(self.index, MODEL, 256)  # type: ignore[arg-type]
        return EmbedInBulk(
            bulk, batch, self.objects, MODEL, "acme", texts_min=100, on_collected=self.paid.append
        )

    @property
    def note(self) -> dict[str, object]:
        return json.loads(self.objects.get("acme", NOTE))  # type: ignore[no-any-return]

    def finish(self, failed: Sequence[str] = ()) -> None:
        """Write what Bedrock would."""
        vector = {"embedding": [1.0] + [0.0] * 255, "inputTextTokenCount": 3}
        lines = [
            {"recordId": h, "error": {"errorMessage": "no"}}
            if h in failed
            else {"recordId": h, "modelOutput": vector}
            for h in self.index.texts
        ]
        text = "\n".join(map(json.dumps, lines)).encode()
        self.objects.put("acme", f"{self.note['folder']}/output/abcdefghijkl/input.jsonl.out", text)


Make = Callable[..., Bench]


@pytest.fixture
def make() -> Iterator[Make]:
    with ExitStack() as stack:
        yield lambda texts, *turns: Bench(stack, texts, *turns)


def test_few_texts_start_no_job(make: Make) -> None:
    bench = make(99, STARTED)

    assert bench.again.run_once() == 0
    assert bench.bedrock.requests == []
    assert not bench.objects.exists("acme", NOTE)


def test_a_job_is_started_followed_and_its_vectors_stored_and_paid_once(make: Make) -> None:
    bench = make(120, STARTED, status("InProgress"), status("Completed"))

    assert [bench.again.run_once(), bench.again.run_once()] == [0, 0]
    bench.finish(failed=["h7"])
    assert bench.again.run_once() == 119
    assert bench.paid == [Collected(119, 1, 357)]
    assert not bench.objects.exists("acme", NOTE)
    assert len(bench.bedrock.asked("CreateModelInvocationJob")) == 1


def test_a_job_is_at_work_from_its_start_to_its_end_and_not_while_it_cannot_be_started(make: Make) -> None:
    bench = make(120, DOWN, STARTED, status("Completed"))
    assert not bench.again.at_work
    with pytest.raises(ModelUnavailable):
        bench.again.run_once()
    assert not bench.again.at_work  # others may make the vectors meanwhile
    bench.again.run_once()
    assert bench.again.at_work
    bench.finish()
    bench.again.run_once()
    assert not bench.again.at_work


def test_a_start_that_was_never_heard_of_is_the_same_start_again(make: Make) -> None:
    bench = make(120, DOWN, STARTED)
    with pytest.raises(ModelUnavailable):
        bench.again.run_once()
    assert set(bench.note) == {"token"}
    bench.index.texts["late"] = "came in between"
    bench.again.run_once()

    first, second = bench.bedrock.asked("CreateModelInvocationJob")
    assert first == second
    assert bench.note["arn"] == ARN


def test_a_job_that_failed_is_told_and_makes_room_for_the_next(make: Make) -> None:
    bench = make(120, STARTED, status("Failed"), STARTED)
    bench.again.run_once()

    with pytest.raises(Unavailable, match="no room"):
        bench.again.run_once()
    bench.again.run_once()
    assert len({body["clientRequestToken"] for body in bench.bedrock.asked("CreateModelInvocationJob")}) == 2


def test_a_job_that_ran_out_of_time_keeps_what_it_did(make: Make) -> None:
    bench = make(120, STARTED, status("PartiallyCompleted"))
    bench.again.run_once()
    bench.finish(failed=[f"h{n}" for n in range(50)])

    assert bench.again.run_once() == 70
    assert len(bench.index.unembedded("", 1000)) == 50
