"""What every format is turned into: a title and a flat run of blocks in reading order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

MEBIBYTE = 1024 * 1024


class PageReader(Protocol):
    """Reads the text out of the picture of a page: Tesseract at home, Textract on AWS."""

    def available(self) -> bool:
        """Whether it can be asked at all."""
        ...

    def read_image(self, png: bytes, name: str, seconds_max: float) -> str:
        """The text of a PNG, line by line; `name` is the file's, for messages. Raises InvalidDocument."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """What a single file may cost, and who reads its scanned pages (Tesseract if unset).

    Beyond a limit a file is refused in one sentence, never half-read.
    """

    bytes_max: int = 64 * MEBIBYTE  # size of the file itself
    text_bytes_max: int = 24 * MEBIBYTE  # size of a file that is all text
    markup_bytes_max: int = 2 * MEBIBYTE  # size of a reStructuredText file: docutils takes 20 s a megabyte
    unpacked_bytes_max: int = 256 * MEBIBYTE  # size of a DOCX after decompression
    pages_max: int = 5_000
    depth_max: int = 60  # nesting of JSON, YAML, HTML
    ocr_pages_max: int = 200
    ocr_seconds_per_page: float = 60.0
    page_reader: PageReader | None = None


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; `level` counts from 1. `codes` are those it defines by its place in a list of errors."""

    text: str
    level: int
    page: int | None = None
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text."""

    text: str
    page: int | None = None


@dataclass(frozen=True, slots=True)
class ItemList:
    """List items with their markers ("1.", "-"); an ordered list is a procedure. Nested text is indented."""

    items: tuple[str, ...]
    ordered: bool
    page: int | None = None

    @property
    def text(self) -> str:
        """One item after the other."""
        return "\n".join(self.items)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells; `header` is empty when the table has none."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    page: int | None = None

    @property
    def text(self) -> str:
        """One row a line, cells between bars."""
        lines = [self.header, *self.rows] if self.header else list(self.rows)
        return "\n".join(" | ".join(cells) for cells in lines)


@dataclass(frozen=True, slots=True)
class Code:
    """Literal text whose line breaks and spaces matter."""

    text: str
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Admonition:
    """A note or warning; `label` is its word as written in the source, such as "Attenzione"."""

    label: str
    body: str
    page: int | None = None

    @property
    def text(self) -> str:
        """Label and body."""
        return f"{self.label}: {self.body}" if self.label else self.body


Block = Heading | Paragraph | ItemList | Table | Code | Admonition


@dataclass(frozen=True, slots=True)
class Extracted:
    """A file as text. `records` says that headings are entries of a data file, each complete in itself."""

    title: str
    blocks: tuple[Block, ...]
    format: str
    pages: int | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    records: bool = False
    by_ocr: bool = False

    @property
    def text(self) -> str:
        """All text in reading order."""
        return "\n\n".join(block.text for block in self.blocks)
