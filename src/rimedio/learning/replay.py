"""Runs a stored ticket again with another model, prompt or index; nothing is written.

The question is the one of then: the text that came out of redaction is read from the ticket's own execution,
and made again from ticket, replies and attachments where that history is gone. Then the workflow's own tasks
run in their order, on parts of which every writing one is a dead end.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rimedio.answering.answer import EXTRACTIVE, FALLBACK, PRIMARY
from rimedio.answering.context import Context
from rimedio.answering.question import Retrieved
from rimedio.domain.answer import Decision, Draft, Outcome, Performance, Quality, Routing, Solution
from rimedio.domain.codec import Json, from_json
from rimedio.domain.errors import InvalidInput, NotFound, PolicyRefused, RimedioError, Unavailable
from rimedio.domain.knowledge import Passage
from rimedio.domain.ticket import Ticket
from rimedio.learning.difference import Difference, Summary, compare_solutions, summarize
from rimedio.tickets.parts import InspectedText, RequestGuard, TaskParts
from rimedio.tickets.run_log import Histories
from rimedio.tickets.tasks.assemble_context import AssembleInput, Findings, assemble
from rimedio.tickets.tasks.classify import ClassifyInput, TicketCategory, classify
from rimedio.tickets.tasks.decide import Decided, DecideInput, decide
from rimedio.tickets.tasks.extract_text import text_of
from rimedio.tickets.tasks.generate import GenerateInput, StepFailure, generate
from rimedio.tickets.tasks.inspect import InspectInput, TicketQuestion, inspect
from rimedio.tickets.tasks.retrieve import RetrieveInput, retrieve_code, retrieve_hybrid
from rimedio.tickets.tasks.verify import VerifyInput, verify

UNCERTAIN, UNKNOWN, DANGEROUS = "category-uncertain", "category-unknown", "dangerous-request"
WRITERS = (PRIMARY, FALLBACK, EXTRACTIVE)


@dataclass(frozen=True, slots=True)
class VaultlessGuard:
    """A `RequestGuard` that redacts as ever and leaves nothing to be kept."""

    guard: RequestGuard

    def inspect_request(self, text: str, names: Sequence[str], keep: Sequence[str]) -> InspectedText:
        """The same verdict, without what undoes the redaction."""
        return replace(self.guard.inspect_request(text, names, keep), vault="")

    def suspicious(self, passages: Sequence[Passage]) -> frozenset[str]:
        """The same chunks."""
        return self.guard.suspicious(passages)


@dataclass(frozen=True, slots=True)
class Past:
    """What a ticket's execution tells of then; None where its history is gone."""

    question: TicketQuestion | None = None
    flags: tuple[str, ...] | None = None
    asked: int = 0
    solution: Solution | None = None  # as decided by the machine, before anybody edited it


@dataclass(frozen=True, slots=True)
class Replayed:
    """Every ticket's difference and the figures of all."""

    differences: tuple[Difference, ...]
    summary: Summary


