from dataclasses import fields
from typing import Any

import pytest

from rimedio.tickets.lazy_parts import LazyParts
from rimedio.tickets.parts import TaskParts

NEEDED = [field.name for field in fields(TaskParts) if not hasattr(TaskParts, field.name)]


class Maker:
    def __init__(self, name: str, made: list[str]) -> None:
        self.name, self.made = name, made

    def __call__(self) -> str:
        self.made.append(self.name)
        return f"the {self.name}"


def parts_and_made() -> tuple[Any, list[str]]:
    made: list[str] = []
    return LazyParts(**{name: Maker(name, made) for name in NEEDED}), made


def test_a_part_is_made_when_it_is_first_asked_for_and_then_kept() -> None:
    parts, made = parts_and_made()
    assert made == []
    assert parts.clock == parts.clock == "the clock"
    assert made == ["clock"]


def test_a_part_without_a_maker_is_its_default() -> None:
    parts, made = parts_and_made()
    assert (parts.category_sure, parts.fetch) == (0.85, None)
    assert parts.keep_answer("generate", {}, lambda: 7) == 7
    assert made == []


def test_all_parts_can_be_made_at_once() -> None:
    parts, made = parts_and_made()
    whole = parts.all_made()
    assert type(whole) is TaskParts
    assert sorted(made) == sorted(NEEDED)
    assert whole.tickets == "the tickets"


def test_a_maker_that_fails_is_asked_again() -> None:
    answers: list[Any] = [OSError("not yet"), "there"]

    def make() -> object:
        found = answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    parts, _ = parts_and_made()
    parts.makers["answerer"] = make
    with pytest.raises(OSError, match="not yet"):
        _ = parts.answerer
    assert parts.answerer == "there"


def test_an_unknown_part_and_a_missing_one_are_refused() -> None:
    with pytest.raises(TypeError, match="tickets"):
        LazyParts(clock=lambda: None)
    with pytest.raises(TypeError, match="nonsense"):
        LazyParts(**dict.fromkeys([*NEEDED, "nonsense"], lambda: None))
