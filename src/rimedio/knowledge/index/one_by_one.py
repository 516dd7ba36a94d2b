"""A hybrid question asked way by way, for indexes in this process."""

import time

from rimedio.knowledge.index.port import Found, Hit, KnowledgeIndex, Probe


def one_by_one(index: KnowledgeIndex, tenant_id: str, probe: Probe) -> Found:
    """What `index` finds for a probe. Raises what its searches raise."""
    started = time.perf_counter()
    words = [index.search_words(tenant_id, terms, probe.filters, probe.words_limit) for terms in probe.words]
    pages = [index.search_pages(tenant_id, terms, probe.pages_limit) for terms in probe.words]
    between = time.perf_counter()
    vectors: list[Hit] = []
    if probe.vector is not None:
        vectors += index.search_vectors(
            tenant_id, probe.model_id, probe.vector, probe.filters, probe.vectors_limit
        )
    ended = time.perf_counter()
    return Found(words, pages, vectors, (between - started) * 1000, (ended - between) * 1000)
