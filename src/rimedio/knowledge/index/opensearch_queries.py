"""Questions of the port as OpenSearch's query language.

BM25 in two steps, so that both homes give the same scores: the inverted index proposes, and a script scores the
first ones again by SQLite's own formula. The reasons are in the formula's ingredients. Lucene rounds lengths to
a byte, counts deleted documents, and takes rarity and mean length over a shard, thus over all tenants in it;
SQLite's rarity of common words is smaller. Rimedio asks for a tenant's own figures and gives them along, so a
score does not depend on shards, deletions or strangers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log

from rimedio.knowledge.embedding.port import Vectors
from rimedio.knowledge.index.facets import spelled
from rimedio.knowledge.index.opensearch_client import Json
from rimedio.knowledge.index.opensearch_mapping import K1, B, OpenSearchOptions
from rimedio.knowledge.index.opensearch_state import TenantState, tenant_mark
from rimedio.knowledge.index.port import Filters

CHUNK, PAGE = "chunk", "page"
BOOST_MIN = 1e-6  # the server refuses none and below
RARITY_MIN = 1e-6  # SQLite's rarity of a word in half of the rows or more
PAGE_TITLE_WEIGHT = 3  # as `words.PAGE_WEIGHTS`: how often the title stands in `page_words`
SCORED_FACTOR = 1.5  # times the limit: how many proposals are scored again
SCORED_MIN, SCORED_MAX = 150, 10_000
SPARE_HITS = 20  # asked for beyond the limit, so that equal scores at its edge fall as they do at home
FIELDS = {CHUNK: "words", PAGE: "page_words"}
SCRIPT = (
    f"double k = {K1} * ({1 - B} + {B} * doc['length'].value / params.mean); double s = 0; "
    "for (int i = 0; i < params.terms.length; i++) { double f = termFreq(params.field, params.terms[i]); "
    f"s += params.rarity[i] * f * {K1 + 1} / (f + k); }} return s;"
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What BM25 needs of a tenant: rows, their mean length in terms, and in how many rows each term stands.

    `stored` is the number of documents in the whole index, for Lucene's own idea of rarity.
    """

    rows: int
    mean: float
    frequencies: Mapping[str, int]
    stored: int


def own(state: TenantState, kind: str, clauses: Sequence[Json] = ()) -> Json:
    """What every question of a tenant is restricted to: its own chunks or pages that are valid now."""
    return {
        "filter": [{"term": {"tenant": state.tenant_id}}, {"term": {"kind": kind}}, *clauses],
        "must_not": state.hidden,
    }


def restrictions(filters: Filters) -> list[Json]:
    """The filters as clauses of a `filter`."""
    clauses: list[Json] = []
    if filters.approved_only:
        clauses.append({"term": {"approved": True}})
    for name, values in (
        ("doc_type", [str(kind) for kind in filters.doc_types]),
        ("language", filters.languages),
        ("document_id", filters.document_ids),
        ("category", filters.categories),
        ("tag", filters.tags),
    ):
        if values:
            clauses.append({"terms": {name: list(values)}})
    if filters.product_models:
        models = {"terms": {"model": [spelled(model) for model in filters.product_models]}}
        clauses.append(_any(models, {"bool": {"must_not": [{"exists": {"field": "model"}}]}}))
    if filters.error_codes:
        codes = [spelled(code) for code in filters.error_codes]
        clauses.append(_any({"terms": {"code": codes}}, {"terms": {"base": codes}}))
    return clauses


def token(tenant_id: str, term: str) -> str:
    """A term as it stands in the index: no tenant has another one's terms."""
    return f"{tenant_mark(tenant_id)}/{term}"


def words_query(
    state: TenantState,
    kind: str,
    forms: Sequence[str],
    figures: Figures,
    limit: int,
    *,
    filters: Filters | None = None,
) -> Json:
    """BM25 over chunks or whole pages."""
    rarity = [_rarity(figures.rows, figures.frequencies[form]) for form in forms]
    tokens = [token(state.tenant_id, form) for form in forms]
    should: list[Json] = []
    for form, name, rare in zip(forms, tokens, rarity, strict=True):
        boost = rare / _lucene_rarity(figures.stored, figures.frequencies[form])
        should.append({"term": {FIELDS[kind]: {"value": name, "boost": max(BOOST_MIN, boost)}}})
    bounded = own(state, kind, restrictions(filters) if filters else ())
    window = min(SCORED_MAX, max(SCORED_MIN, round(SCORED_FACTOR * limit)))
    script = {
        "source": SCRIPT,
        "params": {"field": FIELDS[kind], "terms": tokens, "rarity": rarity, "mean": figures.mean},
    }
    scored = {"script_score": {"query": {"match_all": {}}, "script": script}}
    return {
        "size": min(window, limit + SPARE_HITS),
        "_source": False,
        "docvalue_fields": ["chunk_id", "document_id", "number"],
        "track_total_hits": False,
        "query": {"bool": {**bounded, "should": should, "minimum_should_match": 1}},
        "rescore": {
            "window_size": window,
            "query": {"rescore_query": scored, "query_weight": 0.0, "rescore_query_weight": 1.0},
        },
    }


