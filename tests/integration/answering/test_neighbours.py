"""Neighbours of a passage come out of the real index, by their place in the document."""

from datetime import UTC, datetime

import pytest

from rimedio.answering.context import assemble_context
from rimedio.answering.extractive import ExtractiveWriter
from rimedio.answering.hops import follow_references
from rimedio.answering.question import Question
from rimedio.domain.knowledge import Chunk, DocType, Document, Passage, Signals
from rimedio.knowledge.index.sqlite import SqliteIndex
from rimedio.storage.database import Database

TEXTS = [
    ("E050\nCause: dirt.\n\nRemedy: see section 7.2.", ("5 Errors", "E050"), ("E050",)),
    ("7.2 Cleaning\n1. Open.", ("7 Work", "7.2 Cleaning"), ()),
    ("2. Clean.\n3. Close.", ("7 Work", "7.2 Cleaning"), ()),
    ("7.3 Painting\n1. Paint.", ("7 Work", "7.3 Painting"), ()),
]


@pytest.fixture
def index() -> SqliteIndex:
    made = SqliteIndex(Database(None))
    at = datetime(2026, 1, 1, tzinfo=UTC)
    document = Document("d", "t", "file:///m.md", "Manual", DocType.MANUAL, "h", "en", at)
    chunks = [
        Chunk(
            f"k{n}",
            "d",
            "t",
            n,
            text,
            "file:///m.md",
            "Manual",
            DocType.MANUAL,
            "en",
            section=section,
            error_codes=codes,
            updated_at=at,
        )
        for n, (text, section, codes) in enumerate(TEXTS)
    ]
    made.replace_document(document, chunks)
    return made


def test_a_stretch_of_a_document_is_read_by_ordinals(index):
    assert [c.ordinal for c in index.section("t", "d", first=1, last=2)] == [1, 2]
    assert [c.ordinal for c in index.section("t", "d")] == [0, 1, 2, 3]
    assert list(index.section("other", "d", first=0, last=9)) == []


def test_a_remedy_that_points_to_a_section_brings_it_whole(index):
    fault = Passage(index.section("t", "d")[0], 1, 1.0, Signals(code_match=True))
    passages = follow_references([fault], index, "t")

    context = assemble_context(passages, 500, len, lambda p: index.section("t", "d", first=0, last=9))
    draft = ExtractiveWriter().write(Question("E050", "en", ("E050",)), context)

    said = [s.text for s in draft.sentences]
    assert said == ["dirt.", "see section 7.2.", "1. Open.", "2. Clean.", "3. Close."]
    assert "1. Paint." not in said
