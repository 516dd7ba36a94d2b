"""Faults at every call of Bedrock: tried again, given to the next model, to the extractive writer, or to a person.

The ledger is held against what the server really executed: each executed call stands in it once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from rimedio.answering.context import Context, assemble_context
from rimedio.answering.extractive.writer import ExtractiveWriter
from rimedio.answering.generate import Generator
from rimedio.answering.question import Question
from rimedio.answering.verify import GroundednessVerifier
from rimedio.answering.writers import WriterChain
from rimedio.aws import AwsConnections
from rimedio.aws.bedrock_calls import RetryPolicy
from rimedio.aws.faults import (
    Denied,
    Fault,
    Faults,
    NoConnection,
    Refusal,
    Reset,
    ServerError,
    Throttle,
    Timeout,
)
from rimedio.bedrock_local.fault_plan import Fault as Served
from rimedio.bedrock_local.fault_plan import FaultPlan, Kind, Rule
from rimedio.bedrock_local.models import LaptopModels
from rimedio.bedrock_local.server import serving_bedrock
from rimedio.bedrock_local.service import LocalBedrock
from rimedio.cost.budgets import Budgets, Level, Limits
from rimedio.cost.ledger import CostEntry, CostOutcome, Ledger
from rimedio.cost.lost_attempts import LostAttempts
from rimedio.cost.metered_chat import ChatAccounts, MeteredChat, payer_of_correlation
from rimedio.cost.metered_steps import StepAccounts
from rimedio.domain.answer import Draft
from rimedio.domain.clock import FakeClock, SeededIds
from rimedio.domain.errors import GenerationFailed, RimedioError
from rimedio.domain.knowledge import Chunk, DocType, Passage, Signals
from rimedio.knowledge.embedding.fake import FakeEmbedder
from rimedio.llm.bedrock import BedrockClient
from rimedio.llm.bedrock_chat import BedrockChat, BedrockRouter
from rimedio.llm.bedrock_options import BedrockOptions, GuardrailChoice
from rimedio.llm.chat import ChatRequest, Message, Role
from rimedio.llm.overhearing import overheard_by
from rimedio.llm.pricing import PriceTable, UnitPrices
from rimedio.llm.prompts import PromptRegistry
from rimedio.llm.tokens import CharacterTokenCounter
from rimedio.observability.correlation import bound
from rimedio.observability.metrics import Meter
from rimedio.storage.database import Database
from rimedio.storage.sqlite_table import SqliteTable

FIRST = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
SECOND = "eu.amazon.nova-lite-v1:0"
QUESTION = Question("What does E029 mean and what must be done?", "en", ("E029",), ("XC-200",))
TEXT = "Error E029: the fan does not turn. Switch the charger off. Clean the air filter."
TENANT, TICKET = "acme", "tkt_1"
SERVICE = "bedrock-runtime"
RETRIES = RetryPolicy(attempts=3)

PASSING = {
    "throttled": Throttle(),
    "500": ServerError(),
    "503": ServerError(503, "ServiceUnavailableException"),
    "model not ready": Refusal("ModelNotReadyException", 429),
    "model timed out": Refusal("ModelTimeoutException", 408),
    "no connection": NoConnection(),
}
EXECUTED = {"answer lost": Timeout(carried_out=True), "line broken after the work": Reset(carried_out=True)}
LASTING = {
    "denied": Denied(),
    "unknown model": Refusal("ResourceNotFoundException", 404),
    "invalid": Refusal("ValidationException"),
}


class Ear:
    """What somebody who watches sees."""

    def __init__(self) -> None:
        self.seen = ""

    def begin(self) -> None:
        self.seen = ""

    def hear(self, piece: str) -> None:
        self.seen += piece


@dataclass
class Bench:
    """Writers over a local Bedrock, with a ledger of their own."""

    bedrock: LocalBedrock
    connections: AwsConnections
    context: Context
    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        self.table = SqliteTable(Database(None), self.clock)
        self.ids = SeededIds(1)
        self.budgets = Budgets(self.table, self.clock, self.ids, Limits(None))
        self.bedrock.faults.replace(())
        self.bedrock.served.clear()

    def client(self, **options: object) -> BedrockClient:
        payer = payer_of_correlation("default")
        steps = StepAccounts(self.budgets, UnitPrices(), CharacterTokenCounter(), self.clock, self.ids, payer)
        return BedrockClient(
            self.connections.client(SERVICE, attempts=1, read_seconds=5),
            BedrockOptions(**{"models": (FIRST, SECOND), "retries": RETRIES, **options}),  # type: ignore[arg-type]
            prices=PriceTable.shipped(),
            counter=CharacterTokenCounter(),
            clock=self.clock,
            on_lost=LostAttempts(steps, "bedrock"),
        )

    def writers(self, models: Sequence[str] = (FIRST, SECOND), **options: object) -> WriterChain:
        """As the home on AWS has them: each model a writer, then the extractive one."""
        client = self.client(**options)
        accounts = ChatAccounts(
            self.budgets,
            PriceTable.shipped(),
            CharacterTokenCounter(),
            Meter(),
            self.clock,
            payer_of_correlation("default"),
        )
        chats = [MeteredChat(BedrockChat(client, model), Level.FULL, accounts) for model in models]
        prompts = PromptRegistry.shipped()
        written = [Generator(BedrockRouter(client, (chat,)), prompts) for chat in chats]
        return WriterChain([*written, ExtractiveWriter()])

    def write(self, faults: Faults | None = None, *, heard: Ear | None = None, **options: object) -> Draft:
        runtime = self.connections.client(SERVICE, attempts=1, read_seconds=5)
        writers = self.writers(**options)  # type: ignore[arg-type]
        with bound(tenant=TENANT, ticket_id=TICKET, step="generate"), (faults or Faults()).on_client(runtime):
            if heard is None:
                return writers.write(QUESTION, self.context)
            with overheard_by(heard):
                return writers.write(QUESTION, self.context)

    def entries(self) -> tuple[CostEntry, ...]:
        return Ledger(self.table).of_ticket(TENANT, TICKET)

    def executed(self) -> int:
        return sum(
            call.operation.startswith("converse") and call.status == 200 for call in self.bedrock.served
        )

    def check_books(self) -> None:
        """Every executed call is paid once, nothing else is."""
        paid = [entry for entry in self.entries() if entry.cost_nano]
        assert len(paid) == self.executed()
        spent = self.budgets.state(TENANT)
        assert spent.spent_nano == sum(entry.cost_nano for entry in paid)
        assert spent.committed_nano == spent.spent_nano  # nothing stays put aside


@pytest.fixture(scope="module")
def _server(aws_environment: None) -> Iterator[tuple[LocalBedrock, AwsConnections]]:
    bedrock = LocalBedrock(LaptopModels(CharacterTokenCounter(), FakeEmbedder(384)), FaultPlan())
    with serving_bedrock(bedrock) as url:
        connections = AwsConnections("eu-west-1", {"*": url})
        yield bedrock, connections
        connections.close()


@pytest.fixture
def bench(_server: tuple[LocalBedrock, AwsConnections]) -> Bench:
    chunk = Chunk(
        chunk_id="k1", document_id="manual", tenant_id="t", ordinal=10, text=TEXT, source_uri="file:///m.md",
        source_title="XC-200 manual", doc_type=DocType.MANUAL, language="en", section=("Error E029",),
        error_codes=("E029",), product_models=("XC-200",), updated_at=datetime(2025, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    passage = Passage(chunk, 1, 1.0, Signals(code_match=True))
    return Bench(*_server, assemble_context([passage], 3000, lambda text: len(text.split())))


def check_citations(bench: Bench, draft: Draft) -> None:
    """Whoever wrote it: every sentence has its literal quote."""
    assert draft.steps
    assert GroundednessVerifier().verify(draft, bench.context).citation_coverage == 1.0


@pytest.mark.parametrize("name", PASSING)
@pytest.mark.parametrize("operation", ["Converse", "ConverseStream"])
def test_what_passes_is_tried_again_and_paid_once(bench: Bench, name: str, operation: str) -> None:
    ear = Ear() if operation == "ConverseStream" else None
    draft = bench.write(Faults().on(SERVICE, operation, PASSING[name], calls=(1, 2)), heard=ear)

    assert (draft.routing.model, draft.routing.fallback_used) == (FIRST, False)
    assert [e.outcome for e in bench.entries()] == [CostOutcome.DONE]
    check_citations(bench, draft)
    bench.check_books()


@pytest.mark.parametrize("name", EXECUTED)
@pytest.mark.parametrize("operation", ["Converse", "ConverseStream"])
def test_work_whose_answer_was_lost_stands_in_the_books_beside_the_work_that_counted(
    bench: Bench, name: str, operation: str
) -> None:
    ear = Ear() if operation == "ConverseStream" else None
    draft = bench.write(Faults().on(SERVICE, operation, EXECUTED[name], calls=(1,)), heard=ear)

    assert draft.routing.model == FIRST
    assert sorted(e.outcome for e in bench.entries()) == [CostOutcome.DONE, CostOutcome.LOST]
    assert bench.executed() == 2
    bench.check_books()


@pytest.mark.parametrize("name", [*PASSING, *LASTING])
def test_a_model_that_stays_away_gives_way_to_the_next_with_the_whole_prompt(bench: Bench, name: str) -> None:
    fault = (PASSING | LASTING)[name]
    calls = range(1, RETRIES.attempts + 1) if name in PASSING else (1,)
    draft = bench.write(Faults().on(SERVICE, "Converse", fault, calls=tuple(calls)))

    assert (draft.routing.model, draft.routing.fallback_used) == (SECOND, True)
    assert FIRST in (draft.routing.reason or "")
    check_citations(bench, draft)
    bench.check_books()


@pytest.mark.parametrize("name", [*PASSING, *LASTING])
def test_without_any_model_the_extractive_writer_writes(bench: Bench, name: str) -> None:
    draft = bench.write(Faults().on(SERVICE, "*", (PASSING | LASTING)[name]))

    assert draft.routing.provider == "extractive"
    assert draft.routing.fallback_used
    check_citations(bench, draft)
    bench.check_books()


def test_without_any_writer_the_failure_is_told_to_whoever_escalates(bench: Bench) -> None:
    runtime = bench.connections.client(SERVICE, attempts=1, read_seconds=5)
    router = BedrockRouter(bench.client())
    writer = WriterChain([Generator(router, PromptRegistry.shipped())])

    with Faults().on(SERVICE, "*", Throttle()).on_client(runtime), pytest.raises(GenerationFailed) as told:
        writer.write(QUESTION, bench.context)
    assert FIRST in str(told.value)
    assert SECOND in str(told.value)


@pytest.mark.parametrize(
    "kind", [Kind.STREAM_ERROR, Kind.STREAM_THROTTLING, Kind.STREAM_INTERNAL, Kind.STREAM_CUT]
)
def test_a_reply_that_breaks_off_leaves_nothing_to_see_and_is_paid_for(bench: Bench, kind: Kind) -> None:
    bench.bedrock.faults.replace([Rule(Served(kind, after=4), times=1)])
    ear = Ear()
    draft = bench.write(heard=ear)

    assert draft.routing.model == FIRST
    assert ear.seen.count('"steps"') == 1  # one whole reply, not a piece of another before it
    assert sorted(e.outcome for e in bench.entries()) == [CostOutcome.DONE, CostOutcome.LOST]
    bench.check_books()


def test_streams_that_always_break_end_with_the_extractive_writer_and_an_empty_view(bench: Bench) -> None:
    bench.bedrock.faults.replace([Rule(Served(Kind.STREAM_ERROR, after=4))])
    ear = Ear()
    draft = bench.write(heard=ear)

    assert draft.routing.provider == "extractive"
    assert ear.seen == ""
    assert bench.executed() == 2 * RETRIES.attempts
    bench.check_books()


@pytest.mark.parametrize("heard", [False, True])
def test_a_guardrail_that_steps_in_sends_the_ticket_on_and_shows_nothing(
    bench: Bench, *, heard: bool
) -> None:
    bench.bedrock.faults.replace([Rule(Served(Kind.GUARDRAIL))])
    ear = Ear() if heard else None
    draft = bench.write(heard=ear)

    assert draft.routing.provider == "extractive"
    assert "guardrail" in (draft.routing.reason or "")
    assert ear is None or ear.seen == ""
    entries = bench.entries()
    assert [e.outcome for e in entries] == [CostOutcome.DONE] * 2  # answered, and not used
    assert [e.cost_nano for e in entries] == [0, 0]  # a request stopped at the door has read no token


def test_a_malformed_answer_is_repaired_once(bench: Bench) -> None:
    bench.bedrock.faults.replace([Rule(Served(Kind.MALFORMED), times=1)])
    draft = bench.write()

    assert draft.routing.model == FIRST
    assert "repaired" in (draft.routing.reason or "")
    assert bench.executed() == 2
    check_citations(bench, draft)
    bench.check_books()


def test_answers_that_stay_malformed_give_way_to_the_extractive_writer(bench: Bench) -> None:
    bench.bedrock.faults.replace([Rule(Served(Kind.MALFORMED))])
    draft = bench.write(models=(FIRST,))

    assert draft.routing.provider == "extractive"
    bench.check_books()


@pytest.mark.parametrize(
    "fault", [Throttle(), ServerError(), Timeout(), Denied()], ids=lambda f: type(f).__name__
)
def test_an_answer_that_cannot_be_judged_is_not_used(bench: Bench, fault: Fault) -> None:
    faults = Faults().on(SERVICE, "ApplyGuardrail", fault)
    draft = bench.write(faults, models=(SECOND,), guardrail=GuardrailChoice("gr1", "1"))

    assert draft.routing.provider == "extractive"
    assert len([e for e in bench.entries() if e.cost_nano]) == bench.executed() == 1


def test_a_model_that_failed_for_several_tickets_is_not_waited_for_by_the_next(bench: Bench) -> None:
    runtime = bench.connections.client(SERVICE, attempts=1, read_seconds=5)
    writers = bench.writers()
    faults = Faults().on(SERVICE, "*", ServerError(503, "ServiceUnavailableException"))
    with faults.on_client(runtime):
        for _ in range(6):
            assert writers.write(QUESTION, bench.context).routing.provider == "extractive"
    assert faults.count(SERVICE, "Converse") == 2 * 4 * RETRIES.attempts  # four tickets taught both breakers

    bench.clock.advance(31)
    assert writers.write(QUESTION, bench.context).routing.model == FIRST


@pytest.mark.parametrize(
    "fault", [*PASSING.values(), *LASTING.values(), Timeout(), Reset()], ids=lambda f: repr(f)[:40]
)
def test_nothing_but_errors_of_our_own_tree_leaves_the_client(bench: Bench, fault: Fault) -> None:
    runtime = bench.connections.client(SERVICE, attempts=1, read_seconds=5)
    client = bench.client()
    chat = BedrockChat(client, FIRST)

    request = ChatRequest((Message(Role.USER, "Why?"),))
    with Faults().on(SERVICE, "*", fault).on_client(runtime):
        for ask in (chat.complete, lambda r: list(chat.stream(r))):
            with pytest.raises(RimedioError):
                ask(request)
        assert client.count_tokens(FIRST, request)[1] is False
