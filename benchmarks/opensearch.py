"""OpenSearch, the real engine: bulk with backpressure, recall of exact search, both homes ranking alike."""

import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from tools.engines.record import Record
from tools.engines.start import down, running, up

from benchmarks._corpora import TENANT as LOADED
from benchmarks._corpora import load
from benchmarks._questions import read_csv, read_jsonl
from benchmarks._refusing_proxy import Refusals, refusing
from benchmarks._report import ROOT, Options, Report, parse_args, split_file
from benchmarks._synthetic_knowledge import MODEL, TENANT, AskedEmbedder, Knowledge, make, questions
from benchmarks._vectors import onnx_embedder
from rimedio.domain.clock import SystemClock
from rimedio.domain.errors import ModelUnavailable, RimedioError
from rimedio.domain.taxonomy import Taxonomy
from rimedio.evaluation.labelled import load_labelled
from rimedio.knowledge.embedding.port import Vectors
from rimedio.knowledge.index.opensearch import OpenSearchIndex
from rimedio.knowledge.index.opensearch_client import OpenSearchClient
from rimedio.knowledge.index.opensearch_mapping import OpenSearchOptions, memory_bytes
from rimedio.knowledge.index.opensearch_reindex import Reindex
from rimedio.knowledge.index.port import Filters, KnowledgeIndex
from rimedio.knowledge.index.sqlite import SqliteIndex
from rimedio.knowledge.search import Search, SearchQuery
from rimedio.storage.database import Database

NAME = "opensearch"
ENGINE = "opensearch"
DOCUMENTS = 10_000
QUESTIONS = 200
WARM_UP = 50
BATCH = 500
TOP = 10
LOOKS = 3
REQUESTS_REFUSED, ITEMS_REFUSED = 0.1, 0.05
SWEEP_M, SWEEP_EF = (8, 16, 32), (20, 50, 100, 200)
SWEEP_QUESTIONS = 100
EVAL_SETS = ("mcpx", "nwp500")
EMBEDDED_AT_ONCE = 2_048


@dataclass(frozen=True)
class Bench:
    """What the parts share."""

    report: Report
    client: OpenSearchClient
    url: str
    prefix: str

    def index(self, options: OpenSearchOptions | None = None) -> OpenSearchIndex:
        """The index under the benchmark's own name."""
        return OpenSearchIndex(self.client, self.prefix, SystemClock(), options)


def measure(options: Options) -> Report:
    """All figures whose engine and data are there."""
    report = Report(NAME, options)
    record, begun = _engines()
    try:
        url = record.addresses.get(ENGINE)
        if url is None:
            report.missing(
                "everything", f"the engine is not there: {record.missing.get(ENGINE, 'it did not start')}"
            )
            return report
        client = OpenSearchClient(url, clock=SystemClock(), timeout_seconds=60.0)
        with _named(client) as prefix:
            bench = Bench(report, client, url, prefix)
            _synthetic(bench, options.data)
        for part in (_demo, _sets):
            part(report, client, options.data)
        _alike_in_all(report)
        client.close()
    finally:
        down(begun)
    return report


def _engines() -> tuple[Record, list[str]]:
    """The engines, and those that this run started and has to end."""
    for _ in range(LOOKS):  # on a busy machine one that runs may be slow to say so
        record = running()
        if ENGINE in record.addresses:
            return record, []
    return up()


def _synthetic(bench: Bench, data: Path) -> None:
    knowledge = make(data, DOCUMENTS)
    asked = questions(knowledge, QUESTIONS)
    _bulk(bench, knowledge)
    database = Database(None)
    exact = SqliteIndex(database)
    with database.transaction():
        for of, chunk in knowledge.documents:
            exact.replace_document(of, [chunk])
        exact.store_vectors(MODEL, knowledge.by_hash())
    _hybrid(bench, exact, asked)
    _nearest(bench, knowledge, asked)
    _sweep(bench, knowledge, asked)
    database.close()


def _bulk(bench: Bench, knowledge: Knowledge) -> None:
    """Load through a proxy that refuses requests and items; count what is there afterwards, at the engine."""
    report, refusals = bench.report, Refusals(REQUESTS_REFUSED, ITEMS_REFUSED)
    with refusing(bench.url, refusals) as url:
        client = OpenSearchClient(url, clock=SystemClock(), timeout_seconds=60.0)
        index = OpenSearchIndex(client, bench.prefix, SystemClock())
        started = time.monotonic()
        for start in range(0, len(knowledge.documents), BATCH):
            with index.batch():
                for of, chunk in knowledge.documents[start : start + BATCH]:
                    index.replace_document(of, [chunk])
        seconds = time.monotonic() - started
        vectors = list(knowledge.by_hash().items())
        started = time.monotonic()
        for start in range(0, len(vectors), BATCH):
            index.store_vectors(MODEL, dict(vectors[start : start + BATCH]))
        embedding = time.monotonic() - started
        client.close()
    there = bench.index().coverage(TENANT, MODEL)
    report.add("bulk.docs_per_s", len(knowledge.documents) / seconds, len(knowledge.documents))
    report.add("bulk.vectors_per_s", len(vectors) / embedding, len(vectors))
    report.add("bulk.lost", len(knowledge.documents) - min(there.documents, there.chunks, there.embedded))
    report.add("bulk.refused_requests", refusals.requests)
    report.add("bulk.refused_items", refusals.items)
    report.add("bulk.inconsistent", len(bench.index().verify()))
    report.note(
        f"loaded {there.documents} documents, {there.embedded} vectors; refused {refusals.requests} requests and "
        f"{refusals.items} items, {report.figures['bulk.lost']:.0f} lost"
    )


