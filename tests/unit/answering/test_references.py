"""What a passage points to is read out of its words."""

import pytest

from rimedio.answering.references import is_named, is_section, references_in


@pytest.mark.parametrize(
    ("text", "codes", "sections", "names"),
    [
        ("Se tace, vedi E017.", ("E017",), (), ()),
        ("For the key see error E045 or E046.", ("E045", "E046"), (), ()),
        ("Isolate as in section 1.2, then follow.", (), ("1.2",), ()),
        ("Sostituirla seguendo la sezione 7.3.", (), ("7.3",), ()),
        ("indicata nel manuale (sezioni 4.4 e 7.6)", (), ("4.4", "7.6"), ()),
        ("See “Viewing the error history” first.", (), (), ("Viewing the error history",)),
        ("Replace the fuse of 250 A and see that it holds.", (), (), ()),
        ("E029 is an overtemperature.", (), (), ()),
    ],
)
def test_references_are_found(text, codes, sections, names):
    found = references_in(text)

    assert (found.codes, found.sections, found.names) == (codes, sections, names)


def test_a_code_is_no_reference_to_itself():
    assert not references_in("see E029 again", own=("E029",))


def test_section_numbers_match_whole_numbers_only(chunk):
    section = chunk("x", section=("7 Maintenance", "7.2 Air filter"))

    assert is_section(section, "7.2")
    assert is_section(section, "7")
    assert not is_section(section, "7.20")
    assert not is_section(chunk("x", section=("7.21 Other",)), "7.2")
    assert is_named(section, "air filter")
