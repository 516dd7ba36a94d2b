"""Structure-aware chunking: codes, tables, procedures and sections stay whole."""

import json
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from rimedio.domain.knowledge import Chunk, DocType, Document
from rimedio.domain.taxonomy import Taxonomy
from rimedio.knowledge.chunking import Strategy, chunk_document, estimate_tokens
from rimedio.knowledge.extract import extract

TAXONOMY = Taxonomy.from_json(
    json.dumps(
        {"version": 1, "product_types": {"HVAC": {"label": {}, "models": ["TP-8"]}}, "categories": {}}
    ),
    "test",
)


def document(title: str = "Manuale", **attributes: str) -> Document:
    when = datetime(2026, 1, 1, tzinfo=UTC)
    return Document("doc_1", "acme", "m.md", title, DocType.MANUAL, "0", "it", when, attributes=attributes)


def cut(text: str, name: str = "m.md", strategy: Strategy | None = None) -> tuple[Chunk, ...]:
    found = extract(text.encode(), name)
    return chunk_document(found, document(found.title), strategy=strategy, taxonomy=TAXONOMY)


def prose(words: int) -> str:
    return " ".join(f"Parola{n} segue." for n in range(words))


def test_an_error_section_is_one_chunk_with_all_its_sub_sections() -> None:
    text = "# Errori\n\n## Codice 007\n\nSenza tensione.\n\n#### Cause\n\n1. filo\n2. relè\n\n#### Soluzioni\n\nStringere.\n\n"
    first, second = cut(text + "## Codice 008\n\nAltro.\n")
    assert first.error_codes == ("007",)
    assert first.section == ("Codice 007",)
    assert first.text == "Codice 007\nSenza tensione.\n\nCause\n1. filo\n2. relè\n\nSoluzioni\nStringere."
    assert second.error_codes == ("008",)


def test_a_long_error_section_stays_whole_and_a_huge_one_keeps_its_code_in_every_part() -> None:
    (whole,) = cut(f"# Errori\n\n## E100 – Guasto\n\n{prose(150)}\n\n{prose(100)}\n")
    assert whole.tokens > 500
    parts = cut("# Errori\n\n## E100 – Guasto\n\n" + "\n\n".join(prose(100) for _ in range(12)))
    assert len(parts) > 1
    assert all(part.error_codes == ("E100",) for part in parts)


def test_a_table_whose_rows_define_codes_gives_a_chunk_for_each_row_with_the_column_names() -> None:
    text = "# Errori\n\nIntroduzione.\n\n| Error Code | Sub Code | Reason | Action |\n|---|---|---|---|\n"
    text += "| E407 | 01 | Sensor low limit reached | Check the wiring of the sensor |\n| E407 | 02 | Sensor high | Replace |\n"
    intro, low, high = cut(text)
    assert intro.error_codes == ()
    assert low.error_codes == ("E407/01",)
    assert low.text == (
        "Error Code: E407 · Sub Code: 01 · Reason: Sensor low limit reached\nAction: Check the wiring of the sensor"
    )
    assert high.error_codes == ("E407/02",)
    assert "E407" not in high.mentioned_codes


def test_empty_code_cells_and_ranges_belong_to_their_codes() -> None:
    text = "# Allarmi\n\n| Codice | Causa |\n|---|---|\n| A10 | Gelo |\n|  | Vento |\n| A20-A22 | Sole |\n| A30, A31 | Neve |\n"
    codes = [c.error_codes for c in cut(text)]
    assert codes == [("A10",), ("A20", "A21", "A22"), ("A30", "A31")]
    assert "Vento" in cut(text)[0].text


def test_a_table_of_measures_is_no_list_of_codes() -> None:
    text = (
        "# Dati\n\n| Grandezza | Valore |\n|---|---|\n| Tensione | 230 |\n| Corrente | 16 |\n| Peso | 120 |\n"
    )
    assert [c.error_codes for c in cut(text)] == [()]


