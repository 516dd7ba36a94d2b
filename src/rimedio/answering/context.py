"""Chooses and orders the passages that a writer may use, within a token budget."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice

from rimedio.answering.sentences import split_sentences
from rimedio.domain.knowledge import Chunk, DocType, Passage, Signals

TokenCount = Callable[[str], int]
NearbyChunks = Callable[[Passage], Sequence[Chunk]]

_SHINGLE = 4
_DUPLICATE = 0.9  # share of equal word shingles from which two passages say the same
_SAME_SUBJECT = 0.35  # … from which a newer document is taken to speak of what an older one says
_OVERLAP_CHARS_MIN = 40
_JOINED = 2  # neighbours that a passage may bring along after it, half as many before it
NEARBY_ORDINALS = 6  # so far from a passage may a neighbour stand that it brings along
_JOINED_OF_CODE = NEARBY_ORDINALS  # … when it describes a fault, whose remedy must be whole
_JOINED_RANK_MAX = 3  # only the best passages bring neighbours that search did not find
_TOKENS_MIN = 24  # a cut passage smaller than this helps nobody
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBERS = re.compile(r"\d+(?:[.,]\d+)*")
_WORDS = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class ContextEntry:
    """One numbered passage. `text` is literally in the chunk: all of it, or cut at a sentence's border."""

    index: int  # from 1; what writers cite
    passage: Passage
    text: str
    tokens: int
    truncated: bool = False
    continues: bool = False  # goes on where the entry before it stops, in the same document

    @property
    def place(self) -> str:
        """Title, section path and page, for the reader and for prompts."""
        chunk = self.passage.chunk
        path = " > ".join((chunk.source_title, *chunk.section))
        return f"{path} (p. {chunk.page})" if chunk.page is not None else path


@dataclass(frozen=True, slots=True)
class Dropped:
    """A passage that was found but left out, and why."""

    chunk_id: str
    reason: str  # "duplicate", "budget"


@dataclass(frozen=True, slots=True)
class Context:
    """What a writer may use: entries numbered from 1, best first."""

    entries: tuple[ContextEntry, ...]
    tokens: int
    budget_tokens: int
    dropped: tuple[Dropped, ...] = ()

    @property
    def passages(self) -> tuple[Passage, ...]:
        """The passage of entry 1, 2, …; index n is `passages[n - 1]`."""
        return tuple(entry.passage for entry in self.entries)

    def entry(self, index: int) -> ContextEntry | None:
        """Entry `index`, from 1; None when there is none."""
        return self.entries[index - 1] if 1 <= index <= len(self.entries) else None


def assemble_context(
    passages: Sequence[Passage],
    budget_tokens: int,
    count_tokens: TokenCount,
    nearby: NearbyChunks | None = None,
) -> Context:
    """Order, deduplicate, join and cut `passages` so that they fit `budget_tokens`.

    Near-duplicates and overlapping windows are dropped; passages that differ in a number, a code or a product
    are never taken for duplicates. Of two documents that speak of the same thing, the newer stands first.
    With `nearby` (a chunk's document in reading order) a procedure that was split is joined again.
    """
    ordered = sorted(passages, key=lambda p: p.rank)
    unique, dropped = _without_duplicates(ordered)
    runs = _join_neighbours(_newer_first(unique), nearby)
    entries: list[ContextEntry] = []
    used = 0
    for run in runs:
        for position, passage in enumerate(run):
            text = _without_overlap(passage.chunk.text, run[position - 1].chunk.text if position else "")
            entry = _fit(passage, text, budget_tokens - used, count_tokens)
            if entry is None:
                dropped.append(Dropped(passage.chunk.chunk_id, "budget"))
                continue
            joined = position > 0 and bool(entries) and entries[-1].passage is run[position - 1]
            entries.append(replace(entry, index=len(entries) + 1, continues=joined))
            used += entry.tokens
    return Context(tuple(entries), used, budget_tokens, tuple(dropped))


def _without_duplicates(passages: Sequence[Passage]) -> tuple[list[Passage], list[Dropped]]:
    kept: list[tuple[Passage, frozenset[str]]] = []
    dropped: list[Dropped] = []
    for passage in passages:
        shingles = _shingles(passage.chunk.text)
        if any(_repeats(passage, shingles, other, theirs) for other, theirs in kept):
            dropped.append(Dropped(passage.chunk.chunk_id, "duplicate"))
        else:
            kept.append((passage, shingles))
    return [passage for passage, _ in kept], dropped


def _repeats(passage: Passage, shingles: frozenset[str], other: Passage, theirs: frozenset[str]) -> bool:
    mine, yours = passage.chunk, other.chunk
    if mine.chunk_id == yours.chunk_id:
        return True
    if set(mine.error_codes) != set(yours.error_codes) or mine.product_models != yours.product_models:
        return False
    if not shingles or len(shingles & theirs) < _DUPLICATE * len(shingles):
        return False
    return set(_NUMBERS.findall(mine.text)) <= set(_NUMBERS.findall(yours.text))


def _shingles(text: str) -> frozenset[str]:
    words = _WORDS.findall(text.lower())
    if len(words) < _SHINGLE:
        return frozenset((" ".join(words),)) if words else frozenset()
    return frozenset(" ".join(words[i : i + _SHINGLE]) for i in range(len(words) - _SHINGLE + 1))


