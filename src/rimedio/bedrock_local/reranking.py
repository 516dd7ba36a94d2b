"""Reranking by meaning and words: the cosine of e5 between query and document, and the words they share.

Both are brought to 0..1 and count half. e5's cosines of unrelated texts stand about .75, of near ones about .9.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rimedio.answering.terms import asked_words, content_terms, coverage
from rimedio.bedrock_local.errors import NotReady
from rimedio.bedrock_local.models import LaptopModels
from rimedio.knowledge.language import detect_language

_COSINE_LOW, _COSINE_HIGH = 0.72, 0.94
_EMBEDDED_MAX = 100  # the documents that share most words; the rest is ordered by words alone


@dataclass(frozen=True, slots=True)
class Ranked:
    """A document's place in the request, from 0, and its score, 0..1."""

    index: int
    score: float


def ranked(
    models: LaptopModels, query: str, documents: Sequence[str], most: int | None = None
) -> list[Ranked]:
    """The documents by how well they answer, best first. Raises NotReady."""
    if models.embedder is None:
        raise NotReady("The laptop's embedding model is not built. Run `make model`.")
    words = [_shared(query, text) for text in documents]
    chosen = sorted(range(len(documents)), key=lambda n: (-words[n], n))[:_EMBEDDED_MAX]
    near = dict.fromkeys(range(len(documents)), 0.0)
    if chosen:
        vectors = models.embedder.embed_passages([documents[n] for n in chosen])
        cosines = vectors @ models.embedder.embed_query(query)
        scaled = np.clip((cosines - _COSINE_LOW) / (_COSINE_HIGH - _COSINE_LOW), 0.0, 1.0)
        near |= {n: float(value) for n, value in zip(chosen, scaled, strict=True)}
    found = [Ranked(n, round((words[n] + near[n]) / 2, 6)) for n in range(len(documents))]
    return sorted(found, key=lambda r: (-r.score, r.index))[:most]


def _shared(query: str, text: str) -> float:
    language = detect_language(text)
    return coverage(asked_words(query, detect_language(query), language), content_terms(text, language))
