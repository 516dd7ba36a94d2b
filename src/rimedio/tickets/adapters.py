"""The rooms behind the tasks' ports."""

from collections.abc import Sequence
from dataclasses import dataclass

from rimedio.domain.knowledge import Passage, Signals
from rimedio.knowledge.index.port import Filters, KnowledgeIndex

CODE_PASSAGES_MAX = 6


@dataclass(frozen=True, slots=True)
class IndexCodeLookup:
    """A `CodeLookup` on the knowledge index."""

    index: KnowledgeIndex

    def __call__(
        self, tenant_id: str, codes: Sequence[str], product_models: Sequence[str]
    ) -> tuple[Passage, ...]:
        """Chunks that define one of the codes, for these models or for any."""
        filters = Filters(product_models=tuple(product_models))
        hits = self.index.search_codes(tenant_id, codes, filters, CODE_PASSAGES_MAX)
        found = self.index.chunks(tenant_id, [hit.chunk_id for hit in hits])
        return tuple(
            Passage(found[hit.chunk_id], rank, hit.score, Signals(code_match=True))
            for rank, hit in enumerate(hits, 1)
            if hit.chunk_id in found
        )
