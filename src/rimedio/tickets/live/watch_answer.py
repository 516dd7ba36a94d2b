"""A question answered while one watches: how far it is, then each verified sentence, then the whole."""

import contextvars
import queue
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from itertools import count

from rimedio.answering.answer import EXTRACTIVE, FALLBACK, PRIMARY, Answerer, Asked
from rimedio.answering.cite import citations_of
from rimedio.answering.context import Context
from rimedio.answering.proved import section_title
from rimedio.answering.question import Question
from rimedio.domain.answer import Draft, DraftStep, Routing, Verdict
from rimedio.domain.clock import Clock
from rimedio.domain.errors import GenerationFailed, PolicyRefused, RimedioError, Unavailable
from rimedio.llm.overhearing import overheard_by
from rimedio.tickets.ask_question import AskQuestion
from rimedio.tickets.live.draft_reader import DraftReader, HeardSentence
from rimedio.tickets.live.events import (
    Body,
    Chunk,
    Cited,
    Complete,
    Failed,
    LiveEvent,
    Progress,
    ProgressStatus,
    Start,
)
from rimedio.tickets.live.sentences import streamed

WRITERS = {PRIMARY: "Generate", FALLBACK: "GenerateWithNextModel", EXTRACTIVE: "GenerateExtractive"}
UNKNOWN = Routing("unknown", "unknown", "unknown")  # of a draft that is not finished


@dataclass(slots=True)
class _Told:
    """The sentences that have left already, in the order they did."""

    chunks: list[Chunk] = field(default_factory=list)
    ids: dict[int, str] = field(default_factory=dict)  # citation id by passage, in order of first use

    def has(self, chunk: Chunk) -> bool:
        """Whether this very sentence stands at this place already, citing the same."""
        there = self.chunks[chunk.index - 1 : chunk.index]
        return [(c.text, c.citation_ids) for c in there] == [(chunk.text, chunk.citation_ids)]


@dataclass(frozen=True, slots=True)
class WatchAnswer:
    """The use case behind `POST /v1/ask/stream`.

    The states are named as the workflow's. Every sentence was checked against its passage before it leaves,
    whoever wrote it; a refused one never leaves. A chat model's sentences leave while it still writes; a
    chunk with an index that came before replaces that one, and `complete` carries the whole solution.
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
        told = _Told()
        draft = yield from self._written(retrieved.question, context, told)
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
        for body in streamed(solution):
            if not (isinstance(body, Chunk) and told.has(body)):
                yield body
        yield Complete(
            solution_id=solution.solution_id,
            outcome=decision.outcome,
            confidence=decision.confidence,
            solution=solution,
        )

    def _written(self, question: Question, context: Context, told: _Told) -> Generator[Body, None, Draft]:
        """The draft of the first writer that manages, told writer by writer and sentence by sentence."""
        failures: list[str] = []
        for writer, state in WRITERS.items():
            if not self.answerer.has(writer):
                continue
            yield self._at(state, ProgressStatus.ENTERED)
            try:
                after = " | ".join(failures)
                draft = yield from self._overheard(question, context, writer, after, told)
            except (Unavailable, PolicyRefused) as error:
                failures.append(str(error))
                yield self._at(state, ProgressStatus.FAILED)
                continue
            yield self._at(state, ProgressStatus.SUCCEEDED)
            return draft
        raise GenerationFailed(f"No writer could answer: {' | '.join(failures)}")

    def _overheard(
        self, question: Question, context: Context, writer: str, after: str, told: _Told
    ) -> Generator[Body, None, Draft]:
        """Write on a thread beside, and tell what is heard of it; a writer that says nothing ends at once."""
        heard: queue.SimpleQueue[HeardSentence | Draft | BaseException | None] = queue.SimpleQueue()
        reader = DraftReader(heard.put, lambda: heard.put(None))

        def write() -> None:
            try:
                with overheard_by(reader):
                    heard.put(self.answerer.write(question, context, writer, after))
            except BaseException as error:  # handed over to the one who waits
                heard.put(error)

        threading.Thread(target=contextvars.copy_context().run, args=(write,), daemon=True).start()
        while True:
            found = heard.get()
            if isinstance(found, Draft):
                return found
            if isinstance(found, BaseException):
                raise found
            if found is None:
                told.chunks.clear()
                told.ids.clear()
                continue
            yield from self._checked(found, question, context, told)

    def _checked(
        self, heard: HeardSentence, question: Question, context: Context, told: _Told
    ) -> Iterator[Body]:
        """A sentence that its passage supports, and that is not dangerous after those before it."""
        sentence = heard.sentence
        if context.entry(sentence.passage) is None:
            return
        title = section_title(heard.section, question.language)
        draft = Draft(question.language, (DraftStep(heard.section, title, (sentence,)),), UNKNOWN)
        (claim,) = self.answerer.verify(draft, context).claims
        said = [chunk.text for chunk in told.chunks]
        if claim.verdict is not Verdict.SUPPORTED or self.answerer.dangers([*said, sentence.text]):
            return
        first = sentence.passage not in told.ids
        cited = told.ids.setdefault(sentence.passage, f"c{len(told.ids) + 1}")
        chunk = Chunk(len(said) + 1, heard.step, heard.section, title, sentence.text, (cited,))
        told.chunks.append(chunk)
        yield chunk
        if first:
            yield from (Cited(replace(found, id=cited)) for found in citations_of(draft, context))

    def _at(self, state: str, status: ProgressStatus) -> Progress:
        return Progress(state, status, self.clock.now())
