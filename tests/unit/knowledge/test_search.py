from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from rimedio.domain.errors import InvalidInput, Throttled
from rimedio.domain.knowledge import Chunk, DocType, Document
from rimedio.domain.taxonomy import Taxonomy
from rimedio.knowledge.embedding.fake import FakeEmbedder
from rimedio.knowledge.embedding.port import Vectors
from rimedio.knowledge.hybrid import Fusion, HybridOptions
from rimedio.knowledge.index.port import Filters
from rimedio.knowledge.index.sqlite import SqliteIndex
from rimedio.knowledge.rerank import CrossEncoder
from rimedio.knowledge.search import Search, SearchOptions, SearchQuery, SearchResult
from rimedio.storage.database import Database

TEXTS = {
    "e029": ("Check the fan and clean the filter.", {"section": ("Error E029",), "error_codes": ("E029",)}),
    "e030": ("Tighten the terminal to 2.5 Nm.", {"section": ("Error E030",), "error_codes": ("E030",)}),
    "e407-1": ("Sensor below its limit.", {"section": ("E407",), "error_codes": ("E407/01",)}),
    "e407-2": ("Sensor above its limit.", {"section": ("E407",), "error_codes": ("E407/02",)}),
    "part": ("Order the fan kit.", {"part_numbers": ("XC2-FAN-0420",)}),
    "noise": ("A fan that makes noise, see E029, has worn bearings.", {"mentioned_codes": ("E029",)}),
    "paint": ("Paint the door green.", {}),
}


