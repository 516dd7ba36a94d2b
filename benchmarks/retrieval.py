"""Retrieval: is the right document or section found, by words alone and as the product searches."""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from benchmarks._corpora import TENANT, KnowledgeBase, load
from benchmarks._questions import Asked, read_csv, read_jsonl, table_codes, unknown_codes
from benchmarks._report import Options, Report, parse_args, split_file
from benchmarks._vectors import CachedEmbedder, onnx_embedder
from benchmarks.answers import Writing, is_whole
from rimedio.domain.errors import ModelUnavailable
from rimedio.domain.knowledge import Chunk
from rimedio.knowledge.index.port import Filters
from rimedio.knowledge.language import detect_language
from rimedio.knowledge.lexicon import asked_terms
from rimedio.knowledge.search import SearchQuery
from rimedio.knowledge.terms import QueryTerm

NAME = "retrieval"
PASSAGES = 60  # enough chunks for ten different documents
NOT_FOUND = 10_000
Ranker = Callable[[Asked], Sequence[Chunk]]


def measure(options: Options) -> Report:
    """All figures whose data is there."""
    report = Report(NAME, options)
    try:
        embedder = onnx_embedder()
    except ModelUnavailable as error:
        report.missing("everything", str(error))
        return report
    with tempfile.TemporaryDirectory() as folder:
        for part in (_csv_sets, _manual_codes, _aws_docs):
            part(report, options.data, embedder, Path(folder))
    return report


def ranks(questions: Iterable[Asked], ranker: Ranker) -> list[int]:
    """Place of the first right document or section, from 1, counting each once."""
    return [rank(asked, ranker(asked)) for asked in questions]


def rank(asked: Asked, chunks: Sequence[Chunk]) -> int:
    """Place of the first right result among `chunks`; NOT_FOUND when there is none."""
    seen: set[tuple[str, ...]] = set()
    for chunk in chunks:
        seen.add(asked.unit(chunk))
        if asked.answered_by(chunk):
            return len(seen)
    return NOT_FOUND


def recall(places: Sequence[int], k: int) -> float:
    """Share of questions whose answer is among the first k."""
    return sum(place <= k for place in places) / len(places)


def mrr(places: Sequence[int]) -> float:
    """Mean reciprocal rank within the first ten."""
    return sum(1 / place for place in places if place <= 10) / len(places)


def as_product(base: KnowledgeBase, times_ms: list[float] | None = None) -> Ranker:
    """The product's own search."""

    def ranked(asked: Asked) -> Sequence[Chunk]:
        started = time.perf_counter()
        result = base.search.search(SearchQuery(TENANT, asked.text, limit=PASSAGES))
        if times_ms is not None:
            times_ms.append((time.perf_counter() - started) * 1000)
        return [passage.chunk for passage in result.passages]

    return ranked


def by_words(base: KnowledgeBase) -> Ranker:
    """The baseline: BM25 on chunks, titles and headings included, without the glossary."""

    def ranked(asked: Asked) -> Sequence[Chunk]:
        own = detect_language(asked.text)
        terms = [QueryTerm(t.word, t.forms[:1]) for t in asked_terms(asked.text, own)]
        hits = base.index.search_words(TENANT, terms, Filters(), PASSAGES)
        chunks = base.index.chunks(TENANT, [hit.chunk_id for hit in hits])
        return [chunks[hit.chunk_id] for hit in hits]

    return ranked


def _csv_sets(report: Report, data: Path, embedder: CachedEmbedder, folder: Path) -> None:
    names = sorted({path.name.split(".")[0] for path in (data / "eval").glob("*.csv")})
    for name in names:
        path, _ = split_file(data / "eval", name, "csv")
        corpus = data / "kb" / name / "corpus.json"
        if path is None or not corpus.exists():
            report.missing(name, f"{corpus} or its questions do not exist")
            continue
        base = load(corpus, embedder, _new(folder, name))
        _hits(report, name, read_csv(path), base)


