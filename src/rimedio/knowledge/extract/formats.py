"""Which reader takes which file, by its ending and its first bytes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Protocol

from rimedio.domain.errors import InvalidDocument, InvalidInput
from rimedio.knowledge.extract.blocks import MEBIBYTE, Extracted, Limits

FORMATS: Mapping[str, str] = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".mdx": "markdown",
    ".rst": "restructuredtext",
    ".rest": "restructuredtext",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".pdf": "pdf",
    ".docx": "docx",
    ".txt": "text",
    ".text": "text",
    ".log": "text",
    ".json": "records",
    ".yaml": "records",
    ".yml": "records",
}
BINARY = ("pdf", "docx")
MAGIC = (
    (b"\x89PNG", "a PNG image", "Put it into a PDF, so that OCR can read it."),
    (b"\xff\xd8\xff", "a JPEG image", "Put it into a PDF, so that OCR can read it."),
    (b"GIF8", "a GIF image", "Put it into a PDF, so that OCR can read it."),
    (b"\x7fELF", "a program", "Give documents only."),
    (b"\x1f\x8b", "a gzip archive", "Unpack it, or give it the ending .tar.gz."),
    (b"Rar!", "a RAR archive", "Unpack it first."),
    (b"7z\xbc\xaf", "a 7-Zip archive", "Unpack it first."),
    (b"SQLite format 3\x00", "a SQLite database", "Export its content as text first."),
)


@dataclass(frozen=True, slots=True)
class Cost:
    """What reading a kind of file takes at most: some five times what honest ones do.

    `here` is the size in bytes up to which even the worst file is read, or refused, in about a second; a larger one
    is read in a confined process.
    """

    here: int
    seconds_per_mebibyte: float
    memory_per_byte: int


COSTS: Mapping[str, Cost] = {
    "markdown": Cost(here=16_384, seconds_per_mebibyte=4.0, memory_per_byte=60),
    "html": Cost(here=16_384, seconds_per_mebibyte=15.0, memory_per_byte=120),
    "text": Cost(here=65_536, seconds_per_mebibyte=3.0, memory_per_byte=30),
    "records": Cost(here=0, seconds_per_mebibyte=25.0, memory_per_byte=400),
    "restructuredtext": Cost(here=2_048, seconds_per_mebibyte=60.0, memory_per_byte=300),
    "docx": Cost(here=0, seconds_per_mebibyte=60.0, memory_per_byte=200),
}
SECONDS_MIN = 2.0
MEMORY_MIN, MEMORY_MAX = 96 * MEBIBYTE, 1024 * MEBIBYTE


class Reader(Protocol):
    """Reads one format. Raises InvalidDocument."""

    def __call__(self, data: bytes, name: str, limits: Limits) -> Extracted: ...


def is_supported(name: str) -> bool:
    """Whether the ending of a file's name is one that `extract` knows."""
    return PurePosixPath(name).suffix.lower() in FORMATS


def extract(data: bytes, name: str, *, limits: Limits | None = None) -> Extracted:
    """Read a file's bytes; `name` gives the format by its ending and stands in every message.

    Raises InvalidDocument when the file is empty, binary, encrypted, damaged, too large, or without text.
    """
    limits = limits or Limits()
    kind = _kind(data, name)
    _check_size(data, name, kind, limits)
    try:
        found = _read(kind, data, name, limits)
    except InvalidInput:
        raise
    except (Exception, RecursionError) as error:  # a library's own fault on odd bytes is the file's problem
        fault = type(error).__name__
        msg = f"{name} cannot be read as {kind} ({fault}). Check that it opens, save it again, retry."
        raise InvalidDocument(msg) from error
    if not any(block.text.strip() for block in found.blocks):
        msg = f"{name} holds no text. Check that it is the right file."
        raise InvalidDocument(msg)
    return found if found.title.strip() else replace(found, title=title_from_name(name))


def _read(kind: str, data: bytes, name: str, limits: Limits) -> Extracted:
    """Read here what cannot take long, and everything else where it cannot do harm."""
    reader, cost = _reader(kind), COSTS.get(kind)
    if cost is None or len(data) <= cost.here:
        return reader(data, name, limits)
    from rimedio.knowledge.extract.confinement import Allowance, confined

    seconds = SECONDS_MIN + cost.seconds_per_mebibyte * len(data) / MEBIBYTE
    memory = min(MEMORY_MAX, MEMORY_MIN + cost.memory_per_byte * len(data))
    return confined(reader, Allowance(seconds, memory), data, name, replace(limits, page_reader=None))


def _reader(kind: str) -> Reader:  # noqa: PLR0911 - one line a format
    """The reader of a format; each brings a library that the others do not need."""
    if kind == "markdown":
        from rimedio.knowledge.extract.markdown import extract_markdown

        return extract_markdown
    if kind == "restructuredtext":
        from rimedio.knowledge.extract.restructured import extract_restructured

        return extract_restructured
    if kind == "html":
        from rimedio.knowledge.extract.html import extract_html

        return extract_html
    if kind == "pdf":  # confines by itself what is not OCR
        from rimedio.knowledge.extract.pdf import extract_pdf

        return extract_pdf
    if kind == "docx":
        from rimedio.knowledge.extract.word import extract_docx

        return extract_docx
    if kind == "records":
        from rimedio.knowledge.extract.records import extract_records

        return extract_records
    from rimedio.knowledge.extract.plain import extract_plain

    return extract_plain


def title_from_name(name: str) -> str:
    """A readable title out of a file name: "XC-200_user_manual.pdf" gives "XC-200 user manual"."""
    stem = PurePosixPath(name.replace("\\", "/")).stem
    return " ".join(stem.replace("_", " ").split()) or name


def _kind(data: bytes, name: str) -> str:
    if not data.strip():
        msg = f"{name} is empty. Check that it was saved or copied completely."
        raise InvalidDocument(msg)
    if data[:1024].lstrip().startswith(b"%PDF-"):
        return "pdf"
    for magic, what, advice in MAGIC:
        if data.startswith(magic):
            msg = f"{name} is {what}, not a document. {advice}"
            raise InvalidDocument(msg)
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in FORMATS:
        known = ", ".join(sorted(FORMATS))
        msg = f"{name} has an ending that is not supported ({suffix or 'none'}). Supported: {known}."
        raise InvalidDocument(msg)
    return FORMATS[suffix]


def _check_size(data: bytes, name: str, kind: str, limits: Limits) -> None:
    most = limits.bytes_max if kind in BINARY else limits.text_bytes_max
    most = min(most, limits.markup_bytes_max) if kind == "restructuredtext" else most
    if len(data) > most:
        msg = (
            f"{name} is {len(data) / 1e6:.1f} MB; one {kind} file may have {most / 1e6:.1f} MB at most. "
            "Split it into parts."
        )
        raise InvalidDocument(msg)
