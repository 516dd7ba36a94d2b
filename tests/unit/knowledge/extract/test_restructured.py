"""reStructuredText, with Sphinx's directives that docutils does not know."""

import pytest

from rimedio.domain.errors import InvalidDocument
from rimedio.knowledge.extract import Admonition, Code, Extracted, Heading, ItemList, Table, extract


def read(text: str) -> Extracted:
    return extract(text.encode(), "manual.rst")


def test_headings_get_levels_in_the_order_of_their_underlines() -> None:
    found = read("Uno\n===\n\nDue\n---\n\nTesto.\n\nTre\n---\n\nAltro.\n")
    headings = [b for b in found.blocks if isinstance(b, Heading)]
    assert headings == [Heading("Uno", 1), Heading("Due", 2), Heading("Tre", 2)]
    assert found.title == "Uno"


def test_a_list_table_keeps_line_blocks_inside_its_cells() -> None:
    source = (
        ".. list-table::\n   :header-rows: 1\n   :widths: 10 90\n\n   * - Code\n     - Action\n"
        "   * - E1\n     - | 1. Check.\n       | 2. Replace.\n"
    )
    (found,) = read(source).blocks
    assert found == Table(("Code", "Action"), (("E1", "1. Check.\n2. Replace."),))


def test_an_unknown_directive_loses_its_options_but_not_its_text() -> None:
    text = read(".. fancy-card:: Card title\n   :gutter: 3\n   :link: x\n\n   Body of the *card*.\n").text
    assert "Card title" in text
    assert "Body of the card." in text
    assert "gutter" not in text


def test_an_unknown_role_shows_its_words() -> None:
    text = read("See :doc:`the guide <guide>`, :ref:`install` and :menu:`File > Open`.\n").text
    assert text == "See the guide, install and File > Open."


def test_code_blocks_with_options_of_sphinx_stay_literal() -> None:
    source = ".. code-block:: python\n   :linenos:\n   :caption: x\n\n   a = 1\n   b  = 2\n"
    assert read(source).blocks == (Code("a = 1\nb  = 2"),)


def test_warnings_keep_their_kind() -> None:
    assert read(".. warning::\n   Hot.\n").blocks == (Admonition("warning", "Hot."),)


def test_fields_at_the_head_are_attributes() -> None:
    found = read("Guida\n=====\n\n:version: 3.0\n:models: A-100, A-200\n\nTesto.\n")
    assert found.attributes == {"version": "3.0", "models": "A-100, A-200"}
    assert "3.0" not in found.text


def test_no_file_is_ever_included() -> None:
    text = read("Prima.\n\n.. include:: /etc/passwd\n\n.. raw:: html\n   :file: /etc/passwd\n\nDopo.\n").text
    assert "root:" not in text
    assert "Dopo." in text


def test_what_docutils_cannot_parse_is_kept_as_written() -> None:
    text = read("Titolo\n===\n\n+---+\n| rotta |\n\nDopo la tabella rotta.\n").text
    assert "rotta" in text
    assert "Dopo la tabella rotta." in text


def test_substitutions_are_filled_in() -> None:
    assert read("Usa |p|.\n\n.. |p| replace:: il pannello\n").text == "Usa il pannello."


def test_enumerated_lists_are_procedures() -> None:
    assert read("1. Apri\n2. Chiudi\n").blocks == (ItemList(("1. Apri", "2. Chiudi"), ordered=True),)


def test_a_file_that_would_keep_docutils_busy_for_minutes_is_refused() -> None:
    with pytest.raises(InvalidDocument, match="Split"):
        read("Testo del paragrafo.\n\n" * 120_000)
