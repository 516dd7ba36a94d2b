"""References are followed once, and not for ever."""

from collections.abc import Mapping, Sequence

from rimedio.answering.hops import follow_references
from rimedio.domain.knowledge import Chunk, Passage, Signals
from rimedio.knowledge.index.port import Filters, Hit


class ChunkShelf:
    """An index of a few chunks in memory."""

    def __init__(self, *chunks: Chunk) -> None:
        self._chunks = {c.chunk_id: c for c in chunks}

    def chunks(self, tenant_id: str, chunk_ids: Sequence[str]) -> Mapping[str, Chunk]:
        return {i: self._chunks[i] for i in chunk_ids if self._chunks[i].tenant_id == tenant_id}

    def section(
        self, tenant_id: str, document_id: str, *, first: int = 0, last: int | None = None
    ) -> Sequence[Chunk]:
        return [c for c in self._chunks.values() if c.document_id == document_id and c.tenant_id == tenant_id]

    def search_codes(
        self, tenant_id: str, codes: Sequence[str], filters: Filters, limit: int
    ) -> Sequence[Hit]:
        return [Hit(i, 1.0) for i, c in self._chunks.items() if set(codes) & set(c.error_codes)][:limit]


def found(chunk: Chunk, rank: int = 1, *, exact: bool = False) -> Passage:
    return Passage(chunk, rank, 1.0, Signals(code_match=exact))


def followed(passages: Sequence[Passage], *chunks: Chunk) -> list[str]:
    shelf = ChunkShelf(*chunks, *(p.chunk for p in passages))
    return [p.chunk.text for p in follow_references(passages, shelf, "t")]


def test_a_code_that_a_passage_points_to_is_fetched(chunk):
    target = chunk("E017: fan stopped.", error_codes=("E017",))

    assert followed([found(chunk("If it is silent see E017."))], target) == [
        "If it is silent see E017.",
        "E017: fan stopped.",
    ]


def test_a_section_of_the_same_document_is_fetched(chunk):
    target = chunk("1. Open.", section=("7.2 Filter",))
    foreign = chunk("1. Other.", section=("7.2 Filter",), document_id="another")

    assert followed([found(chunk("Follow section 7.2."))], target, foreign)[1:] == ["1. Open."]


def test_references_of_what_was_fetched_are_not_followed(chunk):
    second = chunk("see E018", error_codes=("E017",))
    third = chunk("end", error_codes=("E018",))

    assert "end" not in followed([found(chunk("see E017"))], second, third)


def test_passages_that_point_to_each_other_end(chunk):
    one = chunk("see E002", error_codes=("E001",))
    two = chunk("see E001", error_codes=("E002",))

    assert followed([found(one), found(two, 2)]) == ["see E002", "see E001"]


def test_only_the_exact_passage_is_followed_when_there_is_one(chunk):
    target = chunk("fan", error_codes=("E017",))
    exact = found(chunk("E001: door", error_codes=("E001",)), 1, exact=True)

    assert "fan" not in followed([exact, found(chunk("see E017"), 2)], target)


def test_a_flood_of_references_is_bounded(chunk):
    targets = [chunk(f"target {n}", error_codes=(f"E{n:03d}",)) for n in range(100, 130)]
    text = " ".join(f"see E{n:03d}." for n in range(100, 130))

    assert len(followed([found(chunk(text))], *targets)) <= 7
