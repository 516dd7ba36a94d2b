"""The demo keeps its promises: labels point at real headings, quotes are literal, both languages cover the codes."""

import csv
import json
import re
from functools import cache
from pathlib import Path

import pytest

from rimedio.domain.answer import Outcome
from rimedio.domain.taxonomy import Taxonomy
from rimedio.domain.ticket import TicketRequest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
KNOWLEDGE = EXAMPLES / "knowledge"
ROWS = [json.loads(line) for line in (EXAMPLES / "tickets" / "tickets.jsonl").read_text("utf-8").splitlines()]
TAXONOMY = Taxonomy.from_file(EXAMPLES / "taxonomy.json")
ids = pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])


@cache
def text_of(name: str) -> str:
    """All words of a document; the PDF and DOCX stand for their sources."""
    path = KNOWLEDGE / name
    if path.suffix in {".pdf", ".docx"}:
        path = EXAMPLES / "sources" / f"{path.stem}.md"
    return path.read_text("utf-8")


@cache
def sections_of(name: str) -> dict[str, str]:
    """Heading to text up to the next heading of the same or a higher level."""
    lines = text_of(name).splitlines()
    marks = [(i, len(m[1]), m[2]) for i, line in enumerate(lines) if (m := re.match(r"(#+) (.*)", line))]
    found = {}
    for k, (start, level, heading) in enumerate(marks):
        end = next((i for i, other, _ in marks[k + 1 :] if other <= level), len(lines))
        found[heading] = "\n".join(lines[start:end])
    return found


def plain(text: str) -> str:
    """Text without emphasis marks, whitespace folded."""
    return re.sub(r"\s+", " ", text.replace("**", ""))


@ids
def test_a_sample_ticket_is_a_valid_ticket_request(row: dict) -> None:
    request = TicketRequest.model_validate(row["ticket"])
    assert request.asset.model in TAXONOMY.product_types[request.asset.product_type].models


@ids
def test_labels_use_the_words_of_the_domain(row: dict) -> None:
    expected = row["expected"]
    assert expected["outcome"]
    assert set(expected["outcome"]) <= set(Outcome)
    assert expected["category"] is None or expected["category"] in TAXONOMY.categories
    assert row["traits"]


@ids
def test_every_label_points_at_a_heading_that_exists(row: dict) -> None:
    for gold in (*row["expected"]["gold"], *row["expected"].get("also", ())):
        if gold["source"].endswith((".md", ".pdf", ".docx")):
            assert gold["section"] in sections_of(gold["source"]), gold
        else:
            assert gold["section"] in text_of(gold["source"]), gold


@ids
def test_a_required_quote_stands_literally_in_a_gold_section(row: dict) -> None:
    for quote in row["expected"]["must_quote"]:
        texts = [
            sections_of(gold["source"]).get(gold["section"], text_of(gold["source"]))
            for gold in row["expected"]["gold"]
        ]
        assert any(quote in plain(text) for text in texts), quote


@ids
def test_a_ticket_to_be_published_has_a_gold_section_and_one_to_be_refused_has_none(row: dict) -> None:
    expected = row["expected"]
    if "PUBLISH" in expected["outcome"]:
        assert expected["gold"]
    if set(row["traits"]) & {"vague", "unknown-code", "unanswerable", "wrong-product"}:
        assert not expected["gold"]
        assert not expected["must_quote"]


def test_an_unknown_code_is_in_no_document_of_its_product() -> None:
    prefix = {"EV_CHARGER": "xc-200", "INVERTER": "meriggio", "HVAC": "tepora"}
    for row in ROWS:
        code = row["ticket"].get("error_code")
        if code and {"unknown-code", "wrong-product"} & set(row["traits"]):
            own = prefix[row["ticket"]["asset"]["product_type"]]
            texts = [text_of(path.name) for path in KNOWLEDGE.iterdir() if path.name.startswith(own)]
            assert not any(code in text for text in texts), row["id"]


def test_there_are_sixty_codes_and_both_languages_define_them() -> None:
    def codes(*names: str) -> set[str]:
        pattern = r"(?m)^(?:### |\| |  - code: )([EFHW]\d{3})\b"
        return {code for name in names for code in re.findall(pattern, text_of(name))}

    charger, pump = codes("xc-200-manuale-it.md"), codes("tepora-manuale-it.md")
    inverter = codes("meriggio-manuale-it.md")
    assert charger == codes("xc-200-manual-en.md")
    assert pump == codes("tepora-manual-en.md")
    assert inverter == codes("meriggio-errors-en.yaml")
    assert min(len(charger), len(pump), len(inverter)) >= 20
    assert len(charger) + len(pump) + len(inverter) >= 60
    assert len(charger & pump) >= 5  # the model on the ticket has to decide


def test_the_samples_are_many_and_varied() -> None:
    traits = {trait for row in ROWS for trait in row["traits"]}
    assert len(ROWS) >= 60
    assert {row["ticket"]["lang"] for row in ROWS} == {"it", "en"}
    assert traits >= {"code", "lay", "vague", "pii", "injection", "unknown-code", "unanswerable", "bulletin"}
    assert len({row["id"] for row in ROWS}) == len(ROWS)
    assert len({row["ticket"]["symptom_text"] for row in ROWS}) == len(ROWS)


def test_the_readme_question_is_the_first_sample() -> None:
    assert ROWS[0]["ticket"]["symptom_text"] == "Errore E029 sulla XC-200, si spegne dopo 5 minuti"


def test_the_built_pdf_is_what_its_source_gives(tmp_path: Path) -> None:
    from tools.demo_documents import PDF_INFO, build_pdf

    build_pdf(EXAMPLES / "sources" / "tepora-messa-in-servizio-it.md", tmp_path / "again.pdf", PDF_INFO)
    assert (tmp_path / "again.pdf").read_bytes() == (
        KNOWLEDGE / "tepora-messa-in-servizio-it.pdf"
    ).read_bytes()


def test_no_training_row_is_a_sample_ticket() -> None:
    path = EXAMPLES / "training" / "tickets.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 500
    assert {row["label"] for row in rows} == set(TAXONOMY.categories)
    samples = {row["ticket"]["symptom_text"].casefold().strip() for row in ROWS}
    assert not samples & {row["text"].casefold().strip() for row in rows}
