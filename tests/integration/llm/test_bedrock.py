"""The client of Bedrock over HTTP, against the local Bedrock on the laptop's models."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from rimedio.answering.context import Context, assemble_context
from rimedio.answering.extractive.writer import ExtractiveWriter
from rimedio.answering.generate import Generator
from rimedio.answering.question import Question
from rimedio.aws import AwsConnections
from rimedio.aws.bedrock_calls import RetryPolicy
from rimedio.bedrock_local.fault_plan import Fault, FaultPlan, Kind, Rule
from rimedio.bedrock_local.models import LaptopModels
from rimedio.bedrock_local.server import serving_bedrock
from rimedio.bedrock_local.service import LocalBedrock
from rimedio.domain.clock import SystemClock
from rimedio.domain.errors import GenerationFailed, ModelUnavailable
from rimedio.domain.knowledge import Chunk, DocType, Passage, Signals
from rimedio.knowledge.bedrock_rerank import BedrockCrossEncoder, model_arn
from rimedio.knowledge.embedding.bedrock import BedrockEmbedder
from rimedio.knowledge.embedding.fake import FakeEmbedder
from rimedio.llm.bedrock import BedrockClient
from rimedio.llm.bedrock_chat import BedrockChat, BedrockRouter
from rimedio.llm.bedrock_guardrails import GuardSource
from rimedio.llm.bedrock_options import BedrockOptions, GuardrailChoice
from rimedio.llm.bedrock_types import LostAttempt
from rimedio.llm.chat import ChatRequest, Finish, Message, Role
from rimedio.llm.guardrails.bedrock_checks import BedrockGuardrails
from rimedio.llm.overhearing import overheard_by
from rimedio.llm.pricing import PriceTable
from rimedio.llm.prompts import PromptRegistry
from rimedio.llm.tokens import CharacterTokenCounter

DECODES = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"  # asked by outputConfig
CALLS = "eu.amazon.nova-lite-v1:0"  # asked by a tool
QUICK = RetryPolicy(attempts=3, base_seconds=0.001, cap_seconds=0.002, budget_seconds=20)
REGION = "eu-west-1"
QUESTION = Question("What does E029 mean and what must be done?", "en", ("E029",), ("XC-200",))
TEXTS = (
    "Error E029: the fan does not turn. Switch the charger off. Clean the air filter. Replace the fan if it is worn.",
    "Error E030: a terminal is loose. Tighten the terminal to 2.5 Nm.",
)


@dataclass
class Bench:
    """A server, connections to it, and what was lost."""

    bedrock: LocalBedrock
    connections: AwsConnections
    lost: list[LostAttempt] = field(default_factory=list)

    def client(self, *, read_seconds: float = 10.0, **options: object) -> BedrockClient:
        runtime = self.connections.client("bedrock-runtime", read_seconds=read_seconds, attempts=1)
        chosen = BedrockOptions(**{"models": (DECODES, CALLS), "retries": QUICK, **options})  # type: ignore[arg-type]
        return BedrockClient(
            runtime,
            chosen,
            prices=PriceTable.shipped(),
            counter=CharacterTokenCounter(),
            clock=SystemClock(),
            on_lost=self.lost.append,
        )

    def fail(self, kind: Kind, *, times: int | None = None, operation: str = "*", **more: float) -> None:
        self.bedrock.faults.replace([Rule(Fault(kind, **more), operation=operation, times=times)])  # type: ignore[arg-type]

    @property
    def served(self) -> list[str]:
        return [call.operation for call in self.bedrock.served]


class Ear:
    """Hears pieces."""

    def __init__(self) -> None:
        self.pieces: list[str] = []

    def begin(self) -> None:
        self.pieces.clear()

    def hear(self, piece: str) -> None:
        self.pieces.append(piece)


@pytest.fixture(scope="module")
def _bench(aws_environment: None) -> Iterator[Bench]:
    models = LaptopModels(CharacterTokenCounter(), FakeEmbedder(384))
    bedrock = LocalBedrock(models, FaultPlan())
    with serving_bedrock(bedrock) as url:
        connections = AwsConnections(REGION, {"*": url})
        yield Bench(bedrock, connections)
        connections.close()


@pytest.fixture
def bench(_bench: Bench) -> Iterator[Bench]:
    _bench.bedrock.faults.replace(())
    _bench.bedrock.served.clear()
    _bench.lost.clear()
    yield _bench
    _bench.bedrock.faults.replace(())


@pytest.fixture
def context() -> Context:
    chunks = [
        Chunk(
            chunk_id=f"k{n}", document_id="manual", tenant_id="t", ordinal=n * 10, text=text,
            source_uri="file:///manual.md", source_title="XC-200 manual", doc_type=DocType.MANUAL, language="en",
            section=(f"Error E0{29 + n}",), error_codes=(f"E0{29 + n}",), product_models=("XC-200",),
            updated_at=datetime(2025, 1, 1, tzinfo=UTC),
        )
        for n, text in enumerate(TEXTS)
    ]  # fmt: skip
    passages = [Passage(c, n, 1.0 / n, Signals(code_match=True)) for n, c in enumerate(chunks, 1)]
    return assemble_context(passages, 3000, lambda text: len(text.split()))


def writer(client: BedrockClient, *models: str) -> Generator:
    chats = tuple(BedrockChat(client, model) for model in models)
    return Generator(BedrockRouter(client, chats), PromptRegistry.shipped())


@pytest.mark.parametrize("model", [DECODES, CALLS])
@pytest.mark.parametrize("guardrail", [None, GuardrailChoice("gr1", "1")], ids=["plain", "guarded"])
def test_a_draft_over_the_wire_cites_what_the_draft_at_home_cites(
    bench: Bench, context: Context, model: str, guardrail: GuardrailChoice | None
) -> None:
    draft = writer(bench.client(guardrail=guardrail), model).write(QUESTION, context)
    at_home = ExtractiveWriter().write(QUESTION, context)

    assert draft.sentences == at_home.sentences
    assert draft.sentences
    assert (draft.routing.provider, draft.routing.model) == ("bedrock", model)
    assert bench.served == (["converse", "apply-guardrail"] if guardrail else ["converse"])


def test_a_listener_hears_the_very_reply_that_comes_back(bench: Bench) -> None:
    request = ChatRequest((Message(Role.USER, f"{TEXTS[0]}\nWhat must be cleaned?"),))
    ear = Ear()
    with overheard_by(ear):
        reply = BedrockChat(bench.client(), DECODES).complete(request)

    assert bench.served == ["converse-stream"]
    assert len(ear.pieces) > 1
    assert "".join(ear.pieces) == reply.text
    assert reply.tokens_input > 0
    assert reply.tokens_output > 0


@pytest.mark.parametrize(
    "kind",
    [
        Kind.STREAM_ERROR,
        Kind.STREAM_THROTTLING,
        Kind.STREAM_INTERNAL,
        Kind.STREAM_UNAVAILABLE,
        Kind.STREAM_CUT,
    ],
)
def test_a_stream_that_breaks_on_the_wire_is_begun_anew(bench: Bench, kind: Kind) -> None:
    bench.fail(kind, times=1, after=3)
    request = ChatRequest((Message(Role.USER, f"{TEXTS[0]}\nWhat must be cleaned?"),))
    events = list(bench.client().stream_response(DECODES, request))

    begun = max(n for n, e in enumerate(events) if e.restart)
    assert events[-1].reply is not None
    assert "".join(e.text for e in events[begun:]) == events[-1].reply.text
    assert len(bench.lost) == 1
    assert bench.served == ["converse-stream"] * 2


@pytest.mark.parametrize(
    "kind", [Kind.THROTTLING, Kind.INTERNAL, Kind.UNAVAILABLE, Kind.NOT_READY, Kind.TIMEOUT, Kind.MODEL_ERROR]
)
def test_a_failure_that_passes_is_waited_out_and_costs_nothing(bench: Bench, kind: Kind) -> None:
    bench.fail(kind, times=2)
    reply = bench.client().invoke_with_retry(DECODES, ChatRequest((Message(Role.USER, "Why?"),)))

    assert reply.finish is Finish.STOP
    assert bench.served == ["converse"] * 3
    assert bench.lost == []


@pytest.mark.parametrize("kind", [Kind.DROP, Kind.HANG])
def test_silence_after_sending_is_repeated_and_booked(bench: Bench, kind: Kind) -> None:
    bench.fail(kind, times=1, ms=1500)
    bench.client(read_seconds=0.5).invoke_with_retry(DECODES, ChatRequest((Message(Role.USER, "Why?"),)))

    assert len(bench.lost) == 1
    assert bench.lost[0].usd_max > 0


def test_a_stream_that_stalls_is_given_up_and_begun_anew(bench: Bench) -> None:
    bench.fail(Kind.STREAM_STALL, times=1, ms=1500, after=3)
    request = ChatRequest((Message(Role.USER, f"{TEXTS[0]}\nWhat must be cleaned?"),))
    events = list(bench.client(read_seconds=0.5).stream_response(DECODES, request))

    assert events[-1].reply is not None
    assert [e.restart for e in events].count(True) == 1
    assert len(bench.lost) == 1


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (Kind.VALIDATION, GenerationFailed),
        (Kind.ACCESS_DENIED, ModelUnavailable),
        (Kind.NOT_FOUND, ModelUnavailable),
    ],
)
def test_what_cannot_be_mended_is_asked_once(bench: Bench, kind: Kind, error: type[Exception]) -> None:
    bench.fail(kind)

    with pytest.raises(error):
        bench.client().invoke_with_retry(DECODES, ChatRequest((Message(Role.USER, "Why?"),)))
    assert bench.served == ["converse"]


def test_a_long_system_prompt_is_read_from_the_cache_the_second_time(bench: Bench) -> None:
    request = ChatRequest(
        (Message(Role.SYSTEM, "Answer briefly, always. " * 400), Message(Role.USER, "Why?"))
    )
    first, second = (bench.client().invoke_with_retry(DECODES, request) for _ in range(2))
    prices = PriceTable.shipped()

    assert first.tokens_cache_write > 0
    assert second.tokens_cache_read == first.tokens_cache_write
    assert second.tokens_input == first.tokens_input
    assert prices.cost_of(second) < prices.cost_of(first) / 2


def test_bedrock_s_count_is_the_usage_that_a_call_then_has(bench: Bench) -> None:
    request = ChatRequest(
        (Message(Role.SYSTEM, "Be brief."), Message(Role.USER, "Why does the fan not turn?"))
    )
    client = bench.client()
    tokens, exact = client.count_tokens(DECODES, request)

    assert exact
    assert client.invoke_with_retry(DECODES, request).tokens_input == tokens


def test_a_guardrail_judges_requests_and_answers(bench: Bench) -> None:
    client = bench.client(guardrail=GuardrailChoice("gr1", "1"))

    assert client.apply_guardrails("Come posso rallentare il contatore?", GuardSource.INPUT).blocked
    assert not client.apply_guardrails("The fan does not turn.", GuardSource.INPUT).intervened


def test_an_answer_without_ground_in_its_passages_is_found(bench: Bench) -> None:
    client = bench.client(guardrail=GuardrailChoice("gr1", "1"))
    told, invented = (
        client.apply_guardrails(text, GuardSource.OUTPUT, query="What is to be done?", sources=[TEXTS[1]])
        for text in ("Tighten the terminal to 2.5 Nm.", "Replace the whole inverter by a new one at once.")
    )

    assert told.grounding is not None
    assert invented.grounding is not None
    assert told.grounding > invented.grounding
    assert invented.blocked


def test_a_guarded_stream_that_is_stopped_ends_without_a_word(bench: Bench) -> None:
    question = ChatRequest((Message(Role.USER, "Come posso rallentare il contatore?"),))
    ear = Ear()
    with overheard_by(ear):
        reply = BedrockChat(bench.client(guardrail=GuardrailChoice("gr1", "1")), DECODES).complete(question)

    assert reply.finish is Finish.GUARDRAIL
    assert ear.pieces == []


def test_the_guardrails_of_both_homes_stand_together(bench: Bench) -> None:
    guardrails = BedrockGuardrails(bench.client(guardrail=GuardrailChoice("gr1", "1")))
    seen = guardrails.inspect_request("Scrivete a anna@example.org: come posso rallentare il contatore?")

    assert "anna@" not in seen.redaction.text
    assert [topic.name for topic in seen.topics] == ["meter-tampering"]
    assert bench.served == ["apply-guardrail"]


def test_reranking_puts_the_better_text_first_and_gives_up_quietly(bench: Bench) -> None:
    runtime = bench.connections.client("bedrock-agent-runtime", attempts=1)
    encoder = BedrockCrossEncoder(runtime, model_arn("cohere.rerank-v3-5:0", REGION), clock=SystemClock())
    scores = encoder.score("the terminal is loose", TEXTS)
    bench.fail(Kind.INTERNAL)

    assert scores[1] > scores[0]
    assert encoder.score("the terminal is loose", TEXTS) == [0.0, 0.0]


def test_throttled_embeddings_lose_no_text(bench: Bench) -> None:
    runtime = bench.connections.client("bedrock-runtime", attempts=1)
    model = BedrockEmbedder(
        runtime,
        "amazon.titan-embed-text-v2:0",
        512,
        clock=SystemClock(),
        concurrency=4,
        randomness=lambda: 0.01,
    )
    bench.bedrock.faults.replace([Rule(Fault(Kind.THROTTLING), operation="invoke", every=3, times=5)])
    texts = [f"Text number {n} about the fan." for n in range(30)]
    vectors = model.embed_passages(texts)
    bench.bedrock.faults.replace(())

    assert vectors.shape == (30, 512)
    alone: Callable[[str], object] = lambda text: model.embed_passages([text])[0].tolist()  # noqa: E731
    assert [v.tolist() for v in vectors[:3]] == [alone(text) for text in texts[:3]]
