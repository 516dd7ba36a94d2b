"""Passages for people: the question's words are marked where they stand, in any of their forms."""

import pytest

from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import InvalidInput
from rimedio.domain.knowledge import DocType
from rimedio.domain.taxonomy import Taxonomy
from rimedio.knowledge.index.sqlite import SqliteIndex
from rimedio.knowledge.ingest import Ingestor
from rimedio.knowledge.search import Search
from rimedio.storage.database import Database
from rimedio.storage.documents import DocumentStore
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.tickets.find_passages import FindPassages

MANUAL = (
    b"# XC-200\n\n## E029 Overheat\n\nThe filters are clogged. Remedy: replace the filter when E029 shows.\n"
)


@pytest.fixture
def find() -> FindPassages:
    database, clock, taxonomy = Database(None), FakeClock(), Taxonomy.default()
    index, documents = SqliteIndex(database), DocumentStore(SqliteTable(database, clock))
    ingestor = Ingestor(index, documents, taxonomy=taxonomy, clock=clock, transaction=database.transaction)
    ingestor.ingest_bytes(MANUAL, "xc.md", "acme", source_uri="/manuals/xc.md")
    return FindPassages(lambda: Search(index, None, taxonomy), taxonomy)


def test_words_and_codes_of_the_question_are_marked_in_every_form(find: FindPassages) -> None:
    (found,) = find("acme", "E029 filter clogging").items
    marked = [found.chunk.text[start:end] for start, end in found.highlights]
    assert marked == ["E029", "filters", "clogged", "filter", "E029"]


def test_an_italian_question_marks_english_words(find: FindPassages) -> None:
    (found,) = find("acme", "E029 il filtro va sostituito?").items
    assert "filter" in [found.chunk.text[start:end] for start, end in found.highlights]


def test_what_the_filters_exclude_is_not_found(find: FindPassages) -> None:
    assert find("acme", "filter", doc_type=DocType.BULLETIN).items == ()
    assert find("acme", "filter", language="it").items == ()
    assert find("globex", "filter").items == ()


def test_an_empty_question_is_refused(find: FindPassages) -> None:
    with pytest.raises(InvalidInput, match="empty"):
        find("acme", "  ")