def _hybrid(bench: Bench, exact: SqliteIndex, asked: dict[str, Vectors]) -> None:
    """The product's own search on both: the share of the exact one's top ten, and the time it takes."""
    embedder, taxonomy = AskedEmbedder(asked), Taxonomy.default()
    ours, theirs = Search(exact, embedder, taxonomy), Search(bench.index(), embedder, taxonomy)
    for question in list(asked)[:WARM_UP]:  # the engine compiles what it runs often; a service is past that
        theirs.search(SearchQuery(TENANT, question, limit=TOP))
    for name, filters in (("", Filters()), ("filtered_", Filters(product_models=("M-03",)))):
        found, times = [], []
        for question in asked:
            query = SearchQuery(TENANT, question, filters=filters, limit=TOP)
            started = time.perf_counter()
            result = theirs.search(query)
            times.append((time.perf_counter() - started) * 1000)
            found.append(_overlap(_ids(ours, query), [p.chunk.chunk_id for p in result.passages]))
        bench.report.add(f"hybrid.{name}recall10", statistics.fmean(found), len(found))
        bench.report.add(f"hybrid.{name}p50_ms", statistics.median(times), len(times))
        bench.report.add(f"hybrid.{name}p95_ms", _quantile(times, 0.95), len(times))
        bench.report.note(f"hybrid {name or 'free '}: recall@10 {statistics.fmean(found):.4f}")


def _nearest(bench: Bench, knowledge: Knowledge, asked: dict[str, Vectors]) -> None:
    """The graph alone against all cosines, free and filtered."""
    index, filters = bench.index(), Filters(product_models=("M-03",))
    fits = np.array([not c.product_models or "M-03" in c.product_models for _, c in knowledge.documents])
    for name, chosen, mask in (
        ("recall10", Filters(), np.ones_like(fits)),
        ("filtered_recall10", filters, fits),
    ):
        found = [_recall(index, knowledge, vector, chosen, mask) for vector in asked.values()]
        bench.report.add(f"vectors.{name}", statistics.fmean(found), len(found))


def _sweep(bench: Bench, knowledge: Knowledge, asked: dict[str, Vectors]) -> None:
    """Each m is a new index, built beside the old one by the product's own reindex."""
    everything = np.ones(len(knowledge.documents), bool)
    vectors = list(asked.values())[:SWEEP_QUESTIONS]
    for m in SWEEP_M:
        options = OpenSearchOptions(m=m)
        started = time.monotonic()
        Reindex(bench.client, bench.prefix, SystemClock(), options).run()
        seconds = time.monotonic() - started
        bench.report.add(f"sweep.m{m}.build_s", seconds)
        megabytes = memory_bytes(DOCUMENTS, knowledge.vectors.shape[1], options) / 1e6
        bench.report.note(f"m {m}: reindexed in {seconds:.1f} s, {megabytes:.1f} MB by the rule")
        for ef in SWEEP_EF:
            index = bench.index(replace(options, ef_search=ef))
            times: list[float] = []
            found = [
                _timed(times, lambda v=v, index=index: _recall(index, knowledge, v, Filters(), everything))  # type: ignore[misc]
                for v in vectors
            ]
            figure = f"sweep.m{m}_ef{ef}"
            bench.report.add(f"{figure}.recall10", statistics.fmean(found), len(found))
            bench.report.add(f"{figure}.p50_ms", statistics.median(times), len(times))
            bench.report.note(
                f"  ef_search {ef}: recall@10 {statistics.fmean(found):.4f}, p50 {statistics.median(times):.1f} ms"
            )


def _demo(report: Report, client: OpenSearchClient, _: Path) -> None:
    texts = [
        labelled.request.symptom_text
        for labelled in load_labelled(ROOT / "examples" / "tickets" / "tickets.jsonl")
    ]
    _alike(report, client, "demo", ROOT / "examples" / "knowledge", texts)


