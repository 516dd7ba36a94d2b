"""Markdown as manuals write it."""

from rimedio.knowledge.extract import Admonition, Code, Heading, ItemList, Paragraph, Table, extract


def blocks(text: str) -> tuple[object, ...]:
    return extract(text.encode(), "manual.md").blocks


def test_front_matter_becomes_attributes_and_leaves_the_text() -> None:
    found = extract(
        b"---\ntitle: Pompa P1\nversion: '2.1'\nmodels: [P1, P2]\n---\n# Uso\n\nAccendere.\n", "m.md"
    )
    assert found.title == "Pompa P1"
    assert found.attributes["version"] == "2.1"
    assert found.attributes["models"] == "P1, P2"
    assert "version" not in found.text


def test_a_rule_at_the_head_is_no_front_matter() -> None:
    assert "Testo" in extract(b"---\n\nTesto dopo una riga.\n", "m.md").text


def test_anchors_and_heading_attributes_disappear_from_headings() -> None:
    found = blocks('# Avvio<a name="start_1"></a>\n\n## Codice 002 {#002}\n\nTesto.\n')
    assert found[:2] == (Heading("Avvio", 1), Heading("Codice 002", 2))


def test_inline_marks_leave_the_words_that_a_reader_sees() -> None:
    source = "Premi **OK**, poi *Menu*, `x_1*y` e [la guida](http://x.y/a_(b)). Costa 5 \\$ &amp; \\(IVA\\) snake_case_name."
    assert blocks(source) == (
        Paragraph("Premi OK, poi Menu, x_1*y e la guida. Costa 5 $ & (IVA) snake_case_name."),
    )


def test_stars_that_multiply_are_no_emphasis() -> None:
    assert blocks("Area 3 * 4 * 5 mm") == (Paragraph("Area 3 * 4 * 5 mm"),)


def test_a_procedure_keeps_its_numbers_and_what_stands_inside_its_steps() -> None:
    (found,) = blocks("1. Aprire:\n\n   ```\n   run x\n   ```\n2. Chiudere\n   - piano\n   - forte\n")
    assert found == ItemList(("1. Aprire:\n  run x", "2. Chiudere\n  - piano\n  - forte"), ordered=True)


def test_a_list_may_start_at_another_number() -> None:
    (found,) = blocks("4. quattro\n5. cinque\n")
    assert isinstance(found, ItemList)
    assert found.items == ("4. quattro", "5. cinque")


def test_a_table_keeps_header_and_cells() -> None:
    (found,) = blocks("Dicitura|Descrizione\n---|---\n**alta**|alta velocità\nrall|a \\| b\n")
    assert found == Table(("Dicitura", "Descrizione"), (("alta", "alta velocità"), ("rall", "a | b")))


def test_a_bold_note_becomes_an_admonition() -> None:
    assert blocks("**Attenzione**\nTogliere tensione.") == (Admonition("Attenzione", "Togliere tensione."),)
    assert blocks("> [!WARNING]\n> Hot surface.") == (Admonition("WARNING", "Hot surface."),)


def test_code_is_kept_as_written() -> None:
    assert blocks("```\n  a  b\n\n  c\n```\n") == (Code("  a  b\n\n  c"),)


def test_html_inside_markdown_is_read_and_comments_are_not() -> None:
    text = extract(b"<!-- hidden -->\n\n<div><p>visibile</p></div>\n\nTesto <b>grasso</b>.\n", "m.md").text
    assert "visibile" in text
    assert "Testo grasso." in text
    assert "hidden" not in text


def test_front_matter_with_an_unquoted_colon_is_read_line_by_line() -> None:
    found = extract(b"---\ntitle: Pompa: uso\nversion: 2.1\n---\nTesto.\n", "m.md")
    assert (found.title, found.attributes["version"]) == ("Pompa: uso", "2.1")