def age_key(chunk: Chunk) -> tuple[datetime, bool]:
    """Sorts by date, and a bulletin after a manual of the same date: the greater key is the newer word."""
    at = chunk.updated_at or _EPOCH
    return (at if at.tzinfo else at.replace(tzinfo=UTC), chunk.doc_type is DocType.BULLETIN)


def same_subject(one: Chunk, other: Chunk) -> bool:
    """Whether two chunks of different documents speak of the same fault or procedure of the same product."""
    if one.document_id == other.document_id:
        return False
    if (
        one.product_models
        and other.product_models
        and not set(one.product_models) & set(other.product_models)
    ):
        return False
    if one.error_codes or other.error_codes:
        return bool(set(one.error_codes) & set(other.error_codes))
    named_alike = bool(one.section) and one.section[-1:] == other.section[-1:]
    if not named_alike and DocType.BULLETIN not in {one.doc_type, other.doc_type}:
        return False
    mine, theirs = set(_WORDS.findall(one.text.lower())), set(_WORDS.findall(other.text.lower()))
    smaller = min(len(mine), len(theirs))
    return smaller > 0 and len(mine & theirs) >= _SAME_SUBJECT * smaller


def _newer_first(passages: Sequence[Passage]) -> list[Passage]:
    """Move a newer document's word on a subject directly before the older one's; all else keeps its rank."""
    out: list[Passage] = []
    for passage in passages:
        rivals = (
            i
            for i, other in enumerate(out)
            if same_subject(passage.chunk, other.chunk) and age_key(passage.chunk) > age_key(other.chunk)
        )
        at = next(rivals, None)
        out.insert(len(out) if at is None else at, passage)
    return out


def _join_neighbours(passages: Sequence[Passage], nearby: NearbyChunks | None) -> list[list[Passage]]:
    """Runs of chunks that follow each other under the same heading of the same document."""
    by_place = {(p.chunk.document_id, p.chunk.ordinal): p for p in passages}
    taken: set[str] = set()
    runs: list[list[Passage]] = []
    for passage in passages:
        if passage.chunk.chunk_id in taken:
            continue
        family = _family(passage, by_place, nearby)
        run = [p for p in family if p.chunk.chunk_id not in taken]
        taken.update(p.chunk.chunk_id for p in run)
        runs.append(run)
    return runs


def _family(
    passage: Passage, found: Mapping[tuple[str, int], Passage], nearby: NearbyChunks | None
) -> list[Passage]:
    chunk = passage.chunk
    fetch = nearby is not None and chunk.section and passage.rank <= _JOINED_RANK_MAX
    document = {c.ordinal: c for c in nearby(passage)} if nearby and fetch else {}

    def at(ordinal: int) -> Passage | None:
        known = found.get((chunk.document_id, ordinal))
        if known is None and ordinal in document:
            known = Passage(document[ordinal], passage.rank, passage.score, Signals())
        same = known is not None and belongs_together(chunk, known.chunk)
        return known if same else None

    reach = _JOINED_OF_CODE if chunk.error_codes else _JOINED
    back = list(islice(_walk(at, chunk.ordinal, -1), reach // 2))
    return [*reversed(back), passage, *islice(_walk(at, chunk.ordinal, 1), reach)]


def _walk(at: Callable[[int], Passage | None], start: int, step: int) -> Iterable[Passage]:
    ordinal = start + step
    while (passage := at(ordinal)) is not None:
        yield passage
        ordinal += step


def belongs_together(one: Chunk, other: Chunk) -> bool:
    """Whether two chunks are pieces of one section: same path, or a code's section and the parts below it."""
    if not one.section or one.document_id != other.document_id:
        return False
    a, b = set(one.error_codes), set(other.error_codes)
    if a and b and a != b:
        return False
    if one.section == other.section:
        return True
    shorter, longer = sorted((one, other), key=lambda c: len(c.section))
    below = longer.section[: len(shorter.section)] == shorter.section
    return below and bool(shorter.error_codes) and len(longer.section) == len(shorter.section) + 1


def _without_overlap(text: str, before: str) -> str:
    """`text` without the words that a sliding window repeats from the end of `before`."""
    opening = text[:_OVERLAP_CHARS_MIN]
    at = before.find(opening) if len(opening) == _OVERLAP_CHARS_MIN else -1
    while at >= 0:
        if text.startswith(before[at:]):
            return text[len(before) - at :].lstrip()
        at = before.find(opening, at + 1)
    return text


def _fit(passage: Passage, text: str, room: int, count_tokens: TokenCount) -> ContextEntry | None:
    tokens = (
        passage.chunk.tokens if text is passage.chunk.text and passage.chunk.tokens else count_tokens(text)
    )
    if tokens <= room:
        return ContextEntry(0, passage, text, tokens) if text.strip() else None
    if room < _TOKENS_MIN:
        return None
    end = used = 0
    for span in split_sentences(text):
        cost = count_tokens(text[end : span.end])
        if used + cost > room:
            break
        end, used = span.end, used + cost
    return ContextEntry(0, passage, text[:end], used, truncated=True) if end else None