def _manual_codes(report: Report, data: Path, embedder: CachedEmbedder, folder: Path) -> None:
    for name in ("mcpx", "nwp500"):
        manual = data / "kb" / name
        path, _ = split_file(data / "eval", name, "jsonl")
        if not manual.is_dir():
            report.missing(name, f"{manual} does not exist")
            continue
        base = load(manual, embedder, _new(folder, name))
        questions = read_jsonl(path) if path else table_codes(manual)
        if questions:
            _codes(report, name, questions, base, manual)
        else:
            report.missing(name, "there are no questions and no table of codes to make them from")
        if name == "mcpx":
            _lay(report, data, base)


def _codes(report: Report, name: str, questions: Sequence[Asked], base: KnowledgeBase, manual: Path) -> None:
    places = ranks(questions, as_product(base))
    report.add(f"{name}.hit1", recall(places, 1), len(places))
    writing = Writing(base)
    quoted = []
    for asked in questions:
        quoted.append(is_whole(asked, writing.draft(asked.text)))
        if not quoted[-1]:
            report.note(f"{name}: the remedy is not quoted whole: {asked.text}")
    report.add(f"{name}.quoted", sum(quoted) / len(quoted), len(quoted))
    unknown = unknown_codes(manual, [asked.code or "" for asked in questions])
    refused = [not writing.draft(asked.text).steps for asked in unknown]
    report.add(f"{name}.refused", sum(refused) / len(refused), len(refused))


def _lay(report: Report, data: Path, base: KnowledgeBase) -> None:
    path, _ = split_file(data / "eval", "lay", "jsonl")
    if path is None:
        report.missing("lay", f"there is no lay.*.jsonl in {data / 'eval'}")
        return
    _hits(report, "lay", [Asked(a.text, a.document, a.section) for a in read_jsonl(path)], base)


def _hits(report: Report, name: str, questions: Sequence[Asked], base: KnowledgeBase) -> None:
    times_ms: list[float] = []
    places = ranks(questions, as_product(base, times_ms))
    report.add(f"{name}.hit1", recall(places, 1), len(places))
    report.add(f"{name}.hit5", recall(places, 5), len(places))
    words = ranks(questions, by_words(base))
    _compare(report, name, places, words, times_ms)


def _aws_docs(report: Report, data: Path, embedder: CachedEmbedder, folder: Path) -> None:
    archive = data / "kb" / "aws-docs.tar.gz"
    path, _ = split_file(data / "eval", "aws-docs", "jsonl")
    cross, _ = split_file(data / "eval", "cross", "jsonl")
    if not archive.exists() or path is None:
        report.missing("aws_docs and cross", f"{archive} or its questions do not exist")
        return
    base = load(archive, embedder, _new(folder, "aws-docs"))
    times_ms: list[float] = []
    questions = read_jsonl(path)
    places = ranks(questions, as_product(base, times_ms))
    words = ranks(questions, by_words(base))
    for k in (1, 5, 10):
        report.add(f"aws_docs.r{k}", recall(places, k), len(places))
    report.add("aws_docs.mrr", mrr(places), len(places))
    report.add("aws_docs.bm25.r1", recall(words, 1), len(words))
    report.add("aws_docs.bm25.r5", recall(words, 5), len(words))
    report.add("aws_docs.bm25.mrr", mrr(words), len(words))
    _compare(report, "aws_docs", places, words, times_ms)
    if cross is not None:
        crossed = ranks(read_jsonl(cross), as_product(base))
        report.add("cross.r1", recall(crossed, 1), len(crossed))
        report.add("cross.r5", recall(crossed, 5), len(crossed))


def _compare(
    report: Report, name: str, places: Sequence[int], words: Sequence[int], times_ms: Sequence[float]
) -> None:
    first, five = (f"{recall(places, k):.3f} ({recall(words, k):.3f})" for k in (1, 5))
    report.note(
        f"{name}: {len(places)} questions, first {first}, in five {five}, MRR {mrr(places):.3f} "
        f"({mrr(words):.3f}), in brackets BM25 alone; median {statistics.median(times_ms):.1f} ms"
    )


def _new(folder: Path, name: str) -> Path:
    path = folder / name
    path.mkdir()
    return path


def main(argv: Sequence[str] | None = None) -> int:
    """Run and print."""
    options = parse_args(NAME, "Is the right document or section found?", argv)
    measure(options).finish()
    return 0


if __name__ == "__main__":
    sys.exit(main())
