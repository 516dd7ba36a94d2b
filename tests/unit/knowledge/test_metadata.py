"""What a document says about itself."""

import json
from datetime import UTC, datetime

import pytest

from rimedio.domain.knowledge import DocType
from rimedio.domain.taxonomy import Taxonomy
from rimedio.knowledge.extract import Extracted, Paragraph
from rimedio.knowledge.metadata import Facts, facts_of, models_in, parse_date

TAXONOMY = Taxonomy.from_json(
    json.dumps(
        {"version": 1, "product_types": {"HVAC": {"label": {}, "models": ["TP-8"]}}, "categories": {}}
    ),
    "test",
)
ITALIAN = "Questa guida spiega come accendere la pompa e come si deve pulire il filtro dell'acqua."


def facts(name: str = "m.md", title: str = "Guida", **attributes: str) -> Facts:
    return facts_of(
        Extracted(title, (Paragraph(ITALIAN),), "markdown", attributes=attributes), name, TAXONOMY
    )


def test_front_matter_is_believed_first() -> None:
    found = facts(
        "manuale.md",
        doc_type="BULLETIN",
        version="2.1",
        date="2026-02-05",
        models="TP-8, TP-12",
        tags="a, b",
        lang="en",
    )
    assert found.doc_type is DocType.BULLETIN
    assert (found.version, found.language) == ("2.1", "en")
    assert found.dated == datetime(2026, 2, 5, tzinfo=UTC)
    assert found.product_models == ("TP-8", "TP-12")
    assert found.tags == ("a", "b")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("bollettino-tecnico-14.pdf", DocType.BULLETIN),
        ("bulletins/2026/x.md", DocType.BULLETIN),
        ("xc-200-faq.html", DocType.FAQ),
        ("SOP_12.docx", DocType.SOP),
        ("docs/wiki/home.md", DocType.WIKI),
        ("avvisiamo.md", DocType.MANUAL),
        ("guida.md", DocType.MANUAL),
    ],
)
def test_the_kind_is_read_off_file_and_folder_names(name: str, kind: DocType) -> None:
    assert facts(name).doc_type is kind


def test_version_and_date_are_read_off_the_file_name() -> None:
    found = facts("XC-200_manual_v2.1_2025-03-10.pdf")
    assert found.version == "2.1"
    assert found.dated == datetime(2025, 3, 10, tzinfo=UTC)
    assert facts("manuale_rev3.pdf").version == "3"


def test_the_language_is_that_of_the_text() -> None:
    assert facts().language == "it"


def test_a_document_for_every_model_names_none() -> None:
    assert facts(models="all").product_models == ()


def test_models_of_the_taxonomy_are_found_anywhere_and_others_in_headings_only() -> None:
    assert models_in("La tp-8 parte, la ZK-300 no", TAXONOMY) == ("TP-8",)
    assert models_in("Manuale ZK-300", TAXONOMY, heading=True) == ("ZK-300",)
    assert models_in("La TP-80 non c'entra", TAXONOMY) == ()


@pytest.mark.parametrize(
    "heading", ["Cavo RS-485", "Norma IEC-61851", "Bollettino MB-14", "SOP-01", "Porta RJ-45"]
)
def test_standards_and_papers_are_no_models(heading: str) -> None:
    assert models_in(heading, TAXONOMY, heading=True) == ()


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-01-31", (2026, 1, 31)),
        ("31/01/2026", (2026, 1, 31)),
        ("2026-01", (2026, 1, 1)),
        ("2026-13-01", None),
        ("x", None),
    ],
)
def test_dates_are_read_in_both_orders(text: str, day: tuple[int, int, int] | None) -> None:
    assert parse_date(text) == (datetime(*day, tzinfo=UTC) if day else None)
