"""Finds where a passage speaks of one error code, and cuts what it says of other codes away."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rimedio.answering.context import ContextEntry
from rimedio.answering.extractive.outline import Block, Shape, read_outline
from rimedio.domain.knowledge import Chunk

_ANCHOR_CHARS = 40  # a paragraph belongs to a code that stands this near to its start
_PREFIX = re.compile(
    r"[\s\W]*(?:(?:\d+(?:\.\d+)*\.?|codice|cod\.?|code|errore|error|err\.?|allarme|alarm|guasto|fault|di|"
    r"sub ?code|sottocodice|n\.?|no\.?)[\s\W]*)*",
    re.IGNORECASE,
)
_CODE_WORD = r"\b(?:codice|cod|code|errore|error|err|allarme|alarm|guasto|fault)"


@lru_cache(maxsize=512)
def code_pattern(code: str) -> re.Pattern[str]:
    """Finds a canonical code as manuals write it: "E407/01" also as "E407-01", "E407 (sub code 01)","
    " "E407 | 01"."""
    main, *subs = re.split(r"[/.\-\s]", code)
    pattern = rf"(?<![\w-]){re.escape(main)}"
    for sub in subs:
        pattern += rf"(?:[\s\W]|sub|code|sotto|codice|col|:){{1,24}}?{re.escape(sub)}"
    return re.compile(pattern + r"(?![\w])", re.IGNORECASE)


def same_code(asked: str, found: str) -> bool:
    """Whether `found` is the code asked for, or a sub-code of it when no sub-code was asked for."""
    a, f = asked.upper(), found.upper()
    return a == f or (
        re.fullmatch(r"[^/.\-]+", a) is not None and re.match(rf"{re.escape(a)}[/.\-]", f) is not None
    )


def defines(chunk: Chunk, code: str) -> bool:
    """Whether a chunk defines the code asked for."""
    return any(same_code(code, found) for found in chunk.error_codes)


def tells_of(entry: ContextEntry, code: str) -> bool:
    """Whether a passage defines the code, or has a heading or table row of its own for it.

    A code of digits alone must be defined: "150" heads many things that are no error.
    """
    chunk = entry.passage.chunk
    if defines(chunk, code):
        return True
    pattern = code_pattern(code)
    if chunk.error_codes or code[:1].isdigit() or not pattern.search(f"{chunk.section[-1:]} {entry.text}"):
        return False
    if chunk.section and pattern.search(chunk.section[-1]):
        return True
    rows = (b for b in read_outline(entry.text, chunk.section) if b.shape is Shape.ROW)
    return any(pattern.fullmatch(row.cells[0].span.of(entry.text).strip()) for row in rows)


def mention_pattern(code: str) -> re.Pattern[str]:
    """Finds a code in running text; one of digits alone only after a word such as "error"."""
    if not code[:1].isdigit():
        return code_pattern(code)
    return re.compile(rf"{_CODE_WORD}\W{{1,4}}{code_pattern(code).pattern}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Anchor:
    block: int
    codes: frozenset[str]


def isolate(text: str, blocks: Sequence[Block], chunk: Chunk, code: str) -> tuple[Block, ...]:
    """The blocks of `chunk` that speak of `code`, in order; none when they speak of other codes only."""
    known = tuple(dict.fromkeys((*chunk.error_codes, *chunk.mentioned_codes, code)))
    anchors = [a for i, b in enumerate(blocks) if (a := _anchor(text, blocks, i, b, known))]
    asked = [a for a in anchors if any(same_code(code, c) for c in a.codes)]
    if asked:
        return tuple(b for a in asked for b in _segment(blocks, a, anchors))
    if chunk.error_codes and all(same_code(code, c) for c in chunk.error_codes):
        # The code stands in the section's heading: all is its, except what another code's own lines say.
        foreign = {id(b) for a in anchors for b in _segment(blocks, a, anchors)}
        return tuple(b for b in blocks if id(b) not in foreign) or tuple(blocks)
    pattern = code_pattern(code)
    return tuple(b for b in blocks if b.shape is not Shape.HEADING and pattern.search(b.span.of(text)))


def _anchor(text: str, blocks: Sequence[Block], i: int, block: Block, known: Sequence[str]) -> _Anchor | None:
    span = block.span
    if block.shape is Shape.HEADING:
        words = span.of(text)
    elif block.shape is Shape.ROW:
        words = " ".join(cell.span.of(text) for cell in block.cells[:2])
    elif block.shape is Shape.LABEL:
        return None
    else:
        words = span.of(text)[: _ANCHOR_CHARS * 2]
        lead = _PREFIX.match(words)
        words = words[lead.end() if lead else 0 :]
    found = _codes_in(words, known, anywhere=block.shape in {Shape.HEADING, Shape.ROW})
    return _Anchor(i, frozenset(found)) if found else None


def _codes_in(words: str, known: Sequence[str], *, anywhere: bool) -> list[str]:
    """Codes that `words` hold (or start with), the most exact only: "E407/01" hides "E407"."""
    hits = []
    for code in known:
        pattern = code_pattern(code)
        if pattern.search(words) if anywhere else pattern.match(words):
            hits.append(code)
    return [c for c in hits if not any(o != c and same_code(c, o) for o in hits)]


def _segment(blocks: Sequence[Block], anchor: _Anchor, anchors: Sequence[_Anchor]) -> list[Block]:
    """From the anchor to the next one; a heading's reach also ends at the next heading as high as itself."""
    first = blocks[anchor.block]
    if first.shape is Shape.ROW:
        return [first]
    others = [a.block for a in anchors if a.block > anchor.block and a.codes != anchor.codes]
    end = min(others, default=len(blocks))
    if first.shape is Shape.HEADING:
        higher = (
            i
            for i in range(anchor.block + 1, end)
            if blocks[i].shape is Shape.HEADING and blocks[i].level <= first.level
        )
        end = min(end, next(higher, end))
    if first.shape is Shape.ITEM:
        end = min(end, _end_of_item(blocks, anchor.block, end))
    return list(blocks[anchor.block : end])


def _end_of_item(blocks: Sequence[Block], start: int, end: int) -> int:
    """An item that names a code reaches as far as what is indented under it."""
    for i in range(start + 1, end):
        if blocks[i].shape is not Shape.ITEM or blocks[i].level <= blocks[start].level:
            if blocks[i].shape is Shape.LABEL:
                return end  # "E029 / Cause: … / Remedy: …" as bullets of one level
            return i
    return end