def test_a_list_of_codes_gives_a_chunk_for_each_item_unless_they_are_defined_elsewhere() -> None:
    text = "# Guasti\n\n- E101: manca rete\n- E102: rete alta\n- E103: rete bassa\n"
    assert [c.error_codes for c in cut(text)] == [("E101",), ("E102",), ("E103",)]
    table = "\n## Tabella\n\n| Error code | Cause |\n|---|---|\n| E101 | a |\n| E102 | b |\n| E103 | c |\n"
    found = cut(text + table)
    assert [c.error_codes for c in found if c.error_codes] == [("E101",), ("E102",), ("E103",)]
    assert all("Error code" in c.text for c in found if c.error_codes)
    assert "E101" in found[0].mentioned_codes


def test_numbered_chapters_are_no_codes() -> None:
    assert all(
        not c.error_codes
        for c in cut("# Guida\n\n## 1 Avvio\n\nUno.\n\n## 2.1 Uso\n\nDue.\n\n## 230 V\n\nTre.\n")
    )


def test_models_are_no_codes() -> None:
    taxonomy = Taxonomy.from_json(
        json.dumps(
            {"version": 1, "product_types": {"X": {"label": {}, "models": ["A400"]}}, "categories": {}}
        ),
        "t",
    )
    found = extract(b"# Errori\n\n## A400\n\nDescrizione.\n", "m.md")
    (chunk,) = chunk_document(found, document(), taxonomy=taxonomy)
    assert chunk.error_codes == ()
    assert chunk.product_models == ("A400",)


def test_a_procedure_is_not_cut_and_stays_with_its_introduction() -> None:
    steps = "\n".join(
        f"{n}. Passo numero {n} della procedura da seguire con attenzione." for n in range(1, 12)
    )
    chunks = cut(f"# Uso\n\n## Filtro\n\n{prose(60)}\n\nPer pulire il filtro:\n\n{steps}\n\n{prose(60)}\n")
    (holder,) = [c for c in chunks if "1. Passo" in c.text]
    assert "11. Passo" in holder.text
    assert "Per pulire il filtro:" in holder.text


def test_small_neighbours_are_merged_under_the_heading_they_share() -> None:
    (chunk,) = cut("# Guida\n\n## Uso\n\n### Acceso\n\nPremere.\n\n### Spento\n\nPremere ancora.\n")
    assert chunk.section == ("Uso",)
    assert "Acceso\nPremere." in chunk.text


def test_the_answers_of_a_faq_stay_apart() -> None:
    chunks = cut("# Domande\n\n## Perché?\n\nPerché sì.\n\n## Quando?\n\nMai.\n\n## Altro\n\nNulla.\n")
    assert [c.section for c in chunks] == [("Perché?",), ("Quando?",), ("Altro",)]


def test_entries_of_a_data_file_are_never_merged() -> None:
    corpus = {f"s{n}": {"title": f"Voce {n}", "text": [f"Testo {n}."]} for n in range(4)}
    chunks = cut(json.dumps(corpus), "corpus.json")
    assert [c.section for c in chunks] == [(f"Voce {n}",) for n in range(4)]


def test_a_long_section_is_cut_at_paragraphs_and_keeps_its_path() -> None:
    chunks = cut(
        "# Guida\n\n## Uso\n\n" + "\n\n".join(f"Inizio {n}. {prose(30)} Fine {n}." for n in range(8))
    )
    assert len(chunks) > 1
    assert all(c.section == ("Uso",) for c in chunks)
    assert all(c.text.endswith(tuple(f"Fine {n}." for n in range(8))) for c in chunks)
    assert max(c.tokens for c in chunks) <= 440


def test_a_table_too_large_for_a_chunk_repeats_its_header() -> None:
    rows = "\n".join(
        f"| parametro {n} | descrizione del parametro numero {n} con molte parole in fila |"
        for n in range(60)
    )
    chunks = cut(f"# Guida\n\n| Nome | Senso |\n|---|---|\n{rows}\n")
    assert len(chunks) > 1
    assert all("Nome | Senso" in c.text for c in chunks)