@dataclass(frozen=True)
class Replay:
    """The use case behind `rimedio replay`. `parts` answer with what is to be tried."""

    parts: TaskParts
    histories: Histories

    def __call__(self, tenant_id: str, ticket_ids: Sequence[str]) -> Replayed:
        """Replay tickets. One that cannot be replayed is named in the summary; raises NotFound for one alone."""
        differences: list[Difference] = []
        failed: list[str] = []
        for ticket_id in dict.fromkeys(ticket_ids):
            try:
                differences.append(self.one(tenant_id, ticket_id))
            except RimedioError as error:
                if len(ticket_ids) == 1:
                    raise
                failed.append(f"{ticket_id}: {error}")
        return Replayed(tuple(differences), summarize(differences, failed))

    def one(self, tenant_id: str, ticket_id: str) -> Difference:
        """Replay one ticket. Raises NotFound, InvalidInput when it was never worked on."""
        ticket = self.parts.tickets.get(tenant_id, ticket_id)
        past = past_of(ticket, self.histories)
        stored = None
        if ticket.solution_id is not None:
            stored = self.parts.tickets.solution(tenant_id, ticket_id, ticket.solution_id)
        before = past.solution or stored
        edited = bool(stored and past.solution and stored.steps != past.solution.steps)
        return compare_solutions(before, self.run(ticket, past), edited=edited)

    def run(self, ticket: Ticket, past: Past) -> Solution:
        """The workflow's way from the question to the decision, as the tasks go it."""
        parts, ids = self.parts, (ticket.tenant_id, ticket.ticket_id)
        started_at = parts.clock.now()
        question = past.question or self._inspected(ticket)
        if question.refused:
            return _refused(ticket, question, parts.ids.new("sol"))
        category = classify(parts, ClassifyInput(*ids, question))
        flags = past.flags if past.flags is not None else _flags(question, category)
        wanted = RetrieveInput(*ids, question, category)
        findings = Findings(retrieve_hybrid(parts, wanted), retrieve_code(parts, wanted))
        context = assemble(parts, AssembleInput(*ids, question, findings))
        draft = self._written(ticket, findings.hybrid, context)
        checked = verify(parts, VerifyInput(*ids, context, draft))
        decided: Decided = decide(
            parts,
            DecideInput(*ids, findings, context, draft, checked, started_at, flags, past.asked),
        )
        return decided.solution

    def _inspected(self, ticket: Ticket) -> TicketQuestion:
        """The question made again: attachments read, replies added, personal data out."""
        ids = (ticket.tenant_id, ticket.ticket_id)
        texts = tuple(text_of(self.parts, ticket.tenant_id, a) for a in ticket.attachments)
        return inspect(self.parts, InspectInput(*ids, texts))

    def _written(self, ticket: Ticket, found: Retrieved, context: Context) -> Draft:
        """The first writer that manages, as the workflow's Catch goes on to the next one."""
        after: StepFailure | None = None
        for writer in WRITERS:
            wanted = GenerateInput(ticket.tenant_id, ticket.ticket_id, found.question, context, writer, after)
            try:
                return generate(self.parts, wanted)
            except (Unavailable, PolicyRefused) as error:
                after = StepFailure(type(error).__name__, str(error))
        raise InvalidInput(f"No writer could answer {ticket.ticket_id}: {after.Cause if after else 'none'}")


def past_of(ticket: Ticket, histories: Histories) -> Past:
    """The last question, flags and machine-made solution in a ticket's execution."""
    if ticket.execution_id is None:
        return Past()
    try:
        events = histories.history(ticket.execution_id)
    except NotFound:
        return Past()
    past = Past()
    for event in events:
        exited = event.get("stateExitedEventDetails")
        if isinstance(exited, Mapping):
            past = _after_state(past, str(exited.get("name")), _parsed(exited.get("output")))
        scheduled = event.get("taskScheduledEventDetails")
        if isinstance(scheduled, Mapping):
            past = _before_task(past, _parsed(scheduled.get("parameters")))
    return past


def _after_state(past: Past, state: str, output: Json) -> Past:
    if not isinstance(output, Mapping):
        return past
    if state == "Inspect":
        return replace(past, question=from_json(TicketQuestion, output))
    if state == "Decide" and isinstance(output.get("solution"), Mapping):
        return replace(past, solution=from_json(Solution, output["solution"]))
    return past


def _before_task(past: Past, parameters: Json) -> Past:
    if not isinstance(parameters, Mapping) or parameters.get("FunctionName") != "decide":
        return past
    payload = parameters.get("Payload")
    if not isinstance(payload, Mapping):
        return past
    flags, asked = payload.get("flags"), payload.get("asked")
    return replace(
        past,
        flags=tuple(map(str, flags)) if isinstance(flags, list) else (),
        asked=asked if isinstance(asked, int) else 0,
    )


def _parsed(text: Json) -> Json:
    if not isinstance(text, str):
        return None
    try:
        found: Json = json.loads(text)
    except ValueError:
        return None
    return found


def _flags(question: TicketQuestion, category: TicketCategory) -> tuple[str, ...]:
    """What the workflow would have noted; a second opinion is not asked again."""
    flags = (DANGEROUS,) if question.dangers else ()
    if category.confidence >= category.thresholds.sure:
        return flags
    return (*flags, UNCERTAIN if category.confidence >= category.thresholds.unsure else UNKNOWN)


def _refused(ticket: Ticket, question: TicketQuestion, solution_id: str) -> Solution:
    """What a request that the guardrails refuse comes to: nothing is written, a person reads it."""
    return Solution(
        solution_id=solution_id,
        ticket_id=ticket.ticket_id,
        language=question.language,
        steps=(),
        citations=(),
        claims=(),
        safety_flags=(),
        alternative_actions=(),
        quality=Quality(0.0, 0.0, 0.0),
        decision=Decision(Outcome.ESCALATE, 0.0, question.reasons),
        routing=Routing("none", "none", "none", reason="refused by the guardrails"),
        performance=Performance(0.0),
    )
