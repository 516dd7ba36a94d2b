"""Fixed-size and sliding-window chunking."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from rimedio.domain.errors import InvalidSetting
from rimedio.domain.knowledge import Chunk, DocType, Document
from rimedio.knowledge.chunking import FixedSize, SlidingWindow, Strategy, chunk_document
from rimedio.knowledge.extract import extract

TEXT = "# Guida\n\n" + "\n\n".join(f"## Parte {n}\n\n" + f"Frase {n} con parole. " * 12 for n in range(10))


def cut(strategy: Strategy) -> tuple[Chunk, ...]:
    found = extract(TEXT.encode(), "m.md")
    document = Document(
        "d", "t", "m.md", "Guida", DocType.MANUAL, "0", "it", datetime(2026, 1, 1, tzinfo=UTC)
    )
    return chunk_document(found, document, strategy=strategy, count_tokens=lambda text: len(text.split()))


def test_fixed_chunks_follow_each_other_without_overlap() -> None:
    chunks = cut(FixedSize(60))
    assert all(chunk.tokens <= 62 for chunk in chunks)
    assert " ".join(" ".join(c.text for c in chunks).split()) == " ".join(TEXT.replace("#", " ").split())


def test_windows_overlap_by_about_what_was_asked() -> None:
    chunks = cut(SlidingWindow(60, 20))
    for before, after in pairwise(chunks):
        shared = after.text.split("\n")[0]
        assert shared in before.text
    assert len(chunks) > len(cut(FixedSize(60)))


def test_a_window_knows_the_section_it_starts_in() -> None:
    assert cut(FixedSize(40))[3].section[0].startswith("Parte")


def test_an_overlap_as_large_as_the_window_is_refused() -> None:
    with pytest.raises(InvalidSetting, match="overlap"):
        SlidingWindow(50, 50)
