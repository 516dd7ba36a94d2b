"""Every bad file is refused in one sentence; no bytes under any ending make a reader crash."""

import io
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rimedio.domain.errors import InvalidDocument
from rimedio.knowledge.extract import FORMATS, Limits, extract
from rimedio.knowledge.extract.formats import title_from_name

SMALL = Limits(bytes_max=200_000, text_bytes_max=100_000)


def refusal(data: bytes, name: str, limits: Limits | None = None) -> str:
    with pytest.raises(InvalidDocument) as caught:
        extract(data, name, limits=limits)
    return str(caught.value)


def outcome(data: bytes, name: str) -> bool:
    """Whether a file is read with some text, or refused in one line."""
    try:
        return bool(extract(data, name).text.strip())
    except InvalidDocument as error:
        return "\n" not in str(error) and str(error).endswith((".", ")"))


@pytest.mark.parametrize("suffix", sorted(FORMATS))
def test_an_empty_file_of_any_kind_is_refused_by_name(suffix: str) -> None:
    assert refusal(b"", f"manual{suffix}").startswith(f"manual{suffix} is empty")


@pytest.mark.parametrize("suffix", [".md", ".rst", ".html", ".txt", ".json", ".yaml"])
def test_binary_bytes_under_a_text_ending_are_refused(suffix: str) -> None:
    noise = bytes(range(256)) * 40
    assert "is not text" in refusal(noise, f"manual{suffix}")


def test_an_image_is_named_as_what_it_is() -> None:
    assert "PNG image" in refusal(b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "photo.md")


def test_an_unknown_ending_lists_the_supported_ones() -> None:
    message = refusal(b"some text", "manual.xyz")
    assert "(.xyz)" in message
    assert ".pdf" in message


def test_a_text_above_the_limit_says_its_size_and_what_to_do() -> None:
    message = refusal(b"parola " * 20_000, "big.txt", SMALL)
    assert "0.1 MB at most" in message
    assert "Split" in message


def test_ten_megabytes_of_text_are_accepted_by_default() -> None:
    found = extract(b"Una riga di testo qualunque.\n" * 360_000, "huge.txt")
    assert len(found.text) > 10_000_000


def test_whitespace_alone_is_no_text() -> None:
    assert "empty" in refusal(b" \n\t \n", "blank.md")


def test_a_pdf_is_recognised_whatever_its_ending() -> None:
    assert "damaged" in refusal(b"%PDF-1.7 and then nothing", "manual.txt")


def test_a_docx_that_unpacks_to_too_much_is_refused_before_it_is_unpacked() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"0" * 30_000_000)
    assert "zip bomb" in refusal(packed.getvalue(), "bomb.docx")


def test_a_zip_that_is_no_word_document_is_refused() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("readme.txt", "ciao")
    assert "not a Word document" in refusal(packed.getvalue(), "fake.docx")


def test_an_old_or_encrypted_word_file_is_refused_with_advice() -> None:
    assert "password" in refusal(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old.docx")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"[" * 50_000 + b"]" * 50_000, "deep.json"),
        (b"- " * 30_000 + b"x", "deep.yaml"),
        (b"{" * 3_000 + b"}" * 3_000, "deep.yaml"),
        (b"> " * 20_000 + b"x", "deep.md"),
        (b"<div>" * 30_000 + b"x" + b"</div>" * 30_000, "deep.html"),
    ],
)
def test_deep_nesting_is_refused_in_one_sentence(data: bytes, name: str) -> None:
    message = refusal(data, name)
    assert "nested" in message or "nests" in message
    assert message.count(".") >= 2


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"<div>" * 900 + b"testo" + b"</div>" * 900, "deep.html"),
        (b"<ul><li>" * 300 + b"testo", "deep.html"),
        (b"<table><tr><td>" * 300 + b"testo", "deep.html"),
        (b"".join(b"  " * n + b"- testo\n" for n in range(300)), "deep.md"),
        (b"[" * 5_000 + b"testo", "brackets.md"),
        (b"*" * 20_000 + b"testo", "stars.md"),
        (b"[a](" * 5_000 + b"testo", "links.md"),
    ],
)
def test_odd_nesting_keeps_its_text(data: bytes, name: str) -> None:
    assert "testo" in extract(data, name).text


def test_a_yaml_bomb_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 200)]
    assert "bomb.yaml" in refusal("\n".join(lines).encode(), "bomb.yaml")


def test_a_title_is_made_of_the_file_name_when_the_text_has_none() -> None:
    assert extract(b"Solo una riga.", "XC-200_user_manual.txt").title == "XC-200 user manual"
    assert title_from_name("a/b/guida_rapida.pdf") == "guida rapida"


@pytest.mark.parametrize("suffix", sorted(FORMATS))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.binary(max_size=400))
def test_random_bytes_never_crash_a_reader(suffix: str, data: bytes) -> None:
    assert outcome(data, f"fuzz{suffix}")


LINES = [
    "# ",
    "## E1\n",
    "\n",
    "\n\n",
    "- ",
    "1. ",
    "> ",
    "| a | b |\n",
    "|---|---|\n",
    "```\n",
    "**",
    "`",
    "[x](",
    ")",
]
TAGS = [
    "<div>",
    "</div>",
    "<table>",
    "<td>",
    "<li>",
    "<!--",
    "-->",
    "&amp;",
    ".. note::\n",
    "   ",
    "====\n",
    "::\n\n",
]
SIGNS = [
    ".. list-table::\n",
    "   * - a\n",
    ":ref:`x`",
    "|s|",
    "{",
    "}",
    "[",
    "]",
    ": ",
    "- a: b\n",
    '"',
    ",",
    "testo ",
    "\\",
]
MARKUP = st.lists(st.sampled_from([*LINES, *TAGS, *SIGNS]), max_size=60)


@pytest.mark.parametrize("suffix", [".md", ".rst", ".html", ".json", ".yaml", ".txt"])
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(parts=MARKUP)
def test_broken_markup_never_crashes_a_reader(suffix: str, parts: list[str]) -> None:
    assert outcome("".join(parts).encode(), f"fuzz{suffix}")
