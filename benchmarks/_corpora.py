"""The knowledge bases under `kb/` as documents and chunks, cut by the product's own code."""

import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rimedio.domain.errors import InvalidDocument
from rimedio.domain.knowledge import Chunk, Document
from rimedio.domain.taxonomy import Taxonomy
from rimedio.knowledge.chunking import chunk_document
from rimedio.knowledge.extract import extract, is_supported
from rimedio.knowledge.metadata import facts_of

TENANT = "bench"
DATED = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Loaded:
    """One document with its chunks."""

    document: Document
    chunks: tuple[Chunk, ...]


def files(kb: Path) -> Iterator[tuple[str, bytes]]:
    """(path relative to the knowledge base, bytes) of a folder or a `.tar.gz` with one folder inside."""
    if kb.is_dir():
        for path in sorted(p for p in kb.rglob("*") if p.is_file()):
            yield str(path.relative_to(kb)), path.read_bytes()
        return
    with tarfile.open(fileobj=io.BytesIO(kb.read_bytes())) as archive:
        for member in sorted(archive.getmembers(), key=lambda m: m.name):
            file = archive.extractfile(member)
            if file is not None:
                yield member.name.split("/", 1)[1], file.read()


def load(kb: Path) -> list[Loaded]:
    """Every file that can be read; what cannot is left out, as ingestion leaves it out."""
    taxonomy = Taxonomy.default()
    found = []
    for name, data in files(kb):
        if is_supported(name):
            try:
                found.append(_loaded(name, data, taxonomy))
            except InvalidDocument:
                continue
    return found


def _loaded(name: str, data: bytes, taxonomy: Taxonomy) -> Loaded:
    extracted = extract(data, name)
    known = facts_of(extracted, name, taxonomy)
    document = Document(
        document_id=name,
        tenant_id=TENANT,
        source_uri=name,
        title=extracted.title,
        doc_type=known.doc_type,
        content_hash="",
        language=known.language,
        updated_at=DATED,
        version=known.version,
    )
    return Loaded(document, chunk_document(extracted, document, taxonomy=taxonomy))
