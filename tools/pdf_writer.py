"""A minimal PDF writer: A4 pages of Helvetica text, no dependency, the same bytes for the same input.

It follows ISO 32000-1 (PDF 1.4 subset): standard fonts with WinAnsiEncoding, one content stream a page.
"""

from dataclasses import dataclass, field
from datetime import datetime

WIDTH, HEIGHT, MARGIN = 595.0, 842.0, 62.0
BODY = 10.5
# Advance widths of Helvetica for characters 32..126, in thousandths of the font size (Adobe font metrics).
_WIDTHS = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 "
    "556 556 278 278 584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 "
    "667 778 722 667 611 722 667 944 667 667 611 278 278 278 469 556 333 556 556 500 556 556 278 556 "
    "556 222 222 500 222 833 556 556 556 556 333 500 278 556 500 722 500 500 500 334 260 334 584"
)
WIDTHS = tuple(int(width) for width in _WIDTHS.split())


@dataclass(frozen=True)
class DocumentInfo:
    """What the document says about itself."""

    title: str
    subject: str
    keywords: str
    created: datetime


def text_width(text: str, size: float) -> float:
    """Width of `text` in points; letters outside ASCII count as an average letter."""
    return sum(WIDTHS[ord(c) - 32] if 32 <= ord(c) <= 126 else 556 for c in text) * size / 1000


def wrap(text: str, size: float, width: float) -> list[str]:
    """Break `text` into lines no wider than `width` points."""
    lines, current = [], ""
    for word in text.split():
        candidate = f"{current} {word}".strip()
        if current and text_width(candidate, size) > width:
            lines.append(current)
            current = word
        else:
            current = candidate
    return [*lines, current] if current else lines


def _literal(text: str) -> bytes:
    raw = text.encode("cp1252")
    return b"(" + raw.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)") + b")"


@dataclass
class PdfPage:
    """One page, filled from the top; y is the next baseline in points from the bottom."""

    y: float = HEIGHT - MARGIN - 10
    commands: list[bytes] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Whether the next block should go to a new page."""
        return self.y < MARGIN + 50

    def _show(self, text: str, x: float, size: float, *, bold: bool = False) -> None:
        font = "F2" if bold else "F1"
        head = f"BT /{font} {size:g} Tf 1 0 0 1 {x:.1f} {self.y:.1f} Tm ".encode()
        self.commands.append(head + _literal(text) + b" Tj ET")

    def heading(self, text: str, size: float) -> None:
        """A bold line with air above it."""
        self.y -= size * 0.7
        for line in wrap(text, size * 1.08, WIDTH - 2 * MARGIN):
            self._show(line, MARGIN, size, bold=True)
            self.y -= size * 1.35
        self.y -= 3

    def paragraph(self, text: str, indent: float = 0.0) -> None:
        """Wrapped body text."""
        for line in wrap(text, BODY, WIDTH - 2 * MARGIN - indent):
            self._show(line, MARGIN + indent, BODY)
            self.y -= BODY * 1.4
        self.y -= 4

    def row(self, cells: tuple[str, ...], *, bold: bool = False) -> None:
        """One table row of equal columns, underlined by a hair line."""
        step = (WIDTH - 2 * MARGIN) / len(cells)
        for column, cell in enumerate(cells):
            self._show(cell, MARGIN + column * step, 9.0, bold=bold)
        rule = f"0.4 w {MARGIN:.1f} {self.y - 4:.1f} m {WIDTH - MARGIN:.1f} {self.y - 4:.1f} l S"
        self.commands.append(rule.encode())
        self.y -= 17

    def footer(self, text: str) -> None:
        """Small text at the foot of the page."""
        self.y = MARGIN - 22
        self._show(text, MARGIN, 8.0)


def write_pdf(pages: list[PdfPage], info: DocumentInfo) -> bytes:
    """The finished file."""
    kids = " ".join(f"{6 + 2 * i} 0 R" for i in range(len(pages)))
    date = info.created.strftime("D:%Y%m%d%H%M%SZ").encode()
    fields = {"Title": info.title, "Subject": info.subject, "Keywords": info.keywords}
    meta = b" ".join(f"/{name} ".encode() + _utf16(value) for name, value in fields.items())
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /{} /Encoding /WinAnsiEncoding >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (it) >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        font.format("Helvetica").encode(),
        font.format("Helvetica-Bold").encode(),
        b"<< " + meta + b" /CreationDate (" + date + b") >>",
    ]
    for i, page in enumerate(pages):
        box = f"/MediaBox [0 0 {WIDTH:g} {HEIGHT:g}] /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >>"
        objects.append(f"<< /Type /Page /Parent 2 0 R {box} /Contents {7 + 2 * i} 0 R >>".encode())
        stream = b"\n".join(page.commands)
        objects.append(f"<< /Length {len(stream)} >>\nstream\n".encode() + stream + b"\nendstream")
    return _assemble(objects)


def _utf16(text: str) -> bytes:
    return b"<" + (b"\xfe\xff" + text.encode("utf-16-be")).hex().encode() + b">"


def _assemble(objects: list[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    for offset in offsets:
        out += f"{offset:010d} 00000 n \n".encode()
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info 5 0 R >>\n".encode()
    return bytes(out + f"startxref\n{start}\n%%EOF\n".encode())
