"""Word documents, written here with python-docx."""

import io

import docx

from rimedio.knowledge.extract import Heading, ItemList, Paragraph, Table, extract


def saved(document: object) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)  # type: ignore[attr-defined]
    return buffer.getvalue()


def test_headings_lists_and_tables_come_in_the_order_of_the_document() -> None:
    document = docx.Document()
    document.core_properties.title = "Guida P1"
    document.add_heading("Avvio", 1)
    document.add_paragraph("Prima di tutto.")
    document.add_paragraph("Aprire", style="List Number")
    document.add_paragraph("Chiudere", style="List Number")
    document.add_paragraph("filtro", style="List Bullet")
    table = document.add_table(rows=2, cols=2)
    for at, text in enumerate(["Codice", "Causa", "E1", "Acqua"]):
        table.cell(at // 2, at % 2).text = text
    found = extract(saved(document), "guida.docx")
    assert found.title == "Guida P1"
    assert found.blocks == (
        Heading("Avvio", 1),
        Paragraph("Prima di tutto."),
        ItemList(("1. Aprire", "2. Chiudere"), ordered=True),
        ItemList(("- filtro",), ordered=False),
        Table(("Codice", "Causa"), (("E1", "Acqua"),)),
    )


def test_merged_cells_are_told_once() -> None:
    document = docx.Document()
    table = document.add_table(rows=2, cols=2)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "Titolo"
    table.cell(1, 0).text, table.cell(1, 1).text = "a", "b"
    (found,) = extract(saved(document), "t.docx").blocks
    assert found == Table(("Titolo", ""), (("a", "b"),))


def test_a_document_without_text_is_refused() -> None:
    import pytest

    from rimedio.domain.errors import InvalidDocument

    with pytest.raises(InvalidDocument, match="holds no text"):
        extract(saved(docx.Document()), "vuoto.docx")
