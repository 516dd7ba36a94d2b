"""A file in pieces: any order, checked, complete or given up; and nobody else's."""

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator

import pytest

from rimedio.domain.clock import FakeClock, SeededIds
from rimedio.domain.errors import Conflict, InvalidInput, NotFound
from rimedio.domain.ticket import AttachmentType
from rimedio.domain.upload import Upload
from rimedio.storage.database import Database
from rimedio.storage.memory_objects import MemoryObjectStore
from rimedio.storage.objects import StoredObject
from rimedio.storage.sqlite_table import SqliteTable
from rimedio.storage.tenants import TenantStore
from rimedio.storage.tickets import TicketStore
from rimedio.storage.uploads import UploadStore
from rimedio.tickets.uploads.receive_upload import ReceiveUpload, UploadLimits, UploadRequest

LOG = b"2026-01-01 E029 raised\n" * 10


class Meanwhile(MemoryObjectStore):
    """Keeps objects; somebody else acts once, after the first object under `prefix` is put or before it is read."""

    def __init__(self) -> None:
        super().__init__()
        self.prefix = ""
        self.act: Callable[[], object] | None = None

    def put(self, tenant_id: str, name: str, content: bytes | Iterable[bytes]) -> StoredObject:
        stored = super().put(tenant_id, name, content)
        self._meanwhile(name)
        return stored

    def stream(self, tenant_id: str, name: str, block_bytes: int = 1024) -> Iterator[bytes]:
        self._meanwhile(name)
        return super().stream(tenant_id, name, block_bytes)

    def _meanwhile(self, name: str) -> None:
        if self.act is not None and name.startswith(self.prefix):
            act, self.act = self.act, None
            act()


class Desk:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.table = table = SqliteTable(Database(None), self.clock)
        ids = SeededIds(3)
        self.objects = Meanwhile()
        self.receive = ReceiveUpload(
            UploadStore(table),
            self.objects,
            TicketStore(table, self.clock, ids),
            TenantStore(table),
            self.clock,
            ids,
            UploadLimits(bytes_max=100_000, part_bytes=100, open_max=3),
        )

    def start(self, data: bytes, name: str = "a.log", kind: str = "LOG", **more: str) -> Upload:
        request = UploadRequest(name=name, type=AttachmentType(kind), size=len(data), **more)  # type: ignore[arg-type]
        return self.receive.start("acme", request, by="anna")

    def send(self, upload: Upload, data: bytes) -> None:
        for number in range(upload.parts, 0, -1):  # the last one first
            begin = (number - 1) * upload.part_size
            self.receive.put_part("acme", upload.upload_id, number, data[begin : begin + upload.part_size])

    def meanwhile(self, prefix: str, act: Callable[[], object]) -> None:
        """Let somebody else act at the next object whose name begins so."""
        self.objects.prefix, self.objects.act = prefix, act

    def names(self) -> list[str]:
        return [found.name for found in self.objects.list("acme").objects]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_pieces_in_any_order_and_twice_become_the_file(desk: Desk) -> None:
    upload = desk.start(LOG, sha256=hashlib.sha256(LOG).hexdigest().upper())
    assert (upload.parts, upload.part_size) == (3, 100)
    desk.send(upload, LOG)
    desk.receive.put_part("acme", upload.upload_id, 2, LOG[100:200])
    assert desk.receive.state("acme", upload.upload_id).received == (1, 2, 3)
    attachment = desk.receive.complete("acme", upload.upload_id)
    assert (attachment.id, attachment.name, attachment.type) == (upload.upload_id, "a.log", "LOG")
    name = attachment.uri.removeprefix("object:")
    assert desk.objects.get("acme", name) == LOG
    assert desk.names() == [name]  # no piece is left
    assert desk.receive.complete("acme", upload.upload_id) == attachment
    assert b"".join(desk.receive.content("acme", upload.upload_id).blocks) == LOG


def test_a_file_with_missing_pieces_is_not_complete(desk: Desk) -> None:
    upload = desk.start(LOG)
    desk.receive.put_part("acme", upload.upload_id, 2, LOG[100:200])
    with pytest.raises(Conflict, match="parts 1, 3 are missing"):
        desk.receive.complete("acme", upload.upload_id)