def codes_query(state: TenantState, codes: Sequence[str], filters: Filters, limit: int) -> Json:
    """Chunks that define a code or part number: 1 for the code itself, 0.5 for a sub-code of it."""
    ways = [
        {"constant_score": {"filter": {"terms": {field: list(codes)}}, "boost": boost}}
        for field, boost in (("code", 1.0), ("part", 1.0), ("base", 0.5))
    ]
    bounded = own(state, CHUNK, restrictions(filters))
    return {
        "size": limit,
        "_source": False,
        "docvalue_fields": ["chunk_id", "document_id", "number"],
        "track_total_hits": False,
        "query": {"bool": {**bounded, "must": [{"dis_max": {"queries": ways}}]}},
        "sort": [{"_score": "desc"}, {"number": "asc"}],
    }


def vector_query(
    state: TenantState,
    field: str,
    vector: Vectors,
    filters: Filters,
    limit: int,
    *,
    options: OpenSearchOptions,
) -> Json:
    """The nearest chunks; the restriction is part of the walk through the graph, so none of the hits is lost."""
    near: Json = {
        "vector": vector,
        "k": limit,
        "filter": {"bool": own(state, CHUNK, restrictions(filters))},
        "method_parameters": {"ef_search": max(options.ef_search, limit)},
    }
    return {
        "size": limit,
        "_source": False,
        "docvalue_fields": ["chunk_id", "document_id", "number"],
        "track_total_hits": False,
        "query": {"knn": {field: near}},
    }


def figures_query(state: TenantState, kind: str, forms: Sequence[str]) -> Json:
    """Counts rows, adds up their lengths, and counts the rows that hold each form, under its place."""
    counted: Json = {}
    for number, form in enumerate(forms):
        name = token(state.tenant_id, form)
        counted[str(number)] = {"term": {FIELDS[kind]: name}}
    aggregations: Json = {
        "length": {"sum": {"field": "length"}},
        "rows": {"value_count": {"field": "length"}},
    }
    if counted:
        aggregations["forms"] = {"filters": {"filters": counted}}
    return {
        "size": 0,
        "track_total_hits": False,
        "query": {"bool": own(state, kind)},
        "aggs": aggregations,
    }


def server_hybrid_query(
    state: TenantState, text: str, language: str, *, field: str, vector: Vectors, filters: Filters, limit: int
) -> Json:
    """The server's own hybrid query, for a search pipeline of `opensearch_pipelines` to fuse.

    Words are analyzed by the server. Needs the neural-search plugin, which every domain on AWS has; Rimedio's
    own search does not use it, so that both homes rank alike.
    """
    clauses = restrictions(filters)
    name = f"text.{language}" if language in ("it", "en") else "text"
    words = {"bool": {**own(state, CHUNK, clauses), "must": [{"match": {name: {"query": text}}}]}}
    near = {"knn": {field: {"vector": vector, "k": limit, "filter": {"bool": own(state, CHUNK, clauses)}}}}
    return {
        "size": limit,
        "_source": False,
        "docvalue_fields": ["chunk_id", "document_id", "number"],
        "query": {"hybrid": {"queries": [words, near]}},
    }


def highlight_query(state: TenantState, text: str, language: str, limit: int) -> Json:
    """Passages with the words of `text` marked, for people who look for a place in a manual."""
    name = f"text.{language}" if language in ("it", "en") else "text"
    return {
        "size": limit,
        "_source": False,
        "docvalue_fields": ["chunk_id", "document_id", "number"],
        "query": {"bool": {**own(state, CHUNK), "must": [{"match": {name: {"query": text}}}]}},
        "highlight": {"fields": {name: {"number_of_fragments": 3, "fragment_size": 160}}},
    }


def _rarity(rows: int, holding: int) -> float:
    """Inverse document frequency as SQLite's FTS5 computes it (its source, `fts5_aux.c`)."""
    return max(RARITY_MIN, log((rows - holding + 0.5) / (holding + 0.5)))


def _lucene_rarity(stored: int, holding: int) -> float:
    return log(1 + max(0.0, stored - holding + 0.5) / (holding + 0.5))


def _any(*clauses: Json) -> Json:
    return {"bool": {"should": list(clauses), "minimum_should_match": 1}}
