"""A small system for workflow tests: real stores, engine, index and writer; scripted judgement."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.step_functions import DrivenRunner, DrivingClock, deployed, engine_for, functions, step_functions

from rimedio.answering.answer import Answerer, AnswerLimits, AnswerParts
from rimedio.answering.case import AnswerCase
from rimedio.answering.context import Context
from rimedio.answering.extractive.writer import ExtractiveWriter
from rimedio.answering.question import Question
from rimedio.answering.writers import Writer
from rimedio.asl import Engine, MemoryJournal
from rimedio.asl.wire.functions import Invoke
from rimedio.asl.wire.server import Interference
from rimedio.domain.answer import Claim, Decision, Draft, Outcome, SafetyFlag, Verdict, Verification
from rimedio.domain.clock import FakeClock, SeededIds
from rimedio.domain.knowledge import Passage
from rimedio.domain.taxonomy import Taxonomy
from rimedio.domain.ticket import Status, Ticket, TicketRequest
from rimedio.knowledge.index.sqlite import SqliteIndex
from rimedio.knowledge.ingest import Ingestor
from rimedio.knowledge.search import Search
from rimedio.security.encryption import EnvelopeCipher
from rimedio.security.fake_key_service import FakeKeyService
from rimedio.storage.conversations import ConversationStore
from rimedio.storage.database import Database
from rimedio.storage.documents import DocumentStore
from rimedio.storage.idempotency import IdempotencyStore
from rimedio.storage.memory_objects import MemoryObjectStore
from rimedio.storage.reviews import ReviewStore
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.table import Action
from rimedio.storage.tickets import TicketStore
from rimedio.tickets.adapters import IndexCodeLookup
from rimedio.tickets.desk.change_ticket import ChangeParts, EscalateTicket, ReopenTicket, ResolveTicket
from rimedio.tickets.desk.converse import Converse
from rimedio.tickets.desk.edit_solution import EditSolution
from rimedio.tickets.desk.find_similar import FindSimilar
from rimedio.tickets.desk.investigate import Investigate
from rimedio.tickets.desk.likeness import Symptoms
from rimedio.tickets.desk.measure_use import MeasureUse
from rimedio.tickets.desk.read_run import ReadRun
from rimedio.tickets.desk.wake_answered import WakeAnswered
from rimedio.tickets.engine_runner import EngineRunner
from rimedio.tickets.live.watch_ticket import WatchTicket
from rimedio.tickets.open_ticket import OpenTicket
from rimedio.tickets.parts import Classified, InspectedText, TaskParts
from rimedio.tickets.redaction_vaults import RedactionVaults
from rimedio.tickets.reply_to_ticket import ReplyToTicket
from rimedio.tickets.review_ticket import Reviewed, ReviewParts, ReviewRequest, ReviewTicket
from rimedio.tickets.runner import Runner
from rimedio.tickets.task_tokens import TaskTokens
from rimedio.tickets.tasks.kept_answers import KeptAnswers
from rimedio.tickets.tasks.registry import InvokeTask, run_task
from rimedio.tickets.workflow import LAMBDA_INVOKE

TENANT = "acme"
HOMES = ENGINE, STEP_FUNCTIONS = ("engine", "step functions")
MANUAL = """# XC-200 manual

## E029 Overtemperature

Cause: the air filter is clogged.

Check: measure the air flow at the outlet.

Remedy: replace the air filter XC2-FLT-01 and restart the station.

## E030 Fan fault

Cause: the fan does not turn.

