"""What a chunk can be filtered by, how it is spelled, and filters as SQL."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rimedio.domain.knowledge import Chunk, ReviewStatus
from rimedio.knowledge.index.port import Filters

MODEL = "model"
CODE = "code"  # a code that the chunk defines
BASE = "base"  # the same without its sub-code: "E407" of "E407/01"
PART = "part"
CATEGORY = "category"
TAG = "tag"


def spelled(value: str) -> str:
    """One spelling for "XC-200", "xc200" and "XC 200"; the slash of sub-codes stays."""
    return re.sub(r"[^\w/]|_", "", value).upper()


def facets(chunk: Chunk) -> Iterator[tuple[str, str]]:
    """(kind, value) pairs of a chunk."""
    for model in chunk.product_models:
        yield MODEL, spelled(model)
    for code in chunk.error_codes:
        yield CODE, spelled(code)
        if "/" in code:
            yield BASE, spelled(code.split("/")[0])
    for part in chunk.part_numbers:
        yield PART, spelled(part)
    for category in chunk.categories:
        yield CATEGORY, category
    for tag in chunk.tags:
        yield TAG, tag


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL over `knowledge_chunks AS c` and its parameters; empty SQL lets everything through."""

    sql: str = ""
    parameters: tuple[str, ...] = ()


def condition(filters: Filters) -> Condition:
    """The filters as one SQL condition, beginning with AND."""
    parts: list[Condition] = []
    if filters.approved_only:
        parts.append(Condition("c.approved = 1"))
    for column, values in (
        ("doc_type", [str(t) for t in filters.doc_types]),
        ("language", filters.languages),
        ("document_id", filters.document_ids),
    ):
        if values:
            parts.append(Condition(f"c.{column} IN ({_marks(values)})", tuple(values)))
    if filters.product_models:
        own = _has(MODEL, [spelled(m) for m in filters.product_models])
        none = "NOT EXISTS (SELECT 1 FROM knowledge_facets f WHERE f.chunk = c.id AND f.kind = 'model')"
        parts.append(Condition(f"({own.sql} OR {none})", own.parameters))
    if filters.error_codes:
        codes = [spelled(code) for code in filters.error_codes]
        exact, base = _has(CODE, codes), _has(BASE, codes)
        parts.append(Condition(f"({exact.sql} OR {base.sql})", exact.parameters + base.parameters))
    parts += [_has(kind, v) for kind, v in ((CATEGORY, filters.categories), (TAG, filters.tags)) if v]
    return Condition("".join(f" AND {p.sql}" for p in parts), tuple(x for p in parts for x in p.parameters))


def _has(kind: str, values: Sequence[str]) -> Condition:
    sql = (
        "EXISTS (SELECT 1 FROM knowledge_facets f WHERE f.chunk = c.id "  # noqa: S608 - marks only
        f"AND f.kind = '{kind}' AND f.value IN ({_marks(values)}))"
    )
    return Condition(sql, tuple(values))


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))


def is_approved(chunk: Chunk) -> bool:
    """Whether a person has approved the text for answers."""
    return chunk.review_status is ReviewStatus.APPROVED
