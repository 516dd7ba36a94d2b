"""Is everything that must be on really on? Canaries that exercise each part, never a canned "healthy"."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from rimedio.answering.verify import verify_groundedness
from rimedio.asl import validate
from rimedio.bootstrap import Rimedio
from rimedio.domain.answer import Draft, DraftSentence, DraftStep, Routing, Section, Verdict
from rimedio.domain.errors import RimedioError
from rimedio.domain.knowledge import Chunk
from rimedio.settings import EmbedderName
from rimedio.tickets.tasks.registry import TASKS
from rimedio.tickets.workflow import definition, task_names

ALIKE = ("La ricarica si interrompe per surriscaldamento", "Charging stops because of overheating")
QUESTION_CHARS = 300
REBUILD = "Forget the documents with `rimedio kb remove`, then ingest them again."
UNLIKE = "La fattura di marzo non è arrivata"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; `remedy` says what to do when it is not well."""

    check: str
    ok: bool
    detail: str
    remedy: str = ""
    latency_ms: float = 0.0


Check = Callable[[Rimedio], Finding]


def examine(system: Rimedio) -> Sequence[Finding]:
    """Run every check; one that breaks is a finding too, never an exception."""
    return tuple(_run(name, check, system) for name, check in _checks())


def _checks() -> Iterator[tuple[str, Check]]:
    yield "database", _database
    yield "embedder", _embedder
    yield "guardrails", _guardrails
    yield "index", _index
    yield "answer", _answer
    yield "classifier", _classifier
    yield "workflow", _workflow


def _run(name: str, check: Check, system: Rimedio) -> Finding:
    started = time.perf_counter()
    try:
        finding = check(system)
    except RimedioError as error:
        finding = Finding(name, ok=False, detail=type(error).__name__, remedy=str(error))
    return replace(finding, latency_ms=round((time.perf_counter() - started) * 1000, 2))


def _database(system: Rimedio) -> Finding:
    place, faults = system.storage_faults()
    if faults:
        return Finding("database", ok=False, detail=faults[0], remedy="Restore a backup of the data folder.")
    return Finding("database", ok=True, detail=f"sound: {place}")


def _embedder(system: Rimedio) -> Finding:
    if system.settings.embedder is EmbedderName.NONE or system.embedder is None:
        remedy = "Set `embedder` to e5-small-latin; without it search goes by words and codes alone."
        return Finding("embedder", ok=False, detail="off", remedy=remedy)
    query = system.embedder.embed_query(ALIKE[0])
    alike, unlike = (float(v @ query) for v in system.embedder.embed_passages((ALIKE[1], UNLIKE)))
    detail = f"{system.embedder.model_id}: translation {alike:.2f}, stranger {unlike:.2f}"
    remedy = "The model does not tell meaning apart. Build it again: make model."
    return Finding("embedder", ok=alike > unlike + 0.02, detail=detail, remedy=remedy)


def _guardrails(system: Rimedio) -> Finding:
    if not system.settings.guardrails:
        remedy = "Set `guardrails` to true: personal data would reach models as it is."
        return Finding("guardrails", ok=False, detail="off", remedy=remedy)
    failures = system.guardrails.canary()
    if failures:
        return Finding("guardrails", ok=False, detail="; ".join(failures), remedy="Install Rimedio again.")
    detail = "canaries of personal data, injection and danger were caught"
    return Finding("guardrails", ok=True, detail=detail)


def _index(system: Rimedio) -> Finding:
    faults = system.index.verify()
    if faults:
        return Finding("index", ok=False, detail=faults[0], remedy=REBUILD)
    held = system.coverage()
    detail = f"{held.documents} documents, {held.chunks} chunks, {held.embedded} with vectors"
    if not held.chunks:
        return Finding("index", ok=False, detail="empty", remedy="Load manuals: rimedio ingest PATH.")
    complete = held.embedded == held.chunks or system.settings.embedder is EmbedderName.NONE
    remedy = "Let `rimedio ingest` finish: what has no vector is found by words and codes only."
    return Finding("index", ok=complete, detail=detail, remedy=remedy)


def _answer(system: Rimedio) -> Finding:
    """A stored passage must be found by its own words, and the checker must refuse a falsified claim."""
    remedy = "Ingest the documents again; if it stays, report it."
    chunk = _some_chunk(system)
    if chunk is None:
        return Finding(
            "answer", ok=False, detail="there is nothing to find", remedy="Load manuals: rimedio ingest PATH."
        )
    found = system.library.find(system.tenant, chunk.text[:QUESTION_CHARS], limit=5).passages
    if chunk.chunk_id not in {p.chunk.chunk_id for p in found}:
        return Finding(
            "answer", ok=False, detail=f"{chunk.chunk_id} is not found by its own words", remedy=remedy
        )
    true, false = (_supported(chunk, text) for text in (chunk.text, f"{chunk.text} 98765 bar"))
    if not true or false:
        return Finding("answer", ok=False, detail="the claim checker is off", remedy=remedy)
    return Finding("answer", ok=True, detail="a stored passage is found, a falsified claim is refused")


def _some_chunk(system: Rimedio) -> Chunk | None:
    for document in system.index.documents(system.tenant):
        chunks = system.index.section(system.tenant, document.document_id)
        if chunks:
            return max(chunks, key=lambda c: len(c.text))
    return None


def _supported(chunk: Chunk, text: str) -> bool:
    """Whether the claim `text`, quoting the whole chunk, passes."""
    step = DraftStep(Section.CAUSE, "", (DraftSentence(text, 1, chunk.text),))
    draft = Draft(chunk.language, (step,), Routing("canary", "canary", "canary"))
    (claim,) = verify_groundedness(draft, (chunk,)).claims
    return claim.verdict is Verdict.SUPPORTED


def _classifier(system: Rimedio) -> Finding:
    champion = system.registry.champion()
    if champion is None:
        remedy = "Train one: rimedio classify train FILE. Until then categories are UNKNOWN."
        return Finding("classifier", ok=False, detail="not trained", remedy=remedy)
    found = system.registry.classifier().classify(ALIKE[0])
    return Finding("classifier", ok=bool(found.top), detail=f"{champion.version}: {len(found.top)} guesses")


def _workflow(system: Rimedio) -> Finding:
    diagnostics = validate(definition())
    missing = task_names() - set(TASKS)
    if diagnostics or missing:
        detail = str(diagnostics[0]) if diagnostics else f"no task is named {', '.join(sorted(missing))}"
        return Finding("workflow", ok=False, detail=detail, remedy="Install Rimedio again.")
    waiting = system.executions_open()
    return Finding("workflow", ok=True, detail=f"{len(TASKS)} tasks, {waiting} executions open")
