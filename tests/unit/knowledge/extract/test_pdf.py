"""PDF, written here operator by operator: layout, running heads, rotation, images, OCR."""

import os
import zlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from rimedio.domain.errors import InvalidDocument
from rimedio.knowledge.extract import Extracted, Heading, ItemList, Limits, Paragraph, Table, extract

Line = tuple[float, float, float, str]  # x, y, size, text; a size below zero means bold
IMAGE = b"q 400 0 0 500 90 150 cm /I1 Do Q"


def text(lines: Sequence[Line], matrix: str = "1 0 0 1") -> bytes:
    out = []
    for x, y, size, words in lines:
        font = "F2" if size < 0 else "F1"
        escaped = words.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        out.append(f"BT /{font} {abs(size)} Tf {matrix} {x} {y} Tm ({escaped}) Tj ET")
    return "\n".join(out).encode("cp1252")


def pdf(*pages: bytes, rotate: int = 0) -> bytes:
    """A PDF whose pages have these content streams; font F2 is bold, I1 a grey image."""
    kids = " ".join(f"{10 + 2 * n} 0 R" for n in range(len(pages)))
    pixels = zlib.compress(bytes(64))
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        4: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
        5: b"<< /Type /XObject /Subtype /Image /Width 8 /Height 8 /ColorSpace /DeviceGray /BitsPerComponent 8 "
        + f"/Filter /FlateDecode /Length {len(pixels)} >>\nstream\n".encode()
        + pixels
        + b"\nendstream",
    }
    for n, content in enumerate(pages):
        objects[10 + 2 * n] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Rotate {rotate} /Contents {11 + 2 * n} 0 R "
            "/Resources << /Font << /F1 3 0 R /F2 4 0 R >> /XObject << /I1 5 0 R >> >> >>"
        ).encode()
        objects[11 + 2 * n] = f"<< /Length {len(content)} >>\nstream\n".encode() + content + b"\nendstream"
    return _file(objects)


def _file(objects: dict[int, bytes]) -> bytes:
    body, places = b"%PDF-1.4\n", {}
    for number, content in sorted(objects.items()):
        places[number] = len(body)
        body += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    last = max(objects)
    table = "".join(
        f"{places[n]:010d} 00000 n \n" if n in places else "0000000000 65535 f \n" for n in range(last + 1)
    )
    trailer = f"xref\n0 {last + 1}\n{table}trailer\n<< /Size {last + 1} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF"
    return body + trailer.encode()


def paragraph(
    y: float, count: int, x: float = 72, words: str = "Testo corrente della pagina numero"
) -> list[Line]:
    return [(x, y - 14 * n, 10, f"{words} {n}") for n in range(count)]


def read(*pages: bytes, rotate: int = 0) -> Extracted:
    return extract(pdf(*pages, rotate=rotate), "manuale.pdf")


def test_every_block_knows_its_page() -> None:
    found = read(text(paragraph(700, 3)), text(paragraph(700, 3, words="Altra pagina riga")))
    assert found.pages == 2
    assert [block.page for block in found.blocks] == [1, 2]


def test_larger_type_makes_headings_and_their_levels() -> None:
    lines = [(72, 780, 20, "Manuale P1"), (72, 740, 14, "1 Avvio"), *paragraph(710, 6)]
    found = read(text(lines))
    assert found.blocks[:2] == (Heading("Manuale P1", 1, 1), Heading("1 Avvio", 2, 1))
    assert found.title == "Manuale P1"


def test_a_bold_line_standing_apart_is_a_heading() -> None:
    lines = [*paragraph(780, 4), (72, 700, -10, "Codice E029"), *paragraph(680, 4)]
    assert Heading("Codice E029", 6, 1) in read(text(lines)).blocks


def test_two_columns_are_read_one_after_the_other() -> None:
    left = paragraph(700, 8, 60, "colonna sinistra con parole, riga")
    right = paragraph(700, 8, 320, "colonna destra con altre parole, riga")
    interleaved = [line for pair in zip(left, right, strict=True) for line in pair]
    words = read(text(interleaved)).text
    assert words.index("sinistra con parole, riga 7") < words.index("destra con altre parole, riga 0")


def test_a_table_keeps_rows_and_continues_wrapped_cells() -> None:
    rows: list[Line] = [(72, 700, 10, "Codice"), (160, 700, 10, "Causa"), (320, 700, 10, "Rimedio")]
    for n, code in enumerate(["E001", "E002", "E003"]):
        y = 680 - 30 * n
        rows += [(72, y, 10, code), (160, y, 10, "acqua bassa"), (320, y, 10, "rabboccare il")]
        rows += [(320, y - 12, 10, f"circuito {n}")]
    (found,) = read(text(rows)).blocks
    assert isinstance(found, Table)
    assert found.header == ("Codice", "Causa", "Rimedio")
    assert found.rows[1] == ("E002", "acqua bassa", "rabboccare il\ncircuito 1")


