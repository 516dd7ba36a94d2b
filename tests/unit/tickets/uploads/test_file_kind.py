"""A file is what its bytes say."""

import io
import struct
import zlib

import pytest

from rimedio.domain.errors import InvalidInput
from rimedio.domain.ticket import AttachmentType as Kind
from rimedio.tickets.uploads.file_kind import check_kind, check_whole

PNG = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return PNG + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\x00")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("head", "name", "kind"),
    [
        (b"%PDF-1.7\n", "a.pdf", Kind.PDF),
        (PNG, "a.png", Kind.IMAGE),
        (b"\xff\xd8\xff\xe0", "a.jpg", Kind.IMAGE),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "a.webp", Kind.IMAGE),
        (b"\x00\x00\x00\x18ftypmp42", "a.mp4", Kind.VIDEO),
        (b"\x00\x00\x00\x18ftypheic", "a.heic", Kind.IMAGE),
        ("càlore".encode(), "a.log", Kind.LOG),
        ("città".encode("latin-1"), "a.log", Kind.LOG),
        ("a".encode("utf-16"), "a.txt", Kind.LOG),
        (b"# Manual", "a.md", Kind.DOCUMENT),
        (b"PK\x03\x04", "a.docx", Kind.DOCUMENT),
    ],
)
def test_a_file_of_its_kind_is_taken(head: bytes, name: str, kind: Kind) -> None:
    check_kind(head, name, kind)


@pytest.mark.parametrize(
    ("head", "name", "kind"),
    [
        (b"<html>", "a.pdf", Kind.PDF),
        (b"<svg onload=alert(1)>", "a.svg", Kind.IMAGE),
        (b"%PDF-1.7", "a.png", Kind.IMAGE),
        (PNG, "a.mp4", Kind.VIDEO),
        (b"\x7fELF", "a.log", Kind.LOG),
        (b"PK\x03\x04", "a.log", Kind.LOG),
        (b"a\x00b", "a.log", Kind.LOG),
        (b"\x1f\x8b", "a.md", Kind.DOCUMENT),
        (b"text", "a.exe", Kind.DOCUMENT),
        (b"", "a.pdf", Kind.PDF),
    ],
)
def test_a_file_of_another_kind_is_refused(head: bytes, name: str, kind: Kind) -> None:
    with pytest.raises(InvalidInput, match=r"a\."):
        check_kind(head, name, kind)


def test_a_picture_of_a_billion_pixels_is_refused_without_opening_it() -> None:
    check_whole(png(100, 100), "small.png")
    with pytest.raises(InvalidInput, match="pixels"):
        check_whole(png(40_000, 40_000), "huge.png")


def test_a_damaged_picture_is_refused_in_words() -> None:
    with pytest.raises(InvalidInput, match="damaged"):
        check_whole(PNG + b"\x00\x00", "broken.png")


def test_an_archive_that_is_no_document_is_refused() -> None:
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("run.sh", "echo")
    with pytest.raises(InvalidInput, match="not a Word document"):
        check_whole(out.getvalue(), "a.docx")
