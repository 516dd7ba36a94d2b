"""Names that people send, made safe."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimedio.tickets.uploads.file_name import NAME_CHARS_MAX, ending_of, safe_name


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("pump.log", "pump.log"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.pdf", "a.pdf"),
        ("a\x00b\r\n.log", "ab.log"),
        ("exe\u202egpj.log", "exegpj.log"),
        ("..", "file"),
        ("/", "file"),
        ("", "file"),
        ('a"<b>.png', "a__b_.png"),
        (".htaccess", "htaccess"),
    ],
)
def test_a_name_keeps_its_last_part_without_anything_hidden(sent: str, kept: str) -> None:
    assert safe_name(sent) == kept


def test_a_long_name_keeps_its_ending() -> None:
    assert safe_name("x" * 500 + ".pdf") == "x" * (NAME_CHARS_MAX - 4) + ".pdf"


@given(st.text())
def test_no_name_leads_anywhere(sent: str) -> None:
    kept = safe_name(sent)
    assert 1 <= len(kept) <= NAME_CHARS_MAX
    assert not {"/", "\\", "\x00", "\n", "\r"} & set(kept)
    assert kept not in (".", "..")


@pytest.mark.parametrize(("name", "ending"), [("a.PDF", ".pdf"), ("a", ""), ("a.p/f", ""), ("a.très", "")])
def test_an_ending_is_letters_and_digits_or_none(name: str, ending: str) -> None:
    assert ending_of(name) == ending
