"""Load a document that was sent to the service: keep the original, answer at once, read it in the background.

The register itself is the queue: what is PROCESSING is still to be read, so a crash loses nothing.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

from rimedio.domain.clock import Clock, Ids
from rimedio.domain.errors import ConditionFailed, InvalidDocument, InvalidInput, NotFound
from rimedio.domain.knowledge import DocType
from rimedio.knowledge.ingest import Ingestor
from rimedio.knowledge.preparation import Given, document_id
from rimedio.knowledge.sources import content_hash
from rimedio.storage.documents import DocumentRecord, DocumentStatus, DocumentStore
from rimedio.storage.objects import ObjectStore
from rimedio.storage.tenants import TenantStore

ORIGINAL, FILE_NAME = "original", "file_name"  # attributes of a record that has its original
GIVEN_TITLE, GIVEN_TYPE, GIVEN_VERSION = "given_title", "given_doc_type", "given_version"
NAME_CHARS_MAX = 120
BATCH = 20


@dataclass(frozen=True, slots=True)
class LoadDocument:
    """The use case behind `POST /v1/kb/documents`."""

    documents: DocumentStore
    objects: ObjectStore
    tenants: TenantStore
    clock: Clock
    ids: Ids
    bytes_max: int

    def __call__(self, tenant_id: str, data: bytes, name: str, given: Given | None = None) -> DocumentRecord:
        """Keep the file and queue it. The same name again is a new version of the same document.

        Each version has an object of its own, so that giving up an old one never takes a newer one away.
        Raises InvalidInput for an empty or too large file.
        """
        if not data:
            raise InvalidInput(f"{name} is empty. Send a file with text in it.")
        if len(data) > self.bytes_max:
            msg = f"{name} is {len(data) / 1e6:.0f} MB; {self.bytes_max / 1e6:.0f} MB are read. Split it."
            raise InvalidInput(msg)
        given, safe = given or Given(), safe_name(name)
        source_uri = f"upload:///{safe}"
        identifier = document_id(tenant_id, source_uri)
        self.tenants.note(tenant_id)
        replaced = self.documents.find(tenant_id, identifier)
        original = self.objects.put(tenant_id, f"originals/{identifier}.{self.ids.new('file')}", data)
        record = DocumentRecord(
            document_id=identifier,
            tenant_id=tenant_id,
            source_uri=source_uri,
            title=given.title or safe,
            status=DocumentStatus.PROCESSING,
            content_hash=content_hash(data),
            updated_at=self.clock.now(),
            doc_type=given.doc_type,
            version=given.version,
            attributes=_attributes(original.name, safe, given),
        )
        self.documents.save(record)
        if replaced is not None:
            forget_original(self.objects, replaced)
        return record


@dataclass(frozen=True, slots=True)
class ReadDocuments:
    """Reads what is queued; the service calls `run_once` again and again."""

    documents: DocumentStore
    objects: ObjectStore
    tenants: TenantStore
    ingestor: Callable[[], Ingestor]
    on_read: Callable[[str], None] = field(default=lambda _tenant: None)

    def run_once(self) -> int:
        """Read up to a batch of documents of every tenant; how many were read or refused."""
        done = 0
        for tenant_id in self.tenants.all():
            page = self.documents.list_by_status(tenant_id, DocumentStatus.PROCESSING, limit=BATCH)
            for record in page.records:
                self._read(record)
                done += 1
            if page.records:
                self.on_read(tenant_id)
        return done

    def read(self, tenant_id: str, document_id: str) -> bool:
        """Read one document now; False when it is no longer queued. Raises NotFound."""
        record = self.documents.get(tenant_id, document_id)
        if record.status is not DocumentStatus.PROCESSING:
            return False
        self._read(record)
        self.on_read(tenant_id)
        return True

    def _read(self, record: DocumentRecord) -> None:
        name = record.attributes.get(FILE_NAME, record.title)
        try:
            data = self.objects.get(record.tenant_id, record.attributes.get(ORIGINAL, "missing"))
        except NotFound:
            data = b""
        try:
            self.ingestor().ingest_bytes(
                data,
                name,
                record.tenant_id,
                source_uri=record.source_uri,
                modified=record.updated_at,
                given=_given(record),
                attributes={k: v for k, v in record.attributes.items() if k in {ORIGINAL, FILE_NAME}},
                queued=record,
            )
        except ConditionFailed:
            return  # replaced, and queued anew, or removed: what was read of it is nobody's business any more
        except InvalidDocument:  # recorded with its reason by the ingestor
            forget_original(self.objects, record)


def forget_original(objects: ObjectStore, record: DocumentRecord) -> None:
    """Delete the file that a document was read from, where it was kept."""
    if (name := record.attributes.get(ORIGINAL)) is not None:
        objects.delete(record.tenant_id, name)


def safe_name(name: str) -> str:
    """A file name without folders or control characters. Raises InvalidInput when nothing is left."""
    plain = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    plain = re.sub(r"[\x00-\x1f\x7f]", "", plain).strip().lstrip(".")
    if not plain:
        raise InvalidInput(f"{name!r} is no name for a file. Give it one such as manual.pdf.")
    stem, dot, ending = plain.rpartition(".")
    return f"{stem[:NAME_CHARS_MAX]}.{ending[:10]}" if dot and stem else plain[:NAME_CHARS_MAX]


def _attributes(original: str, name: str, given: Given) -> dict[str, str]:
    said = {
        GIVEN_TITLE: given.title,
        GIVEN_TYPE: given.doc_type.value if given.doc_type else None,
        GIVEN_VERSION: given.version,
    }
    return {ORIGINAL: original, FILE_NAME: name, **{k: v for k, v in said.items() if v}}


def _given(record: DocumentRecord) -> Given:
    kept = record.attributes
    doc_type = kept.get(GIVEN_TYPE)
    return Given(
        title=kept.get(GIVEN_TITLE),
        doc_type=DocType(doc_type) if doc_type else None,
        version=kept.get(GIVEN_VERSION),
    )
