"""Hybrid search: exact codes, words and meaning each propose chunks; fusion orders them."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from rimedio.domain.errors import Unavailable
from rimedio.knowledge.embedding.port import Embedder, Vectors
from rimedio.knowledge.fusion import FusionWeights, Ranking, reciprocal_rank_fusion, score_fusion
from rimedio.knowledge.index.port import Found, Hit, KnowledgeIndex, Probe
from rimedio.knowledge.lexicon import TAGS
from rimedio.knowledge.question import Question, SearchQuery
from rimedio.knowledge.terms import QueryTerm
from rimedio.observability.logs import get_logger

log = get_logger(__name__)
CODE_HITS_MAX = 50
CODE_RANKS_FIRST = 1_000.0  # times the code's score, added to the fused one: no ranking can make up for it
OWN_LANGUAGE = 0.1  # added to the code's score: of two manuals that define it, the asker's own language first
SCORED_FACTOR = 4  # of the candidates: word hits kept for their score, as candidates by meaning need one too
PAGES_MAX = 300
COMMON_SHARE = 0.4  # a word in more of the chunks says next to nothing, and is what makes BM25 slow
COMMON_FROM_CHUNKS = 1_000
WORDS_MAX = 48  # of one question, the rarest; BM25's time grows with each


class Fusion(StrEnum):
    """How words and meaning become one order."""

    SCORES = "scores"
    RANKS = "ranks"


@dataclass(frozen=True, slots=True)
class HybridOptions:
    """How hybrid search works; the defaults are the measured ones."""

    candidates: int = 60  # chunks each way may propose
    fusion: Fusion = Fusion.SCORES
    weights: FusionWeights = field(default_factory=FusionWeights)


@dataclass(frozen=True, slots=True)
class Candidates:
    """What each way proposed, and all of them fused: `ranked` is (chunk id, score), best first."""

    ranked: Sequence[tuple[str, float]]
    words: Sequence[Hit]
    vectors: Sequence[Hit]
    codes: Sequence[Hit]
    cosines: Mapping[str, float]  # of all that the ways of meaning and words proposed and that have a vector
    words_ms: float = 0.0
    vectors_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class _Words:
    hits: Sequence[Hit]  # best first; scores are BM25
    shares: Mapping[str, float]  # BM25 relative to the best of its language, times the trust in that language
    pages: Mapping[str, float]  # the same of whole documents
    trust: float  # in the language that knows most of the question


@dataclass(frozen=True, slots=True)
class _Language:
    terms: Sequence[QueryTerm]
    trust: float


@dataclass(frozen=True, slots=True)
class _Meaning:
    hits: Sequence[Hit]
    cosines: Mapping[str, float]


def hybrid_search(
    index: KnowledgeIndex,
    embedder: Embedder | None,
    query: SearchQuery,
    question: Question,
    options: HybridOptions,
) -> Candidates:
    """Candidates of every way, fused.

    Chunks that define a code come before all others, among themselves by how well the rest of the question
    fits. A question whose vector cannot be had now is answered by words and codes. Raises StorageFailed.
    """
    codes = _by_codes(index, query, question)
    started = time.perf_counter()
    asked = _asked(question)
    vector = _vector(embedder, query.text)
    model_id = embedder.model_id if embedder is not None else ""
    embedded = time.perf_counter()
    found = index.search_hybrid(
        query.tenant_id,
        Probe(
            words=[language.terms for language in asked],
            filters=query.filters,
            words_limit=options.candidates * SCORED_FACTOR,
            pages_limit=PAGES_MAX,
            vectors_limit=options.candidates,
            model_id=model_id,
            vector=vector,
        ),
    )
    words = _by_words(asked, found, options.candidates * SCORED_FACTOR)
    between = time.perf_counter()
    near = words.hits[: options.candidates]
    meaning = _by_meaning(index, query, found, model_id=model_id, vector=vector, words=near)
    if options.fusion is Fusion.RANKS:
        fused = _by_ranks(words.hits[: options.candidates], meaning.hits, words.trust)
    else:
        fused = _by_scores(words, meaning, options)
    ended = time.perf_counter()
    return Candidates(
        codes_first(codes, fused),
        words.hits,
        meaning.hits,
        codes,
        meaning.cosines,
        words_ms=found.words_ms,
        vectors_ms=found.vectors_ms + (embedded - started + ended - between) * 1000,
    )


def _vector(embedder: Embedder | None, text: str) -> Vectors | None:
    """The question's vector; None without a model, and when a model far away is throttled or does not answer:
    words and codes find most of what is asked for, and an answer late or never finds nothing."""
    if embedder is None or not text.strip():
        return None
    try:
        return embedder.embed_query(text)
    except Unavailable as error:
        log.warning(
            "A question is searched by words and codes alone", model=embedder.model_id, reason=str(error)
        )
        return None


def codes_first(codes: Sequence[Hit], fused: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Chunks that define a code in front by the code's score, then by the fused one."""
    scores = dict(fused)
    first = {hit.chunk_id: CODE_RANKS_FIRST * hit.score + scores.get(hit.chunk_id, 0.0) for hit in codes}
    ranked = sorted(first.items(), key=lambda item: -item[1])
    return [*ranked, *((c, s) for c, s in fused if c not in first)]


