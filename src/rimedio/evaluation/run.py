"""Run labelled tickets the whole way, on the knowledge of a data folder, storing nothing in it."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from rimedio.answering.context import Context as AnswerContext
from rimedio.asl import Engine, MemoryJournal
from rimedio.bootstrap import Rimedio
from rimedio.domain.answer import Outcome, Solution
from rimedio.domain.codec import Json, from_json
from rimedio.domain.knowledge import Chunk
from rimedio.domain.ticket import Status, Ticket
from rimedio.evaluation.labelled import LabelledTicket
from rimedio.evaluation.score import Observed, Scores, score
from rimedio.security.master_keys import Context
from rimedio.storage.conversations import ConversationStore
from rimedio.storage.database import Database
from rimedio.storage.memory_objects import MemoryObjectStore
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.tickets import TicketStore
from rimedio.tickets.engine_runner import EngineRunner
from rimedio.tickets.open_ticket import OpenTicket
from rimedio.tickets.redaction_vaults import RedactionVaults
from rimedio.tickets.task_tokens import TaskTokens
from rimedio.tickets.tasks.kept_answers import answer_anew
from rimedio.tickets.tasks.registry import InvokeTask
from rimedio.tickets.workflow import LAMBDA_INVOKE

OUTCOME_OF = {
    Status.READY: Outcome.PUBLISH,
    Status.RESOLVED: Outcome.PUBLISH,
    Status.IN_REVIEW: Outcome.REVIEW,
    Status.NEEDS_INFO: Outcome.ASK,
    Status.ESCALATED: Outcome.ESCALATE,
}


class _Clear:
    """Seals nothing: what is put lives in memory and ends with the evaluation."""

    def encrypt_with_kms(self, plain: bytes, context: Context) -> bytes:
        return plain

    def decrypt(self, sealed: bytes, context: Context) -> bytes:
        return sealed


class Bench:
    """A system whose knowledge is the data folder's and whose tickets live in memory."""

    def __init__(self, system: Rimedio) -> None:
        self._system = system
        table = SqliteTable(Database(None), system.clock)
        self.tickets = TicketStore(table, system.clock, system.ids)
        self._seen: dict[str, Json] = {}
        objects = MemoryObjectStore()
        parts = replace(
            system.parts,
            tickets=self.tickets,
            conversations=ConversationStore(table),
            objects=objects,
            vaults=RedactionVaults(objects, _Clear()),
            tokens=TaskTokens(table),
            on_classified=lambda _tenant, _ticket, _text, _found: None,  # nobody learns from a test
            take_notes=lambda _ticket, _reasons: (),
            keep_answer=answer_anew,
        )
        invoke = InvokeTask(lambda: parts)

        def remember(arguments: Json, context: object) -> Json:
            answer = invoke(arguments, context)  # type: ignore[arg-type]
            if isinstance(arguments, dict) and isinstance(answer, dict):
                self._seen[str(arguments.get("FunctionName"))] = answer.get("Payload")
            return answer

        engine = Engine(MemoryJournal(), {LAMBDA_INVOKE: remember}, clock=system.clock)
        self._runner = EngineRunner.create(engine, self.tickets)
        self._open = OpenTicket(self.tickets, self._runner, system.taxonomy, system.clock, system.ids)

    def observe(self, labelled: LabelledTicket) -> Observed:
        """Work through one ticket and say what came out."""
        self._seen.clear()
        started = time.perf_counter()
        ticket = self._runner.settle(self._open(self._system.tenant, labelled.request))
        seconds = time.perf_counter() - started
        classified = self._seen.get("classify")
        category = str(classified["category"]) if isinstance(classified, dict) else None
        return Observed(OUTCOME_OF[ticket.status], self._solution(ticket), self._found(), category, seconds)

    def _solution(self, ticket: Ticket) -> Solution | None:
        if ticket.solution_id is None:
            return None
        return self.tickets.solution(ticket.tenant_id, ticket.ticket_id, ticket.solution_id)

    def _found(self) -> tuple[Chunk, ...]:
        context = self._seen.get("assemble_context")
        if context is None:
            return ()
        found: Sequence[Chunk] = [p.chunk for p in from_json(AnswerContext, context).passages]
        return tuple(found)


def evaluate_tickets(
    system: Rimedio, tickets: Iterable[LabelledTicket], progress: Callable[[int], None] = lambda _: None
) -> Scores:
    """Scores of `system` on labelled tickets. Raises InvalidTicket for a row that no ticket can be."""
    bench = Bench(system)
    done = 0

    def observe(labelled: LabelledTicket) -> Observed:
        nonlocal done
        seen = bench.observe(labelled)
        done += 1
        progress(done)
        return seen

    def text_of(chunk_id: str) -> str | None:
        found = system.index.chunks(system.tenant, [chunk_id]).get(chunk_id)
        return found.text if found else None

    return score(tickets, observe, text_of)