@pytest.mark.parametrize(("number", "size"), [(0, 100), (4, 100), (1, 99), (3, 100), (-1, 100)])
def test_a_piece_that_was_not_announced_is_refused(desk: Desk, number: int, size: int) -> None:
    upload = desk.start(LOG)
    with pytest.raises(InvalidInput):
        desk.receive.put_part("acme", upload.upload_id, number, b"x" * size)


def test_another_hash_than_announced_is_refused_and_nothing_is_kept(desk: Desk) -> None:
    upload = desk.start(LOG, sha256="0" * 64)
    desk.send(upload, LOG)
    with pytest.raises(InvalidInput, match="SHA-256"):
        desk.receive.complete("acme", upload.upload_id)
    assert not [name for name in desk.names() if name.startswith("attachments/")]


@pytest.mark.parametrize("size", [0, -5, 100_001])
def test_an_empty_or_too_large_file_is_refused(desk: Desk, size: int) -> None:
    request = UploadRequest(name="a.log", type=AttachmentType.LOG, size=size)
    with pytest.raises(InvalidInput):
        desk.receive.start("acme", request, by="anna")


def test_too_many_unfinished_uploads_are_refused_until_one_is_given_up(desk: Desk) -> None:
    first, *_ = (desk.start(LOG) for _ in range(3))
    with pytest.raises(Conflict, match="not finished"):
        desk.start(LOG)
    desk.receive.abort("acme", first.upload_id)
    assert desk.start(LOG).upload_id != first.upload_id
    with pytest.raises(NotFound):
        desk.receive.state("acme", first.upload_id)


def test_an_upload_is_its_tenants_alone(desk: Desk) -> None:
    upload = desk.start(LOG)
    for attempt in (
        lambda: desk.receive.put_part("other", upload.upload_id, 1, LOG[:100]),
        lambda: desk.receive.state("other", upload.upload_id),
        lambda: desk.receive.complete("other", upload.upload_id),
        lambda: desk.receive.abort("other", upload.upload_id),
        lambda: desk.receive.content("other", upload.upload_id),
        lambda: desk.receive.state("acme", "../../etc/passwd"),
    ):
        with pytest.raises(NotFound):
            attempt()


def test_a_program_called_log_is_refused_at_its_first_piece(desk: Desk) -> None:
    upload = desk.start(b"MZ" + b"\x00" * 98, name="a.log")
    with pytest.raises(InvalidInput, match="not a LOG"):
        desk.receive.put_part("acme", upload.upload_id, 1, b"MZ" + b"\x00" * 98)


def test_a_zip_bomb_called_document_is_refused(desk: Desk) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"0" * 30_000_000)
    bomb = out.getvalue()
    upload = desk.start(bomb, name="manual.docx", kind="DOCUMENT")
    desk.send(upload, bomb)
    with pytest.raises(InvalidInput, match="zip bomb"):
        desk.receive.complete("acme", upload.upload_id)
    assert not [name for name in desk.names() if name.startswith("attachments/")]


def test_what_nobody_finished_or_took_is_swept_after_a_day(desk: Desk) -> None:
    begun = desk.start(LOG)
    desk.receive.put_part("acme", begun.upload_id, 1, LOG[:100])
    unused, used = desk.start(LOG), desk.start(LOG)
    for upload in (unused, used):
        desk.send(upload, LOG)
    desk.receive.complete("acme", unused.upload_id)
    kept = desk.receive.complete("acme", used.upload_id)
    desk.receive.claim("acme", (kept,), "tkt_1")
    desk.clock.advance(23 * 3600)
    assert desk.receive.sweep_once() == 0
    desk.clock.advance(2 * 3600)
    assert desk.receive.sweep_once() == 3
    assert desk.names() == [kept.uri.removeprefix("object:")]
    assert desk.receive.sweep_once() == 0


def test_a_file_that_a_ticket_has_cannot_be_given_up(desk: Desk) -> None:
    upload = desk.start(LOG)
    desk.send(upload, LOG)
    desk.receive.claim("acme", (desk.receive.complete("acme", upload.upload_id),), "tkt_1")
    with pytest.raises(Conflict, match="belongs to a ticket"):
        desk.receive.abort("acme", upload.upload_id)


