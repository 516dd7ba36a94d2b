"""A remedy that only says "see section 7.2": the procedure there belongs to it, when the context has it."""

from collections.abc import Sequence

from rimedio.answering.context import ContextEntry
from rimedio.answering.extractive.cues import Part
from rimedio.answering.extractive.fault import Piece, read_fault
from rimedio.answering.extractive.frames import frame
from rimedio.answering.extractive.outline import Shape
from rimedio.answering.extractive.steps import work_steps
from rimedio.answering.references import References, is_named, is_section, references_in
from rimedio.domain.answer import DraftStep
from rimedio.domain.knowledge import Chunk

_POINTER_WORDS_MAX = 25  # a longer remedy stands on its own
_TARGETS_MAX = 4


def pointed_at(
    pieces: Sequence[Piece], chunk: Chunk, entries: Sequence[ContextEntry], language: str
) -> list[DraftStep]:
    """Steps of the sections that a short remedy refers to, each titled with its section's name."""
    remedy = " ".join(p.text for p in pieces if p.part is Part.REMEDY)
    if not remedy or len(remedy.split()) > _POINTER_WORDS_MAX:
        return []
    found = references_in(remedy, own=chunk.error_codes)
    steps: list[DraftStep] = []
    targets = [
        e for e in entries if e.passage.chunk is not chunk and _is_target(e.passage.chunk, chunk, found)
    ]
    for entry in targets[:_TARGETS_MAX]:
        body = [p for p in read_fault([entry], None) if p.block.shape is not Shape.HEADING]
        name = entry.passage.chunk.section[-1] if entry.passage.chunk.section else ""
        titled = f"{frame('procedure', language)} {name}".rstrip()
        steps += work_steps(body, titled, language)
    return steps


def _is_target(chunk: Chunk, origin: Chunk, found: References) -> bool:
    if chunk.document_id != origin.document_id:
        return False
    return any(is_section(chunk, n) for n in found.sections) or any(is_named(chunk, n) for n in found.names)
