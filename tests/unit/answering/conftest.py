"""Small manuals of our own, as chunks."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from rimedio.answering.context import Context, assemble_context
from rimedio.domain.knowledge import Chunk, DocType, Passage, Signals

MakeChunk = Callable[..., Chunk]
MakeContext = Callable[..., Context]


@pytest.fixture
def chunk() -> MakeChunk:
    counter = iter(range(10_000))

    def make(text: str, **changes: object) -> Chunk:
        number = next(counter)
        values: dict[str, object] = {
            "chunk_id": f"k{number}",
            "document_id": "manual",
            "tenant_id": "t",
            "ordinal": number * 10,
            "text": text,
            "source_uri": "file:///manual.md",
            "source_title": "Manual",
            "doc_type": DocType.MANUAL,
            "language": "en",
            "updated_at": datetime(2025, 1, 1, tzinfo=UTC),
        }
        return Chunk(**(values | changes))  # type: ignore[arg-type]

    return make


@pytest.fixture
def context() -> MakeContext:
    def make(*chunks: Chunk, budget: int = 3000, **options: object) -> Context:
        passages = [
            Passage(c, rank, 1.0 / rank, Signals(code_match=bool(c.error_codes)))
            for rank, c in enumerate(chunks, 1)
        ]
        return assemble_context(passages, budget, lambda text: len(text.split()), **options)  # type: ignore[arg-type]

    return make