def test_running_heads_and_page_numbers_are_dropped() -> None:
    pages = [
        text(
            [
                (72, 810, 8, "Manuale P1 - rev. 2"),
                *paragraph(700, 5, words=f"Pagina {chr(97 + n)} riga"),
                (290, 30, 8, str(n + 1)),
            ]
        )
        for n in range(4)
    ]
    found = read(*pages)
    assert "rev. 2" not in found.text
    assert not any(block.text.strip() == "3" for block in found.blocks)
    assert "Pagina d riga 4" in found.text


def test_text_written_sideways_on_a_rotated_page_is_read_upright() -> None:
    lines = [(100 + 14 * n, 72, 10, f"riga ruotata numero {n} della pagina") for n in range(4)]
    found = read(text(lines, matrix="0 1 -1 0"), rotate=90)
    assert found.blocks == (
        Paragraph("\n".join(f"riga ruotata numero {n} della pagina" for n in range(4)), 1),
    )


def test_lists_keep_their_numbers() -> None:
    lines: list[Line] = [(72, 700, 10, "1. Aprire il quadro"), (72, 686, 10, "2. Chiudere il quadro")]
    assert read(text(lines)).blocks == (ItemList(("1. Aprire il quadro", "2. Chiudere il quadro"), True, 1),)


def test_a_damaged_pdf_is_refused_in_one_sentence() -> None:
    with pytest.raises(InvalidDocument, match=r"manuale\.pdf is damaged"):
        extract(pdf(text(paragraph(700, 2)))[:200], "manuale.pdf")


def test_too_many_pages_are_refused() -> None:
    with pytest.raises(InvalidDocument, match="3 pages"):
        extract(pdf(*[text(paragraph(700, 1))] * 3), "lungo.pdf", limits=Limits(pages_max=2))


def test_a_scan_without_tesseract_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InvalidDocument, match=r"needs OCR.*apt-get install tesseract-ocr"):
        read(IMAGE)


def test_a_scanned_page_beside_a_text_page_is_not_lost_in_silence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = read(text(paragraph(700, 3)), IMAGE)
    assert found.attributes == {"pages_without_text": "1"}


def tesseract(folder: Path, script: str) -> None:
    """A program called tesseract that behaves as `script` says."""
    path = folder / "tesseract"
    path.write_text(f'#!/bin/sh\ncase "$1" in --list-langs) echo eng; echo ita; exit 0;; esac\n{script}\n')
    path.chmod(0o755)


def test_scanned_pages_are_read_by_tesseract_and_keep_their_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tesseract(tmp_path, 'cat > /dev/null; echo "Pagina letta con $4 e $OMP_THREAD_LIMIT"')
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    found = read(text(paragraph(700, 2)), IMAGE, text(paragraph(700, 2)))
    assert found.by_ocr
    assert [block.page for block in found.blocks] == [1, 2, 3]
    assert found.blocks[1] == Paragraph("Pagina letta con ita+eng e 1", 2)


def test_an_ocr_that_takes_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tesseract(tmp_path, "exec sleep 20")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(InvalidDocument, match="was stopped"):
        extract(pdf(IMAGE), "scan.pdf", limits=Limits(ocr_seconds_per_page=0.2))


def test_a_failing_ocr_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tesseract(tmp_path, "exit 3")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(InvalidDocument, match=r"OCR of scan\.pdf failed"):
        extract(pdf(IMAGE), "scan.pdf")


def test_a_damaged_page_does_not_spoil_the_others() -> None:
    data = pdf(text(paragraph(700, 3)), text(paragraph(700, 3)))
    found = extract(
        data.replace(b"/Contents 13 0 R", b"/Contents 13 0 /", 1).replace(
            b"[10 0 R 12 0 R]", b"[10 0 R 99 0 R]"
        ),
        "m.pdf",
    )
    assert found.blocks[0].page == 1
    assert found.attributes == {"pages_without_text": "1"}


def test_a_scan_is_refused_with_the_setting_when_ocr_is_switched_off() -> None:
    with pytest.raises(InvalidDocument, match="switched off"):
        extract(pdf(IMAGE), "scan.pdf", limits=Limits(ocr_pages_max=0))
