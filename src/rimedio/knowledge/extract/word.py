"""DOCX: headings, lists, tables and paragraphs in the order of the document."""

import io
import re
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rimedio.domain.errors import InvalidDocument
from rimedio.knowledge.extract.blocks import Block, Extracted, Heading, ItemList, Limits, Paragraph, Table

if TYPE_CHECKING:
    from docx.document import Document
    from docx.text.paragraph import Paragraph as WordParagraph

HEADING_STYLE = re.compile(r"\A(?:heading|titolo)\s*(\d)\Z", re.IGNORECASE)
LIST_STYLE = re.compile(r"list|elenco|punt", re.IGNORECASE)
NUMBER_STYLE = re.compile(r"number|numer", re.IGNORECASE)
RATIO_MAX = 300  # unpacked to packed size of one part; real documents stay below 100
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def extract_docx(data: bytes, name: str, limits: Limits) -> Extracted:
    """Blocks of a Word document. Raises InvalidDocument for encrypted, damaged or inflated files."""
    if data.startswith(OLE):
        msg = f"{name} is password-protected or an old .doc. Save it as .docx without a password."
        raise InvalidDocument(msg)
    refuse_bombs(data, name, limits)
    import docx

    try:
        document = docx.Document(io.BytesIO(data))
        blocks = tuple(_blocks(document))
    except MemoryError:  # the file's own fault is told by who counts the memory
        raise
    except Exception as error:  # python-docx and lxml raise many kinds on damaged files
        msg = f"{name} cannot be opened as a Word document: it is damaged. Save it again and retry."
        raise InvalidDocument(msg) from error
    if not blocks:
        msg = f"{name} holds no text. If it holds scanned pages, export it as PDF for OCR."
        raise InvalidDocument(msg)
    core = document.core_properties
    first = next((b.text for b in blocks if isinstance(b, Heading)), "")
    given = {"version": core.version, "tags": core.keywords, "lang": core.language}
    attributes = {name: str(value).replace(";", ",") for name, value in given.items() if value}
    return Extracted((core.title or "").strip() or first, blocks, "docx", attributes=attributes)


def refuse_bombs(data: bytes, name: str, limits: Limits) -> None:
    """Raises InvalidDocument for what is no Word document, and for one that would unpack beyond all reason."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        msg = (
            f"{name} is not a Word document: it is no zip archive, or a damaged one. Save it again and retry."
        )
        raise InvalidDocument(msg) from error
    total = sum(part.file_size for part in parts)
    xml = [p for p in parts if p.filename.lower().endswith((".xml", ".rels"))]
    steep = any(p.file_size > RATIO_MAX * max(1, p.compress_size) and p.file_size > 10**6 for p in xml)
    if total > limits.unpacked_bytes_max or steep or len(parts) > 10_000:
        msg = (
            f"{name} would unpack to {total / 1e6:.0f} MB, which looks like a zip bomb. "
            "Save the document again with Word, or split it."
        )
        raise InvalidDocument(msg)
    if "word/document.xml" not in {part.filename for part in parts}:
        msg = f"{name} is a zip archive but not a Word document. Give it its right file ending."
        raise InvalidDocument(msg)


def _blocks(document: "Document") -> Iterator[Block]:
    from docx.table import Table as WordTable

    items: list[str] = []
    ordered, number = False, 0
    for inner in document.iter_inner_content():
        if isinstance(inner, WordTable):
            if items:
                yield ItemList(tuple(items), ordered)
                items = []
            yield from _table(inner)
            continue
        text = _text(inner)
        if not text:
            continue
        if (marker := _list_marker(inner, document)) is not None:
            if items and ordered != marker[0]:
                yield ItemList(tuple(items), ordered)
                items = []
            ordered, number = marker[0], number + 1 if items else 1
            indent = "  " * marker[1]
            items.append(f"{indent}{f'{number}.' if ordered else '-'} {text}")
            continue
        if items:
            yield ItemList(tuple(items), ordered)
            items = []
        level = _level(inner)
        yield Heading(" ".join(text.split()), level) if level else Paragraph(text)
    if items:
        yield ItemList(tuple(items), ordered)


def _text(paragraph: "WordParagraph") -> str:
    return "\n".join(line.strip() for line in paragraph.text.replace("\t", " ").split("\n")).strip()


def _style(paragraph: "WordParagraph") -> str:
    style = paragraph.style
    return str(style.name or "") if style is not None else ""


def _level(paragraph: "WordParagraph") -> int:
    name = _style(paragraph)
    if name.lower() in {"title", "titolo"}:
        return 1
    found = HEADING_STYLE.match(name)
    return max(1, int(found.group(1))) if found else 0


def _list_marker(paragraph: "WordParagraph", document: "Document") -> tuple[bool, int] | None:
    """(ordered, depth) of a list item, None for other paragraphs."""
    properties = paragraph._p.find(f"{W}pPr/{W}numPr")  # noqa: SLF001 - python-docx has no public door to numbering
    style = _style(paragraph)
    if properties is None:
        return (bool(NUMBER_STYLE.search(style)), 0) if LIST_STYLE.search(style) else None
    depth = _value(properties.find(f"{W}ilvl"))
    kind = _number_format(document, _value(properties.find(f"{W}numId")), depth)
    return (kind not in {"bullet", "none"} if kind else bool(NUMBER_STYLE.search(style))), min(depth, 8)


def _value(element: Any) -> int:
    raw = element.get(f"{W}val") if element is not None else None
    return int(raw) if raw and raw.isdigit() else 0


def _number_format(document: "Document", number_id: int, depth: int) -> str | None:
    try:
        root = document.part.numbering_part.element
    except (KeyError, NotImplementedError, AttributeError):
        return None
    number = root.find(f"{W}num[@{W}numId='{number_id}']/{W}abstractNumId")
    if number is None:
        return None
    abstract = f"{W}abstractNum[@{W}abstractNumId='{_value(number)}']"
    found = root.find(f"{abstract}/{W}lvl[@{W}ilvl='{depth}']/{W}numFmt")
    return str(found.get(f"{W}val")) if found is not None else None


def _table(table: Any) -> Iterator[Block]:
    rows = [tuple(_cells(row)) for row in table.rows]
    rows = [row for row in rows if any(row)]
    if not rows:
        return
    if max(len(row) for row in rows) == 1:
        yield from (Paragraph(row[0]) for row in rows)
    else:
        yield Table(rows[0], tuple(rows[1:])) if len(rows) > 1 else Table((), tuple(rows))


def _cells(row: Any) -> Iterator[str]:
    seen: set[int] = set()
    for cell in row.cells:  # a merged cell comes once for every column that it spans
        if id(cell._tc) in seen:  # noqa: SLF001 - identity of the XML element
            yield ""
            continue
        seen.add(id(cell._tc))  # noqa: SLF001
        yield "\n".join(text for p in cell.paragraphs if (text := _text(p)))
