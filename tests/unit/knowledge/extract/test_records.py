"""JSON and YAML: error lists, corpora, anything else."""

import json

from rimedio.knowledge.extract import Extracted, Heading, Paragraph, extract


def yaml(text: str) -> Extracted:
    return extract(text.encode(), "errors.yaml")


def headings(found: Extracted) -> list[str]:
    return [block.text for block in found.blocks if isinstance(block, Heading)]


def test_each_entry_of_an_error_list_defines_its_code() -> None:
    found = yaml(
        "errors:\n  - code: E7\n    cause: Acqua bassa\n    remedy: Rabboccare\n  - code: E8\n    cause: Gelo\n"
    )
    assert [b.codes for b in found.blocks if isinstance(b, Heading) and b.codes] == [("E7",), ("E8",)]
    assert "cause: Acqua bassa\nremedy: Rabboccare" in found.text
    assert found.records


def test_a_mapping_by_code_is_an_error_list_too() -> None:
    found = extract(
        json.dumps({"E101": {"description": "Rete alta"}, "E102": {"description": "Rete bassa"}}).encode(),
        "e.json",
    )
    assert headings(found) == ["E101", "E102"]


def test_names_stand_in_for_codes() -> None:
    found = yaml("description: Errori\nerrors:\n  - name: BrownOut\n    description: Tensione bassa\n")
    assert [b.codes for b in found.blocks if isinstance(b, Heading) and b.codes] == [("BrownOut",)]


def test_sub_codes_are_part_of_the_code() -> None:
    found = yaml("- code: E407\n  sub_code: '01'\n  cause: Sensore\n")
    assert headings(found) == ["E407/01"]


def test_fields_about_the_list_become_attributes() -> None:
    found = yaml("title: Codici P1\nversion: '2'\nmodels: [P1, P2]\nerrors:\n  - {code: E1, cause: Acqua}\n")
    assert found.title == "Codici P1"
    assert found.attributes["models"] == "P1, P2"
    assert "version" not in found.text


def test_a_corpus_of_sections_keeps_titles_and_hierarchy() -> None:
    corpus = {
        "s0": {"title": "Impostazioni", "text": ["Impostazioni", "Panoramica."], "section_hierarchy": "s0"},
        "s1": {"title": "Rete", "text": ["Rete", "Attivare il Wi-Fi."], "section_hierarchy": "s0>s1"},
        "s2": {"title": "Uso", "text": ["Uso", "Premere."], "section_hierarchy": "s2"},
    }
    found = extract(json.dumps(corpus).encode(), "corpus.json")
    assert found.blocks == (
        Heading("Impostazioni", 1),
        Paragraph("Panoramica."),
        Heading("Rete", 2),
        Paragraph("Attivare il Wi-Fi."),
        Heading("Uso", 1),
        Paragraph("Premere."),
    )


def test_a_corpus_with_html_is_read_as_html_and_its_double_encoding_repaired() -> None:
    broken = "Wi\u2011Fi".encode().decode("latin-1")
    corpus = {"a": {"title": "Rete", "html": ["<h2>Rete</h2>", f"<ol><li>Aprire {broken}</li></ol>"]}}
    assert "1. Aprire Wi-Fi" in extract(json.dumps(corpus).encode(), "c.json").text


def test_any_other_shape_is_written_out_as_an_outline() -> None:
    text = extract(b'{"pompa": {"portata": 3, "limiti": [1, 2]}, "nome": "P1"}', "x.json").text
    assert "portata: 3" in text
    assert "- 1" in text
    assert "nome: P1" in text


def test_broken_json_says_where() -> None:
    import pytest

    from rimedio.domain.errors import InvalidDocument

    with pytest.raises(InvalidDocument, match=r"x\.json is not valid JSON: .*line 1 column"):
        extract(b'{"a": }', "x.json")
