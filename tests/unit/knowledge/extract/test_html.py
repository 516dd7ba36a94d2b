"""Web pages: what a reader sees, in order."""

from rimedio.knowledge.extract import Admonition, Extracted, Heading, ItemList, Paragraph, Table, extract


def read(body: str, head: str = "") -> Extracted:
    return extract(f"<html lang='it'><head>{head}</head><body>{body}</body></html>".encode(), "page.html")


def test_scripts_navigation_and_footers_are_left_out() -> None:
    found = read("<nav>menu</nav><script>var x='codice'</script><p>Testo.</p><footer>pie di pagina</footer>")
    assert found.blocks == (Paragraph("Testo."),)


def test_the_page_title_and_the_meta_fields_are_read() -> None:
    found = read("<p>x</p>", "<title> Guida \n rapida </title><meta name='version' content='1.4'>")
    assert found.title == "Guida rapida"
    assert found.attributes == {"lang": "it", "version": "1.4"}


def test_inline_elements_do_not_break_a_sentence() -> None:
    found = read("<p>Premi <b>OK</b>, poi <a href='x'>\n Menu\n </a> .<br>Fine.</p>")
    assert found.blocks == (Paragraph("Premi OK, poi Menu.\nFine."),)


def test_nested_lists_stay_under_their_item() -> None:
    found = read("<ol start='3'><li>Apri<ul><li>piano</li></ul></li><li><p>Chiudi</p></li></ol>")
    assert found.blocks == (ItemList(("3. Apri\n  - piano", "4. Chiudi"), ordered=True),)


def test_a_table_with_headings_keeps_them() -> None:
    found = read("<table><tr><th>Codice</th><th>Causa</th></tr><tr><td>E1</td><td>Acqua</td></tr></table>")
    assert found.blocks == (Table(("Codice", "Causa"), (("E1", "Acqua"),)),)


def test_a_table_that_only_draws_a_note_is_a_note() -> None:
    found = read("<table><tr><td><img src='i.png'></td><td><p>NOTE Non aprire.</p></td></tr></table>")
    assert found.blocks == (Admonition("NOTE", "Non aprire."),)


def test_a_box_with_a_warning_class_is_an_admonition() -> None:
    found = read("<div class='admonition warning'><p>Attenzione: alta tensione.</p></div>")
    assert found.blocks == (Admonition("Attenzione", "alta tensione."),)


def test_headings_have_levels_and_no_paragraph_signs() -> None:
    assert read("<h2>Avvio <a class='headerlink'>¶</a></h2><p>x</p>").blocks[0] == Heading("Avvio", 2)


def test_the_declared_encoding_is_believed() -> None:
    page = "<html><head><meta charset='iso-8859-1'></head><body><p>Perché è così</p></body></html>"
    assert extract(page.encode("latin-1"), "p.html").text == "Perché è così"


def test_the_main_element_wins_when_it_holds_the_text() -> None:
    found = read(f"<div>Contorno</div><main><p>{'Testo utile. ' * 20}</p></main>")
    assert "Contorno" not in found.text
