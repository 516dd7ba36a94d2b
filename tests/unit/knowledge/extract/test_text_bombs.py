"""Small files that ask for much work: each is read or refused, within its allowance, and ends nothing else."""

import io
import zipfile

import pytest

from rimedio.domain.errors import InvalidDocument
from rimedio.knowledge.extract import extract
from rimedio.knowledge.extract.formats import COSTS

NINE = range(9)


def nested(item: str, level: str) -> str:
    """Eleven levels, each nine times the one below: 31 billion values out of 500 bytes."""
    lines = [f"a0: &a0 {item}"]
    lines += [level.format(n=n, below=", ".join([f"*a{n - 1}"] * 9)) for n in range(1, 12)]
    return "\n".join(lines)


LISTS = nested("[x, x]", "a{n}: &a{n} [{below}]")
MERGES = nested("{k: 1}", "a{n}: &a{n} {{<<: [{below}]}}")


def word(body: str, head: str = "") -> bytes:
    """A Word document of one part."""
    office = "http://schemas.openxmlformats.org/"
    main = f"{office}wordprocessingml/2006/main"
    kinds = f"{office}package/2006/content-types"
    document = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    links = f"{office}package/2006/relationships"
    link = (
        f'Id="r1" Type="{office}officeDocument/2006/relationships/officeDocument" Target="word/document.xml"'
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{kinds}"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
            f'relationships+xml"/><Override PartName="/word/document.xml" ContentType="{document}"/></Types>',
        )
        archive.writestr(
            "_rels/.rels", f'<Relationships xmlns="{links}"><Relationship {link}/></Relationships>'
        )
        archive.writestr(
            "word/document.xml", f'{head}<w:document xmlns:w="{main}"><w:body>{body}</w:body></w:document>'
        )
    return packed.getvalue()


def test_a_yaml_whose_parts_repeat_each_other_without_end_is_refused() -> None:
    with pytest.raises(InvalidDocument, match="repeats parts of itself to more than"):
        extract(LISTS.encode(), "bomb.yaml")


@pytest.mark.parametrize("text", ["a: &a [*a, x]", "a: &a {k: *a}"])
def test_a_yaml_that_contains_itself_is_refused(text: str) -> None:
    with pytest.raises(InvalidDocument, match="repeats parts of itself"):
        extract(text.encode(), "self.yaml")


def test_merges_of_merges_are_refused_by_the_work_they_make() -> None:
    with pytest.raises(InvalidDocument, match=r"^bomb\.yaml (?:takes far more work|unfolds)"):
        extract(MERGES.encode(), "bomb.yaml")


def test_a_yaml_that_uses_its_aliases_is_read() -> None:
    entries = "\n".join(f"E{n}:\n  <<: *shared\n  remedy: premere {n}" for n in range(100, 300))
    found = extract(f"shared: &shared {{cause: acqua bassa}}\n{entries}".encode(), "codes.yaml")
    assert found.text.count("acqua bassa") == 201


@pytest.mark.parametrize("fields", [LISTS, MERGES], ids=["lists", "merges"])
def test_front_matter_that_is_a_bomb_leaves_the_text(fields: str) -> None:
    found = extract(f"---\n{fields}\n---\n# Titolo\n\nTesto.\n".encode(), "bomb.md")
    assert found.text == "Titolo\n\nTesto."
    assert sum(map(len, found.attributes.values())) < 2 * len(fields)


@pytest.mark.parametrize("mark", ["![", "[a](", "[a][", "a <!-- "])
def test_marks_without_an_end_cost_no_search_for_one(mark: str) -> None:
    size = COSTS["markdown"].here // len(mark)
    assert mark.strip() in extract(f"{mark * size}testo".encode(), "open.md").text


def test_a_large_markdown_of_marks_that_all_look_for_their_end_is_stopped() -> None:
    with pytest.raises(InvalidDocument, match=r"^bomb\.md takes far more work"):
        extract(b"**a " * 60_000, "bomb.md")


def test_a_word_table_cell_that_spans_millions_of_columns_is_refused() -> None:
    cell = '<w:tc><w:tcPr><w:gridSpan w:val="900000000"/></w:tcPr><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc>'
    with pytest.raises(InvalidDocument, match=r"^bomb\.docx (?:takes far more work|unfolds)"):
        extract(word(f"<w:tbl><w:tr>{cell}</w:tr></w:tbl>"), "bomb.docx")


def test_entities_of_a_word_document_are_not_written_out() -> None:
    names = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    head = f'<!DOCTYPE d [<!ENTITY a0 "testo"><!ENTITY f SYSTEM "file:///etc/passwd">{names}]>'
    paragraph = "<w:p><w:r><w:t>prima {}</w:t></w:r></w:p>"
    with pytest.raises(InvalidDocument):
        extract(word(paragraph.format("&a9;"), head), "bomb.docx")
    assert extract(word(paragraph.format("&f;"), head), "file.docx").text == "prima"


def test_a_restructured_text_reads_no_other_file() -> None:
    source = b".. include:: /etc/passwd\n\n.. csv-table:: T\n   :file: /etc/passwd\n\n.. raw:: html\n   :url: http://127.0.0.1/\n\ntesto\n"
    assert "root:" not in extract(source, "open.rst").text
