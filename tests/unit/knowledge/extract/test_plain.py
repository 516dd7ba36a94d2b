"""Plain text and its encodings."""

import pytest

from rimedio.domain.errors import InvalidDocument
from rimedio.knowledge.extract import Heading, ItemList, Paragraph, extract

SENTENCE = "Perché la pompa è ferma? Verificare l'umidità – 40 °C."


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_every_usual_encoding_is_read(encoding: str) -> None:
    assert extract((SENTENCE * 3).encode(encoding), "nota.txt").text == SENTENCE * 3


def test_a_few_broken_bytes_do_not_condemn_a_utf_8_file() -> None:
    data = (SENTENCE * 20).encode() + b" \xff fine"
    assert "Perché la pompa" in extract(data, "nota.txt").text


def test_a_file_that_breaks_the_rules_of_its_own_mark_is_refused() -> None:
    with pytest.raises(InvalidDocument, match="Save it again as UTF-8"):
        extract(b"\xef\xbb\xbfciao \xff\xfe mondo", "nota.txt")


def test_windows_line_ends_and_form_feeds_become_line_ends() -> None:
    assert extract(b"uno\r\ndue\rtre\x0cquattro", "n.txt").text == "uno\ndue\ntre\nquattro"


def test_paragraphs_lists_and_headings_are_told_apart() -> None:
    text = "MANUTENZIONE\n\nOgni anno.\n\n1. Aprire\n   con cura\n2. Pulire\n\n- filtro\n- griglia\n"
    assert extract(text.encode(), "n.txt").blocks == (
        Heading("MANUTENZIONE", 2),
        Paragraph("Ogni anno."),
        ItemList(("1. Aprire\n  con cura", "2. Pulire"), ordered=True),
        ItemList(("- filtro", "- griglia"), ordered=False),
    )


def test_underlined_lines_are_headings() -> None:
    assert extract(b"Avvio\n=====\nPremere OK.\n", "n.txt").blocks[0] == Heading("Avvio", 1)