def _by_codes(index: KnowledgeIndex, query: SearchQuery, question: Question) -> Sequence[Hit]:
    """Chunks that define what is asked for: exact before sub-codes, the question's language before others."""
    wanted = (*question.known_codes, *question.part_numbers)
    if not wanted:
        return ()
    hits = index.search_codes(query.tenant_id, wanted, query.filters, CODE_HITS_MAX)
    if len(hits) < 2 or query.filters.languages:
        return hits
    same = replace(query.filters, languages=(question.language,))
    own = {hit.chunk_id for hit in index.search_codes(query.tenant_id, wanted, same, CODE_HITS_MAX)}
    return [replace(hit, score=hit.score + OWN_LANGUAGE * (hit.chunk_id in own)) for hit in hits]


def _asked(question: Question) -> list[_Language]:
    """What to ask for in each language: rarity does not compare between a large and a small one."""
    asked = []
    for tag in TAGS:
        if terms := question.in_language(tag):
            trust = (len(terms) / len(question.terms)) ** 2
            asked.append(_Language(_telling(terms, question), trust))
    return asked


def _by_words(asked: Sequence[_Language], found: Found, limit: int) -> _Words:
    """BM25 of all languages in one order.

    A language counts by the square of the share of the question's words that it knows, as they are or by the
    glossary; so a question in a language that the manuals do not speak is left to its meaning.
    """
    shares: dict[str, float] = {}
    pages: dict[str, float] = {}
    hits: list[Hit] = []
    for language, own_hits, scored in zip(asked, found.words, found.pages, strict=True):
        best = max((hit.score for hit in own_hits), default=0.0) or 1.0
        shares |= {hit.chunk_id: language.trust * hit.score / best for hit in own_hits}
        hits += own_hits
        best = max(scored.values(), default=0.0) or 1.0
        for document_id, score in scored.items():
            pages[document_id] = max(pages.get(document_id, 0.0), language.trust * score / best)
    hits.sort(key=lambda hit: (-shares[hit.chunk_id], hit.chunk_id))
    return _Words(hits[:limit], shares, pages, max((language.trust for language in asked), default=0.0))


def _telling(terms: Sequence[QueryTerm], question: Question) -> Sequence[QueryTerm]:
    """The rarest terms, without those that stand almost everywhere unless there are no others."""

    def commonest(term: QueryTerm) -> int:
        return max(question.frequencies[form] for form in term.forms)

    telling = sorted(terms, key=commonest)[:WORDS_MAX]
    if question.chunks < COMMON_FROM_CHUNKS:
        return telling
    return [t for t in telling if commonest(t) < question.chunks * COMMON_SHARE] or telling


def _by_ranks(words: Sequence[Hit], vectors: Sequence[Hit], trust: float) -> list[tuple[str, float]]:
    return reciprocal_rank_fusion(
        [
            Ranking([hit.chunk_id for hit in words], trust if vectors else 1.0),
            Ranking([hit.chunk_id for hit in vectors]),
        ]
    )


def _by_meaning(
    index: KnowledgeIndex,
    query: SearchQuery,
    found: Found,
    *,
    model_id: str,
    vector: Vectors | None,
    words: Sequence[Hit],
) -> _Meaning:
    """The nearest chunks, and the cosines of those that `words` proposed as well."""
    if vector is None:
        return _Meaning((), {})
    cosines = {hit.chunk_id: hit.score for hit in found.vectors}
    others = [hit.chunk_id for hit in words if hit.chunk_id not in cosines]
    stored = index.vectors(query.tenant_id, model_id, others)
    near = {chunk_id: float(row @ vector) for chunk_id, row in stored.items()}
    return _Meaning(found.vectors, cosines | near)


def _by_scores(words: _Words, meaning: _Meaning, options: HybridOptions) -> list[tuple[str, float]]:
    hits = (*words.hits[: options.candidates], *meaning.hits)
    proposed = {hit.chunk_id: hit.document_id for hit in hits}
    return score_fusion(
        {chunk_id: words.shares.get(chunk_id, 0.0) for chunk_id in proposed},
        meaning.cosines,
        {chunk_id: words.pages.get(document_id, 0.0) for chunk_id, document_id in proposed.items()},
        options.weights,
    )