class LastFirst(CrossEncoder):
    """A cross-encoder that likes what came last, and remembers what it read."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def score(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        self.read = list(texts)
        return [float(place) for place in range(len(texts))]


@pytest.fixture
def index() -> SqliteIndex:
    index = SqliteIndex(Database(None))
    document = Document(
        "manual",
        "acme",
        "file:///m.md",
        "Manual",
        DocType.MANUAL,
        "0",
        "en",
        datetime(2026, 1, 1, tzinfo=UTC),
    )
    chunks = [
        Chunk(name, "manual", "acme", i, text, "file:///m.md", "Manual", DocType.MANUAL, "en", **fields)  # type: ignore[arg-type]
        for i, (name, (text, fields)) in enumerate(TEXTS.items())
    ]
    index.replace_document(document, chunks)
    return index


def embedded(index: SqliteIndex) -> FakeEmbedder:
    embedder = FakeEmbedder()
    waiting = index.unembedded(embedder.model_id, 100)
    vectors = embedder.embed_passages([text for _, text in waiting])
    index.store_vectors(embedder.model_id, {k: v for (k, _), v in zip(waiting, vectors, strict=True)})
    return embedder


def ask(index: SqliteIndex, text: str, *, vectors: bool = True, **fields: object) -> SearchResult:
    search = Search(index, embedded(index) if vectors else None, Taxonomy.default())
    return search.search(SearchQuery("acme", text, **fields))  # type: ignore[arg-type]


def ids(result: SearchResult) -> list[str]:
    return [passage.chunk.chunk_id for passage in result.passages]


@pytest.mark.parametrize("vectors", [True, False])
def test_the_chunk_that_defines_a_code_comes_before_all_that_name_it(
    index: SqliteIndex, vectors: bool
) -> None:
    result = ask(index, "E029: fan noise, worn bearings", vectors=vectors)
    assert ids(result)[0] == "e029"
    assert result.known_codes == ("E029",)
    assert result.passages[0].signals.code_match
    assert not result.passages[1].signals.code_match


def test_a_code_given_beside_the_text_counts_like_one_in_it(index: SqliteIndex) -> None:
    result = ask(index, "the fan is loud", codes=("e-029",))
    assert ids(result)[0] == "e029"
    assert result.known_codes == ("E029",)


def test_an_unknown_code_is_reported_and_not_guessed(index: SqliteIndex) -> None:
    result = ask(index, "error E999 on the display")
    assert result.unknown_codes == ("E999",)
    assert result.known_codes == ()
    assert not any(p.signals.code_match for p in result.passages)


def test_a_code_with_a_blank_in_it_is_found_like_any_other(index: SqliteIndex) -> None:
    result = ask(index, "The display says E 029")
    assert (ids(result)[0], result.known_codes, result.unknown_codes) == ("e029", ("E029",), ())


@pytest.mark.parametrize("text", ["error number 30", "errore 30 sul quadro", "fault 030"])
def test_a_number_after_the_word_error_is_the_one_code_of_that_number(index: SqliteIndex, text: str) -> None:
    result = ask(index, text)
    assert (ids(result)[0], result.known_codes, result.unknown_codes) == ("e030", ("E030",), ())


@pytest.mark.parametrize(
    "text", ["error number 31", "Err 30 on the screen", "the board shows 777", "error 407"]
)
def test_a_number_that_is_no_code_is_never_taken_for_another(index: SqliteIndex, text: str) -> None:
    result = ask(index, text)
    assert result.known_codes == ()
    assert len(result.unknown_codes) == 1


def test_a_number_stays_what_it_is_where_manuals_number_errors_without_letters(index: SqliteIndex) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    document = Document("m2", "acme", "file:///n.md", "N", DocType.MANUAL, "0", "en", at)
    index.replace_document(
        document,
        [
            Chunk(
                "n42",
                "m2",
                "acme",
                0,
                "Reset.",
                "file:///n.md",
                "N",
                DocType.MANUAL,
                "en",
                error_codes=("042",),
            )
        ],
    )
    assert ask(index, "error 30").unknown_codes == ("30",)
    assert ask(index, "error 42").known_codes == ("042",)


def test_of_two_codes_of_one_number_none_is_guessed(index: SqliteIndex) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    document = Document("m2", "acme", "file:///n.md", "N", DocType.MANUAL, "0", "en", at)
    chunks = [
        Chunk(
            "f30", "m2", "acme", 0, "Reset.", "file:///n.md", "N", DocType.MANUAL, "en",
            product_models=("K-9",), error_codes=("F030",),
        ),
    ]  # fmt: skip
    index.replace_document(document, chunks)
    assert ask(index, "error 30").unknown_codes == ("30",)
    assert ask(index, "error 30", filters=Filters(product_models=("Z-1",))).known_codes == ("E030",)


def test_a_number_on_a_display_beside_a_known_code_is_a_value(index: SqliteIndex) -> None:
    result = ask(index, "E029, and the display shows 412 now")
    assert (result.known_codes, result.unknown_codes) == (("E029",), ())


def test_a_code_without_its_sub_code_brings_all_of_them(index: SqliteIndex) -> None:
    result = ask(index, "error E407")
    assert set(ids(result)[:2]) == {"e407-1", "e407-2"}


def test_the_rest_of_the_question_chooses_among_sub_codes(index: SqliteIndex) -> None:
    assert ids(ask(index, "E407, sensor above the limit"))[0] == "e407-2"
    assert ids(ask(index, "E407, sensor below the limit"))[0] == "e407-1"


@pytest.mark.parametrize(("text", "first"), [("errore E029", "it"), ("error E029", "e029")])
def test_of_two_manuals_that_define_a_code_the_askers_language_comes_first(
    index: SqliteIndex, text: str, first: str
) -> None:
    document = Document(
        "it", "acme", "i.md", "M", DocType.MANUAL, "0", "it", datetime(2026, 1, 1, tzinfo=UTC)
    )
    chunk = Chunk(
        "it", "it", "acme", 0, "Pulire il filtro.", "i.md", "M", DocType.MANUAL, "it", error_codes=("E029",)
    )
    index.replace_document(document, [chunk])
    assert ids(ask(index, text))[0] == first


def test_a_part_number_is_found_exactly(index: SqliteIndex) -> None:
    assert ids(ask(index, "Where do I find XC2-FAN-0420?"))[0] == "part"


def test_words_find_without_any_embedder(index: SqliteIndex) -> None:
    result = ask(index, "worn bearings", vectors=False)
    assert ids(result)[0] == "noise"
    assert result.passages[0].signals.cosine is None


def test_an_italian_question_finds_the_english_manual(index: SqliteIndex) -> None:
    result = ask(index, "Come si pulisce il filtro della ventola?", vectors=False)
    assert result.language == "it"
    assert ids(result)[0] == "e029"


def test_signals_say_why_a_passage_was_found(index: SqliteIndex) -> None:
    first = ask(index, "worn bearings zebra").passages[0]
    assert first.signals.bm25_rank == 1
    assert first.signals.cosine is not None
    assert first.signals.term_coverage == pytest.approx(2 / 3)
    assert first.signals.known_terms == pytest.approx(2 / 3)


def test_ranks_go_from_one_without_gaps(index: SqliteIndex) -> None:
    result = ask(index, "fan sensor terminal door", limit=5)
    assert [p.rank for p in result.passages] == [1, 2, 3, 4, 5]


def test_filters_hold_for_every_way_of_searching(index: SqliteIndex) -> None:
    result = ask(index, "E029 fan", filters=Filters(document_ids=("another",)))
    assert result.passages == ()
    assert result.known_codes == ("E029",)  # the knowledge has it, only not there


def test_another_tenant_finds_nothing(index: SqliteIndex) -> None:
    search = Search(index, embedded(index), Taxonomy.default())
    result = search.search(SearchQuery("globex", "E029 fan"))
    assert result.passages == ()
    assert result.unknown_codes == ("E029",)


def test_a_question_that_asks_nothing_is_refused(index: SqliteIndex) -> None:
    with pytest.raises(InvalidInput, match="empty"):
        ask(index, "   ")


@pytest.mark.parametrize("text", ['"" OR *', "(((", "a" * 50_000, "\x00\x01", "NEAR/3 ^", "è ü 漢字 🙂"])
def test_odd_questions_are_answered_like_any_other(index: SqliteIndex, text: str) -> None:
    assert ask(index, text).language in {"it", "en"}


def test_fusion_by_ranks_is_an_option(index: SqliteIndex) -> None:
    options = SearchOptions(hybrid=HybridOptions(fusion=Fusion.RANKS))
    search = Search(index, embedded(index), Taxonomy.default(), options)
    assert ids(search.search(SearchQuery("acme", "worn bearings")))[0] == "noise"


def test_a_cross_encoder_reorders_all_but_exact_codes(index: SqliteIndex) -> None:
    encoder = LastFirst()
    options = SearchOptions(cross_encoded=3, diversity=False)
    plain = Search(index, embedded(index), Taxonomy.default(), options)
    encoded = Search(index, embedded(index), Taxonomy.default(), options, encoder)
    before = ids(plain.search(SearchQuery("acme", "E029 fan noise")))
    after = ids(encoded.search(SearchQuery("acme", "E029 fan noise")))
    assert after[0] == before[0] == "e029"
    assert after[1:4] == before[1:4][::-1]
    assert after[4:] == before[4:]
    assert len(encoder.read) == 3


def test_a_near_copy_gives_way_among_the_first(index: SqliteIndex) -> None:
    document = Document(
        "copy", "acme", "file:///c.md", "Manual", DocType.MANUAL, "0", "en", datetime(2026, 1, 1, tzinfo=UTC)
    )
    text = TEXTS["noise"][0]
    index.replace_document(
        document, [Chunk("again", "copy", "acme", 0, text, "file:///c.md", "Manual", DocType.MANUAL, "en")]
    )
    found = ids(ask(index, "fan noise worn bearings", limit=3))
    assert len({"noise", "again"} & set(found)) == 1


def test_a_question_whose_vector_cannot_be_had_now_is_searched_by_words_and_codes(index: SqliteIndex) -> None:
    class Asleep(FakeEmbedder):
        def embed_query(self, text: str) -> Vectors:
            raise Throttled(f"too many questions, {text[:3]}")

    embedded(index)
    found = Search(index, Asleep(), Taxonomy.default()).search(SearchQuery("acme", "E029 fan noise"))
    by_words = ask(index, "E029 fan noise", vectors=False)

    assert ids(found)[0] == "e029"
    assert set(ids(found)) == set(ids(by_words))