def test_a_complete_file_takes_no_more_pieces(desk: Desk) -> None:
    upload = desk.start(LOG)
    desk.send(upload, LOG)
    desk.receive.complete("acme", upload.upload_id)
    with pytest.raises(Conflict):
        desk.receive.put_part("acme", upload.upload_id, 1, LOG[:100])


@pytest.mark.parametrize("prefix", ["uploads/", "attachments/"])
def test_a_file_completed_twice_in_the_same_moment_is_one_file(desk: Desk, prefix: str) -> None:
    upload = desk.start(LOG)
    desk.send(upload, LOG)
    others = []
    desk.meanwhile(prefix, lambda: others.append(desk.receive.complete("acme", upload.upload_id)))
    mine = desk.receive.complete("acme", upload.upload_id)
    assert others == [mine]
    assert desk.names() == [mine.uri.removeprefix("object:")]
    assert b"".join(desk.receive.content("acme", upload.upload_id).blocks) == LOG


def test_who_completes_with_a_wrong_piece_does_not_take_away_the_file_of_who_was_right(desk: Desk) -> None:
    upload = desk.start(LOG, sha256=hashlib.sha256(LOG).hexdigest())
    desk.send(upload, LOG)
    wrong = LOG[100:200].upper()

    def other() -> None:
        desk.receive.put_part("acme", upload.upload_id, 2, LOG[100:200])
        desk.receive.complete("acme", upload.upload_id)

    desk.receive.put_part("acme", upload.upload_id, 2, wrong)
    desk.meanwhile("attachments/", other)
    done = desk.receive.complete("acme", upload.upload_id)
    assert desk.objects.get("acme", done.uri.removeprefix("object:")) == LOG


def test_an_upload_given_up_while_it_is_put_together_is_gone(desk: Desk) -> None:
    upload = desk.start(LOG)
    desk.send(upload, LOG)
    desk.meanwhile("attachments/", lambda: desk.receive.abort("acme", upload.upload_id))
    with pytest.raises(NotFound):
        desk.receive.complete("acme", upload.upload_id)
    assert desk.names() == []
    with pytest.raises(NotFound):
        desk.receive.state("acme", upload.upload_id)


def test_a_ticket_does_not_take_a_file_that_is_given_up_in_the_same_moment(desk: Desk) -> None:
    upload = desk.start(LOG)
    desk.send(upload, LOG)
    attachment = desk.receive.complete("acme", upload.upload_id)
    desk.receive.abort("acme", upload.upload_id)  # after the ticket's attachments were looked at
    with pytest.raises(InvalidInput, match="given up"):
        desk.receive.claim("acme", (attachment,), "tkt_1")


def test_a_removal_that_a_crash_broke_off_is_finished_by_the_sweep(desk: Desk) -> None:
    upload = desk.start(LOG)
    desk.send(upload, LOG)
    desk.receive.complete("acme", upload.upload_id)

    class Died(Exception):
        """The process ends here."""

    def die(*_: object) -> None:
        raise Died

    delete, desk.objects.delete = desk.objects.delete, die  # type: ignore[method-assign]
    with pytest.raises(Died):
        desk.receive.abort("acme", upload.upload_id)
    desk.objects.delete = delete  # type: ignore[method-assign]
    with pytest.raises(NotFound):
        desk.receive.state("acme", upload.upload_id)
    desk.clock.advance(25 * 3600)
    assert desk.receive.sweep_once() == 1
    assert desk.names() == []


def test_a_file_that_a_swept_upload_left_to_its_ticket_can_be_taken_by_another(desk: Desk) -> None:
    upload = desk.start(LOG)
    desk.send(upload, LOG)
    attachment = desk.receive.complete("acme", upload.upload_id)
    desk.receive.claim("acme", (attachment,), "tkt_1")
    desk.clock.advance(25 * 3600)
    assert desk.receive.sweep_once() == 1
    desk.receive.claim("acme", (attachment,), "tkt_2")
    assert desk.names() == [attachment.uri.removeprefix("object:")]