def test_the_same_document_gives_the_same_chunks_and_ids() -> None:
    text = "# Guida\n\nUguale.\n\n## A\n\n" + prose(200) + "\n\n## A\n\n" + prose(200)
    assert cut(text) == cut(text)
    ids = [c.chunk_id for c in cut(text)]
    assert len(set(ids)) == len(ids)


def test_chunks_know_language_models_parts_and_version() -> None:
    found = extract(
        f"# Pompa TP-8\n\n{'This pump is for the water of the house. ' * 6} Part XC2-PSU-0420.\n".encode(),
        "m.md",
    )
    (chunk,) = chunk_document(found, document("Pompa TP-8"), taxonomy=TAXONOMY)
    assert chunk.language == "en"
    assert chunk.product_models == ("TP-8",)
    assert chunk.part_numbers == ("XC2-PSU-0420",)
    chunks = cut("# A\n\nx\n\n## B\n\n" + prose(300))
    assert [c.ordinal for c in chunks] == list(range(len(chunks)))


SHORT = [
    "# Titolo\n\n",
    "## Errore E100\n\n",
    "### Dettaglio\n\n",
    "Una frase breve.\n\n",
    "- voce\n- altra\n\n",
]
LONG = [f"{prose(80)}\n\n", "| Codice | Causa |\n|---|---|\n| E7 | x |\n| E8 | y |\n\n", f"{'x' * 3000}\n\n"]
TEXTS = st.lists(st.sampled_from([*SHORT, *LONG, "```\ncodice\n```\n\n"]), max_size=12)


@settings(deadline=None, max_examples=40)
@given(TEXTS)
def test_no_word_is_lost_and_no_chunk_is_too_large(parts: list[str]) -> None:
    text = "".join(parts) + "Fine.\n"
    found = extract(text.encode(), "m.md")
    chunks = chunk_document(found, document(found.title), taxonomy=TAXONOMY)
    told = " ".join("\n".join((found.title, *c.section, c.text)) for c in chunks)
    for block in found.blocks:
        for word in block.text.split()[:40]:
            if len(word) < 100:
                assert word.strip("|") in told
    assert all(estimate_tokens(c.text) <= 1_500 for c in chunks)
    assert all(estimate_tokens(c.text) <= 440 for c in chunks if not c.error_codes)


def test_an_error_list_in_plain_text_gives_a_chunk_for_each_code() -> None:
    text = "ELENCO ERRORI\n\nE029 - Troppo caldo\nCausa: filtro.\nRimedio: pulire.\n\n"
    text += "Solo con la pompa spenta.\n\nErrore E030: troppo freddo\nCausa: gelo.\n"
    first, second = cut(text, "lista.txt")[-2:]
    assert first.error_codes == ("E029",)
    assert first.text.endswith("Rimedio: pulire.\n\nSolo con la pompa spenta.")
    assert second.error_codes == ("E030",)


def test_one_paragraph_that_opens_with_a_code_makes_no_list() -> None:
    chunks = cut("# Errori\n\nE029: vedi oltre.\n\nAltro testo.\n")
    assert [c.error_codes for c in chunks] == [()]
    assert chunks[0].mentioned_codes == ("E029",)


def test_codes_of_capitals_or_in_hexadecimal_are_codes_in_a_column_of_codes() -> None:
    table = "| Alarm / fault code | Description |\n|---|---|\n| OL | Overload |\n| GFF | Ground |\n| 0x1A | Bus |\n"
    assert [c.error_codes for c in cut(f"# Alarms\n\n{table}")] == [("OL",), ("GFF",), ("0X1A",)]


def test_a_csv_table_of_a_manual_is_a_table() -> None:
    text = "Errors\n======\n\n.. csv-table::\n   :header: Code, Cause\n\n   E101, Grid\n   E102, Heat\n"
    assert [c.error_codes for c in cut(text, "m.rst")] == [("E101",), ("E102",)]