def _sets(report: Report, client: OpenSearchClient, data: Path) -> None:
    """Every csv set, and the small manuals with questions."""
    for name in sorted({path.name.split(".")[0] for path in (data / "eval").glob("*.csv")}):
        path, _ = split_file(data / "eval", name, "csv")
        corpus = data / "kb" / name / "corpus.json"
        if path is not None and corpus.exists():
            _alike(report, client, name, corpus, [asked.text for asked in read_csv(path)])
    for name in EVAL_SETS:
        path, _ = split_file(data / "eval", name, "jsonl")
        if path is not None and (data / "kb" / name).is_dir():
            _alike(report, client, name, data / "kb" / name, [asked.text for asked in read_jsonl(path)])


def _alike(report: Report, client: OpenSearchClient, name: str, path: Path, texts: Sequence[str]) -> None:
    """The same documents and vectors in both homes: do their top tens hold the same, in the same order?"""
    try:
        embedder = onnx_embedder()
    except ModelUnavailable as error:
        report.missing(f"alike.{name}", str(error))
        return
    with tempfile.TemporaryDirectory() as folder, _named(client) as prefix:
        base = load(path, embedder, Path(folder))
        index = OpenSearchIndex(client, prefix, SystemClock())
        copy(base.index, index, LOADED, embedder.model_id)
        theirs = Search(index, embedder, Taxonomy.default())
        pairs = []
        for text in texts:
            query = SearchQuery(LOADED, text, limit=TOP)
            pairs.append((_ids(base.search, query), _ids(theirs, query)))
    overlap = statistics.fmean(_overlap(*pair) for pair in pairs)
    same = statistics.fmean(ours == found for ours, found in pairs)
    report.add(f"alike.{name}.top10", overlap, len(pairs))
    report.add(f"alike.{name}.same_order", same, len(pairs))
    report.note(f"alike on {name}: {overlap:.4f} of the top ten, {same:.4f} in the very same order")


def _alike_in_all(report: Report) -> None:
    for kind in ("top10", "same_order"):
        names = [n for n in report.rows if n.startswith("alike.") and n.endswith(f".{kind}")]
        rows = sum(report.rows[n] for n in names)
        if rows:
            report.add(f"alike.{kind}", sum(report.figures[n] * report.rows[n] for n in names) / rows, rows)


def copy(source: KnowledgeIndex, target: OpenSearchIndex, tenant: str, model_id: str) -> None:
    """All documents and vectors of a tenant."""
    hashes: dict[str, Vectors] = {}
    documents = source.documents(tenant)
    for start in range(0, len(documents), BATCH):
        with target.batch():
            for of in documents[start : start + BATCH]:
                chunks = source.section(tenant, of.document_id)
                target.replace_document(of, chunks)
                vectors = source.vectors(tenant, model_id, [chunk.chunk_id for chunk in chunks])
                hashes |= {
                    chunk.text_hash: vectors[chunk.chunk_id] for chunk in chunks if chunk.chunk_id in vectors
                }
    keys = list(hashes)
    for start in range(0, len(keys), EMBEDDED_AT_ONCE):
        target.store_vectors(model_id, {key: hashes[key] for key in keys[start : start + EMBEDDED_AT_ONCE]})


def _recall(
    index: OpenSearchIndex,
    knowledge: Knowledge,
    vector: Vectors,
    filters: Filters,
    mask: "np.typing.NDArray[np.bool_]",
) -> float:
    scores = np.where(mask, knowledge.vectors @ vector, -np.inf)
    exact = [knowledge.documents[place][1].chunk_id for place in np.argsort(-scores)[:TOP]]
    hits = index.search_vectors(TENANT, MODEL, vector, filters, TOP)
    return _overlap(exact, [hit.chunk_id for hit in hits])


def _timed(times: list[float], call: Callable[[], float]) -> float:
    started = time.perf_counter()
    found = call()
    times.append((time.perf_counter() - started) * 1000)
    return found


def _ids(search: Search, query: SearchQuery) -> list[str]:
    return [passage.chunk.chunk_id for passage in search.search(query).passages]


def _overlap(wanted: Sequence[str], found: Sequence[str]) -> float:
    return len(set(wanted) & set(found)) / len(wanted) if wanted else 1.0


def _quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


@contextmanager
def _named(client: OpenSearchClient) -> Iterator[str]:
    """A name for indexes of this run, deleted afterwards."""
    prefix = f"bench-{uuid.uuid4().hex[:12]}"
    try:
        yield prefix
    finally:
        try:
            client.call("cleaning up", "DELETE", f"/{prefix}-*?ignore_unavailable=true", seconds=60.0)
        except RimedioError as error:
            print(f"{NAME}: indexes {prefix}-* stay behind: {error}", file=sys.stderr)


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and print."""
    measure(parse_args(NAME, __doc__ or "", argv)).finish()


if __name__ == "__main__":
    main()