Remedy: replace the fan.
"""


class TrustingVerifier:
    """Supports every sentence; real verification has tests of its own."""

    def verify(self, draft: Draft, context: Context) -> Verification:
        claims = tuple(
            Claim(number, s.text, "c1", s.quote, Verdict.SUPPORTED, 0.95)
            for number, step in enumerate(draft.steps, 1)
            for s in step.sentences
        )
        return Verification(claims, 0.95, 1.0)


class NoDanger:
    def check(self, draft: Draft, context: Context) -> tuple[SafetyFlag, ...]:
        return ()


@dataclass
class ScriptedDecider:
    """Gives the outcomes of its script in turn, the last one for ever; remembers what it was shown."""

    outcomes: list[Outcome]
    cases: list[AnswerCase] = field(default_factory=list)

    def decide(self, case: AnswerCase) -> Decision:
        self.cases.append(case)
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        question = "Which code is on the display?" if outcome is Outcome.ASK else None
        return Decision(outcome, 0.9, ("scripted",), question)


@dataclass
class ScriptedGuard:
    injection: bool = False
    suspicious_ids: frozenset[str] = frozenset()
    seen: list[str] = field(default_factory=list)

    def inspect_request(self, text: str, names: Sequence[str], keep: Sequence[str]) -> InspectedText:
        self.seen.append(text)
        clean = text
        for name in names:
            clean = clean.replace(name, "[PERSON_1]")
        return InspectedText(clean, {"PERSON": 1} if clean != text else {}, "{}", self.injection)

    def suspicious(self, passages: Sequence[Passage]) -> frozenset[str]:
        return self.suspicious_ids


@dataclass
class ScriptedClassifier:
    confidence: float = 0.95

    def classify(self, text: str) -> Classified:
        return Classified("THERMAL", self.confidence, (("THERMAL", self.confidence), ("SENSOR", 0.02)))


@dataclass
class ScriptedOpinion:
    answer: Classified | None = None

    def classify(self, text: str, categories: Sequence[str]) -> Classified | None:
        return self.answer


@dataclass
class FailingWriter:
    """Raises the errors of its script in turn, then writes as the extractive writer does."""

    errors: list[Exception]
    calls: int = 0

    def write(self, question: Question, context: Context) -> Draft:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return ExtractiveWriter().write(question, context)


class Workshop:
    """The system under test.

    `home` says what runs the workflow; `interfere` with it, and with the `invoked` functions, who wants trouble.
    """

    home = ENGINE
    interfere: Interference | None = None
    troubled: Callable[[Invoke], Invoke] = staticmethod(lambda call: call)

    def __init__(
        self,
        outcomes: list[Outcome] | None = None,
        *,
        primary: Writer | None = None,
        fallback: Writer | None = None,
        confidence: float = 0.95,
        guard: ScriptedGuard | None = None,
        opinion: Classified | None = None,
        limits: AnswerLimits | None = None,
    ) -> None:
        self.clock = FakeClock()
        self.ids = SeededIds(7)
        self.database = Database(None)
        table = SqliteTable(self.database, self.clock)
        self.tickets = TicketStore(table, self.clock, self.ids)
        self.conversations = ConversationStore(table)
        self.tokens = TaskTokens(table)
        self.objects = MemoryObjectStore()
        self.index = SqliteIndex(self.database)
        taxonomy = Taxonomy.default()
        self.ingestor = Ingestor(self.index, DocumentStore(table), taxonomy=taxonomy, clock=self.clock)
        self.ingestor.ingest_bytes(MANUAL.encode(), "xc-200.md", TENANT, source_uri="xc-200.md")
        self.decider = ScriptedDecider(outcomes or [Outcome.PUBLISH])
        self.guard = guard or ScriptedGuard()
        extractive = ExtractiveWriter()
        answerer = Answerer(
            AnswerParts(
                search=Search(self.index, None, taxonomy),
                index=self.index,
                primary=primary or extractive,
                fallback=fallback,
                extractive=extractive,
                verifier=TrustingVerifier(),
                safety=NoDanger(),
                decider=self.decider,
                count_tokens=lambda text: len(text) // 4,
                limits=limits or AnswerLimits(),
                clock=self.clock,
                ids=self.ids,
            )
        )
        self.settled: list[tuple[str, Status]] = []
        self.table = table
        self.vaults = RedactionVaults(self.objects, EnvelopeCipher(FakeKeyService(), self.clock))
        self.parts = TaskParts(
            tickets=self.tickets,
            conversations=self.conversations,
            objects=self.objects,
            vaults=self.vaults,
            tokens=self.tokens,
            answerer=answerer,
            guard=self.guard,
            classifier=ScriptedClassifier(confidence),
            second_opinion=ScriptedOpinion(opinion),
            look_up_codes=IndexCodeLookup(self.index),
            read_attachment=lambda data, name: data.decode(),
            clock=self.clock,
            ids=self.ids,
            categories=tuple(taxonomy.categories),
            take_notes=self._notes,
            keep_answer=KeptAnswers(table, IdempotencyStore(table, self.clock, self.ids)),
            on_settled=lambda ticket, status: self.settled.append((ticket.ticket_id, status)),
        )
        self.broken: Exception | None = None  # raised instead of building the parts
        self.engine, self.runner = self._home()
        self.open = OpenTicket(self.tickets, self.runner, taxonomy, self.clock, self.ids)
        self.reviews = ReviewStore(table)
        self.similar = FindSimilar(self.tickets, Symptoms(taxonomy))
        self.investigate = Investigate(self.tickets, self.reviews, self.runner, self.similar, self.clock)
        self.measure = MeasureUse(self.tickets, self.reviews, self.clock, self.ids)
        self.review = ReviewTicket(
            ReviewParts(
                tickets=self.tickets,
                reviews=self.reviews,
                tokens=self.tokens,
                waker=self.runner,
                edit=EditSolution(self.index.chunks, lambda _text: (), self.ids),
                measure=self.measure,
                investigate=self.investigate,
                clock=self.clock,
                ids=self.ids,
                categories=tuple(taxonomy.categories),
            )
        )
        changes = ChangeParts(
            self.tickets,
            self.conversations,
            self.runner,
            self.measure,
            self.investigate,
            self.clock,
            self.ids,
        )
        self.resolve, self.reopen = ResolveTicket(changes), ReopenTicket(changes)
        self.escalate = EscalateTicket(changes)
        self.say = Converse(self.tickets, self.conversations, self.tokens, self.runner, self.clock, self.ids)
        self.run = ReadRun(
            self.tickets,
            self.runner,
            self.guard,
            lambda _ticket: {"[PHONE_1]": "333 1234567"},
            answerer.cost_of,
            self.clock,
        )
        self.live = WatchTicket(self.tickets, self.runner.progress)
        self.reply = ReplyToTicket(self.tickets, self.say)
        self.wake_answered = WakeAnswered(
            self.tickets, self.conversations, self.tokens, self.runner, lambda: (TENANT,)
        )

    def _notes(self, ticket: Ticket, reasons: Sequence[str]) -> tuple[Action, ...]:
        return self.investigate.take(ticket, reasons)

    def _home(self) -> tuple[Engine, Runner]:
        """What runs the workflow: the engine here, or Step Functions with the tasks behind Lambda."""
        invoke = InvokeTask(self._build)
        if self.home == ENGINE:
            engine = Engine(MemoryJournal(), {LAMBDA_INVOKE: invoke}, clock=self.clock)
            return engine, EngineRunner.create(engine, self.tickets)
        call = functions(lambda name, payload: run_task(name, self._build(), payload))
        engine = engine_for(self.troubled(call), self.clock)
        client = step_functions(engine, self.interfere)
        clock = DrivingClock(self.clock, engine)
        return engine, DrivenRunner(client, deployed(client), self.tickets, clock, engine)

    def _build(self) -> TaskParts:
        if self.broken is not None:
            raise self.broken
        return self.parts

    def work(self, **fields: object) -> Ticket:
        """Open a ticket and work until it ends or waits."""
        return self.runner.settle(self.open(TENANT, request(**fields)))

    def judge(self, ticket: Ticket, verdict: str, reviewer: str = "anna", **fields: object) -> Reviewed:
        """Review a draft."""
        given = ReviewRequest.model_validate({"verdict": verdict} | fields)
        return self.review(TENANT, ticket.ticket_id, given, reviewer=reviewer)

    def states(self, ticket: Ticket) -> list[str]:
        """Names of the states entered, in order."""
        return [
            str(event["stateEnteredEventDetails"]["name"])  # type: ignore[index,call-overload]
            for event in self.engine.history(str(ticket.execution_id))
            if "stateEnteredEventDetails" in event
        ]


@contextmanager
def at_home(name: str) -> Iterator[None]:
    """Workshops that are built in this context run the workflow so."""
    before, Workshop.home = Workshop.home, name
    try:
        yield
    finally:
        Workshop.home = before


def request(**fields: object) -> TicketRequest:
    """A ticket about E029, with `fields` changed."""
    return TicketRequest.model_validate(
        {
            "customer": {"id": "c1", "name": "Mario Riva"},
            "asset": {"product_type": "EV_CHARGER", "model": "XC-200", "serial": "SN1"},
            "symptom_text": "The station stops after five minutes, code E029. Regards, Mario Riva",
            "lang": "en",
        }
        | fields
    )
