"""Follows, once and bounded, what the best passages point to: other codes, other sections."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from rimedio.answering.references import References, is_named, is_section, references_in
from rimedio.domain.knowledge import Chunk, Passage, Signals
from rimedio.knowledge.index.port import Filters, Hit

_PARENTS_MAX = 3  # only what the first passages point to
_HOPS_MAX = 6
_CHUNKS_PER_SECTION = 3
_SCORE_SHARE = 0.5


class ReferencedChunks(Protocol):
    """The part of the knowledge index that following references needs."""

    def chunks(self, tenant_id: str, chunk_ids: Sequence[str]) -> Mapping[str, Chunk]:
        """The chunks that exist among those asked for."""
        ...

    def section(
        self, tenant_id: str, document_id: str, *, first: int = 0, last: int | None = None
    ) -> Sequence[Chunk]:
        """Chunks of one document in reading order, those with ordinals `first` to `last`."""
        ...

    def search_codes(
        self, tenant_id: str, codes: Sequence[str], filters: Filters, limit: int
    ) -> Sequence[Hit]:
        """Chunks that define one of these codes."""
        ...


def follow_references(
    passages: Sequence[Passage],
    index: ReferencedChunks,
    tenant_id: str,
    filters: Filters | None = None,
) -> tuple[Passage, ...]:
    """`passages` with the passages appended that the first ones refer to; no reference of those is followed.

    A passage that answers by code is the only one whose references count when there is one.
    """
    exact = [p for p in passages if p.signals.code_match]
    parents = (exact or list(passages))[:_PARENTS_MAX]
    known = {p.chunk.chunk_id for p in passages}
    added: list[Passage] = []
    for parent in parents:
        for chunk in _targets(parent, index, tenant_id, filters or Filters()):
            if chunk.chunk_id in known or len(added) >= _HOPS_MAX:
                continue
            known.add(chunk.chunk_id)
            rank = len(passages) + len(added) + 1
            added.append(Passage(chunk, rank, parent.score * _SCORE_SHARE, Signals()))
    return (*passages, *added)


def _targets(parent: Passage, index: ReferencedChunks, tenant_id: str, filters: Filters) -> Iterator[Chunk]:
    found = references_in(parent.chunk.text, own=parent.chunk.error_codes)
    if not found:
        return
    if found.codes:
        hits = index.search_codes(tenant_id, found.codes, filters, _HOPS_MAX)
        chunks = index.chunks(tenant_id, [hit.chunk_id for hit in hits])
        same = [c for c in chunks.values() if c.language == parent.chunk.language]
        yield from (same or list(chunks.values()))
    if found.sections or found.names:
        yield from _sections(parent.chunk, index.section(tenant_id, parent.chunk.document_id), found)


def _sections(parent: Chunk, document: Sequence[Chunk], found: References) -> Iterator[Chunk]:
    for number in found.sections:
        yield from [c for c in document if is_section(c, number) and c is not parent][:_CHUNKS_PER_SECTION]
    for name in found.names:
        yield from [c for c in document if is_named(c, name) and c is not parent][:_CHUNKS_PER_SECTION]
