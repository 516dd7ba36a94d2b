"""Build the demo's PDF and DOCX from `examples/sources/`: `python -m tools.demo_documents`.

The sources use a small part of Markdown: headings, paragraphs, numbered lists, simple tables, and
`<!-- page -->` for a page break. The output is reproducible byte for byte for the PDF.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tools.pdf_writer import DocumentInfo, PdfPage, write_pdf

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "examples" / "sources"
KNOWLEDGE = ROOT / "examples" / "knowledge"
PDF_INFO = DocumentInfo(
    title="Tepora TP – Guida alla messa in servizio",
    subject="MANUAL 1.2",
    keywords="TP-8, TP-12",
    created=datetime(2025, 3, 17, tzinfo=UTC),
)


@dataclass(frozen=True)
class Block:
    """A piece of a source: `kind` is h1, h2, h3, text, item, row or page."""

    kind: str
    text: str
    cells: tuple[str, ...] = ()


def read_blocks(path: Path) -> Iterator[Block]:
    """The blocks of a source file in reading order."""
    for raw in path.read_text("utf-8").splitlines():
        line = raw.strip()
        heading = re.match(r"(#{1,3}) (.+)", line)
        if not line:
            continue
        if heading:
            yield Block(f"h{len(heading[1])}", heading[2])
        elif line == "<!-- page -->":
            yield Block("page", "")
        elif line.startswith("|"):
            yield Block("row", line, tuple(cell.strip() for cell in line.strip("|").split("|")))
        elif re.match(r"\d+\. ", line):
            yield Block("item", line)
        else:
            yield Block("text", line)


def build_pdf(source: Path, target: Path, info: DocumentInfo) -> None:
    """Typeset `source` on A4 pages."""
    pages = [PdfPage()]
    sizes = {"h1": 18.0, "h2": 14.0, "h3": 11.5}
    table_begins = True
    for block in read_blocks(source):
        if block.kind == "page" or pages[-1].is_full:
            pages.append(PdfPage())
        if block.kind in sizes:
            pages[-1].heading(block.text, sizes[block.kind])
        elif block.kind == "row":
            pages[-1].row(block.cells, bold=table_begins)
        elif block.kind != "page":
            pages[-1].paragraph(block.text, indent=14.0 if block.kind == "item" else 0.0)
        table_begins = block.kind != "row"
    for number, page in enumerate(pages, 1):
        page.footer(f"{info.title}  ·  {number}/{len(pages)}")
    target.write_bytes(write_pdf(pages, info))


def build_docx(source: Path, target: Path, info: DocumentInfo) -> None:
    """Write `source` as a Word document with real headings, numbered lists and tables."""
    import docx

    document = docx.Document()
    properties = document.core_properties
    properties.title, properties.subject, properties.keywords = info.title, info.subject, info.keywords
    properties.author, properties.language = "Officine Valdarsa (invented)", "it"
    properties.created = properties.modified = info.created
    rows: list[tuple[str, ...]] = []
    for block in (*read_blocks(source), Block("end", "")):
        if block.kind == "row":
            rows.append(block.cells)
            continue
        if rows:
            table = document.add_table(rows=0, cols=len(rows[0]), style="Table Grid")
            for cells in rows:
                for cell, text in zip(table.add_row().cells, cells, strict=True):
                    cell.text = text
            rows = []
        if block.kind.startswith("h"):
            document.add_heading(block.text, level=int(block.kind[1]))
        elif block.kind == "item":
            document.add_paragraph(block.text.split(". ", 1)[1], style="List Number")
        elif block.kind == "text":
            document.add_paragraph(block.text)
    document.save(str(target))


def main() -> int:
    """Write both files into `examples/knowledge/`."""
    build_pdf(
        SOURCES / "tepora-messa-in-servizio-it.md",
        KNOWLEDGE / "tepora-messa-in-servizio-it.pdf",
        PDF_INFO,
    )
    build_docx(
        SOURCES / "sop-01-messa-fuori-tensione-it.md",
        KNOWLEDGE / "sop-01-messa-fuori-tensione-it.docx",
        DocumentInfo(
            title="SOP-01 – Messa fuori tensione prima dei lavori",
            subject="SOP 2.0",
            keywords="XC-200, MG-6K, MG-10K, TP-8, TP-12",
            created=datetime(2025, 5, 19, tzinfo=UTC),
        ),
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
