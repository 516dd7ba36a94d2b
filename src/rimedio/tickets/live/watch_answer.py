"""A question answered while one watches: how far it is, then each verified sentence, then the whole."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from itertools import count

from rimedio.answering.answer import EXTRACTIVE, FALLBACK, PRIMARY, Answerer, Asked
from rimedio.answering.context import Context
from rimedio.answering.question import Question
from rimedio.domain.answer import Draft
from rimedio.domain.clock import Clock
from rimedio.domain.errors import GenerationFailed, PolicyRefused, RimedioError, Unavailable
from rimedio.tickets.ask_question import AskQuestion
from rimedio.tickets.live.events import Body, Complete, Failed, LiveEvent, Progress, ProgressStatus, Start
from rimedio.tickets.live.sentences import streamed

WRITERS = {PRIMARY: "Generate", FALLBACK: "GenerateWithNextModel", EXTRACTIVE: "GenerateExtractive"}


@dataclass(frozen=True, slots=True)
class WatchAnswer:
    """The use case behind `POST /v1/ask/stream`.

    The states are named as the workflow's. Every sentence was checked against its passage before it leaves,
    whoever wrote it; a refused one never leaves.
    """

    ask: AskQuestion
    answerer: Answerer
    clock: Clock

    def __call__(
        self, tenant_id: str, text: str, *, model: str | None = None, code: str | None = None
    ) -> Iterator[LiveEvent]:
        """The events, the work done between them: run it on a thread of its own.

        Raises InvalidInput or PolicyRefused at once, before the first event; what fails later is an event.
        """
        asked = self.ask.read(tenant_id, text, model=model, code=code)
        return self._events(asked)

    def _events(self, asked: Asked) -> Iterator[LiveEvent]:
        numbers = count(1)
        try:
            for body in self._bodies(asked):
                yield LiveEvent(str(next(numbers)), body)
        except RimedioError as error:
            yield LiveEvent(str(next(numbers)), Failed(error.code, str(error)))

    def _bodies(self, asked: Asked) -> Iterator[Body]:
        started = self.clock.monotonic()
        yield Start()
        yield self._at("Retrieve", ProgressStatus.ENTERED)
        retrieved = self.answerer.retrieve(asked)
        yield self._at("Retrieve", ProgressStatus.SUCCEEDED)
        context = self.answerer.assemble(retrieved)
        draft = yield from self._written(retrieved.question, context)
        yield self._at("Verify", ProgressStatus.ENTERED)
        verification = self.answerer.verify(draft, context)
        yield self._at("Verify", ProgressStatus.SUCCEEDED)
        decision, safety = self.answerer.decide(retrieved, context, draft, verification)
        solution = self.answerer.solution(
            ticket_id="",
            context=context,
            draft=draft,
            verification=verification,
            decision=decision,
            safety=safety,
            latency_ms=(self.clock.monotonic() - started) * 1000,
        )
        self.ask.on_answered(asked, solution)
        yield from streamed(solution)
        yield Complete(
            solution_id=solution.solution_id,
            outcome=decision.outcome,
            confidence=decision.confidence,
            solution=solution,
        )

    def _written(self, question: Question, context: Context) -> Generator[Body, None, Draft]:
        """The draft of the first writer that manages, told writer by writer."""
        failures: list[str] = []
        for writer, state in WRITERS.items():
            if not self.answerer.has(writer):
                continue
            yield self._at(state, ProgressStatus.ENTERED)
            try:
                draft = self.answerer.write(question, context, writer, " | ".join(failures))
            except (Unavailable, PolicyRefused) as error:
                failures.append(str(error))
                yield self._at(state, ProgressStatus.FAILED)
                continue
            yield self._at(state, ProgressStatus.SUCCEEDED)
            return draft
        raise GenerationFailed(f"No writer could answer: {' | '.join(failures)}")

    def _at(self, state: str, status: ProgressStatus) -> Progress:
        return Progress(state, status, self.clock.now())
