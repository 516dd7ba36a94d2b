"""Ingestion: pages until searchable by words, unchanged pages, vectors a second, memory, awkward PDFs."""

import resource
import sys
import tempfile
import time
from pathlib import Path

from benchmarks._report import Options, Report, parse_args
from rimedio.domain.clock import SystemClock
from rimedio.domain.errors import InvalidDocument, ModelUnavailable
from rimedio.domain.taxonomy import Taxonomy
from rimedio.knowledge.backfill import Backfill
from rimedio.knowledge.embedding.onnx import OnnxEmbedder
from rimedio.knowledge.extract import extract
from rimedio.knowledge.index.sqlite import SqliteIndex
from rimedio.knowledge.ingest import Ingestor, IngestReport
from rimedio.storage.database import Database
from rimedio.storage.documents import DocumentStore
from rimedio.storage.sqlite_table import SqliteTable

NAME = "ingest"
TENANT = "bench"
WORKERS = 2
SAMPLE_CHUNKS = 2_000


def measure(options: Options) -> Report:
    """All figures whose data is there."""
    report = Report(NAME, options)
    archive = options.data / "kb" / "aws-docs.tar.gz"
    pdfs = sorted((options.data / "pdf").glob("*.pdf"))
    if pdfs:
        _pdf(report, pdfs)
    else:
        report.missing("pdf", f"there is no PDF in {options.data / 'pdf'}")
    if archive.exists():
        with tempfile.TemporaryDirectory() as folder:
            _aws_docs(report, archive, Path(folder))
    else:
        report.missing("aws_docs", f"{archive} does not exist")
    return report


def _pdf(report: Report, files: list[Path]) -> None:
    counts = {"ingested": 0, "refused": 0, "crashed": 0}
    for path in files:
        try:
            found = extract(path.read_bytes(), path.name)
            outcome, detail = "ingested", f"{found.pages} pages, {len(found.text)} characters"
        except InvalidDocument as error:
            outcome, detail = "refused", str(error)
        except Exception as error:
            outcome, detail = "crashed", repr(error)
        counts[outcome] += 1
        report.note(f"{outcome:9} {path.name}: {detail}")
    for outcome, count in counts.items():
        report.add(f"pdf.{outcome}", count, len(files))


def _aws_docs(report: Report, archive: Path, folder: Path) -> None:
    database = Database(folder / "bench.sqlite3")
    index = SqliteIndex(database)
    first, words_s = _ingested(archive, database, index)
    pages = first.added + len(first.refused)
    report.add("aws_docs.pages", first.added, pages)
    report.add("aws_docs.chunks", first.chunks)
    report.add("aws_docs.words_s", words_s, pages)
    report.note(f"{pages} pages, {first.chunks} chunks searchable by words in {words_s:.1f} s")
    peak = _own_mb() + WORKERS * _child_mb()
    second, unchanged_s = _ingested(archive, database, index)
    report.add("aws_docs.unchanged_s", unchanged_s, second.unchanged)
    report.note(f"{second.unchanged} unchanged pages passed over in {unchanged_s:.1f} s")
    _vectors(report, index, folder)
    report.add("aws_docs.peak_mb", max(peak, _own_mb()))
    database.close()


def _ingested(archive: Path, database: Database, index: SqliteIndex) -> tuple[IngestReport, float]:
    clock = SystemClock()
    ingestor = Ingestor(
        index,
        DocumentStore(SqliteTable(database, clock)),
        taxonomy=Taxonomy.default(),
        clock=clock,
        transaction=database.transaction,
        workers=WORKERS,
    )
    started = time.monotonic()
    done = ingestor.ingest([archive], TENANT)
    return done, time.monotonic() - started


def _vectors(report: Report, index: SqliteIndex, folder: Path) -> None:
    """Embed a sample of whole documents, spread over the set, through the product's own backfill."""
    sample = SqliteIndex(database := Database(folder / "sample.sqlite3"))
    documents = index.documents(TENANT)
    held = 0
    for document in documents[:: max(1, len(documents) // 300)]:
        chunks = index.section(TENANT, document.document_id)
        sample.replace_document(document, chunks)
        held += len(chunks)
        if held >= SAMPLE_CHUNKS:
            break
    try:
        done = Backfill(sample, OnnxEmbedder.packaged()).run(
            limit=SAMPLE_CHUNKS,
            progress=lambda p: (
                report.note(f"embedded {p.embedded} in {p.seconds:.0f} s") if p.embedded % 512 == 0 else None
            ),
        )
    except ModelUnavailable as error:
        report.missing("aws_docs.vectors_per_s", str(error))
        return
    finally:
        database.close()
    report.add("aws_docs.vectors_per_s", done.embedded / done.seconds, done.embedded)
    report.add("aws_docs.model_share", done.model_share, done.embedded)
    report.note(
        f"{done.embedded / done.seconds:.1f} vectors a second, {done.model_share:.3f} inside the model"
    )


def _own_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _unit()


def _child_mb() -> float:
    """Peak of the largest child; all are taken to be as large."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / _unit()


def _unit() -> float:
    return 1024**2 if sys.platform == "darwin" else 1024


if __name__ == "__main__":
    measure(parse_args(NAME, __doc__ or "")).finish()
