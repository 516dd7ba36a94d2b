"""A question is checked, cleaned of personal data, and answered for the models that it names."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Never, cast

import pytest

from rimedio.answering.answer import Answerer, Asked
from rimedio.domain.errors import InvalidInput, PolicyRefused
from rimedio.domain.knowledge import Passage
from rimedio.domain.taxonomy import ProductType, Taxonomy
from rimedio.tickets.ask_question import QUESTION_CHARS_MAX, AskQuestion, models_named
from rimedio.tickets.parts import InspectedText

CHARGER = ProductType("EV_CHARGER", {"en": "charger"}, ("XC-200", "XC-200 Pro", "TP-8"), (r"E\d+",))
TAXONOMY = replace(Taxonomy.default(), product_types={"EV_CHARGER": CHARGER})


class Answered(Exception):
    """Carries what the answerer was asked."""


class AskedAnswerer:
    """An answerer that only says what it was asked."""

    def answer(self, asked: Asked) -> Never:
        raise Answered(asked)


@dataclass
class ScriptedGuard:
    seen: InspectedText = field(default_factory=lambda: InspectedText("cleaned"))

    def inspect_request(self, text: str, _names: Sequence[str], _keep: Sequence[str]) -> InspectedText:
        return self.seen

    def suspicious(self, _passages: Sequence[Passage]) -> frozenset[str]:
        return frozenset()


def asking(guard: ScriptedGuard) -> AskQuestion:
    return AskQuestion(cast("Answerer", AskedAnswerer()), guard, TAXONOMY)


def asked(text: str, model: str | None = None, code: str | None = None) -> Asked:
    with pytest.raises(Answered) as caught:
        asking(ScriptedGuard())("acme", text, model=model, code=code)
    found = caught.value.args[0]
    assert isinstance(found, Asked)
    return found


def test_the_answerer_sees_the_cleaned_text_and_the_models_named() -> None:
    assert asked("xc200 di Mario si spegne") == Asked("acme", "cleaned", (), ("XC-200",))


def test_what_is_given_beside_the_question_goes_before_what_it_names() -> None:
    assert asked("xc200 si spegne", model="TP-8", code="E1") == Asked("acme", "cleaned", ("E1",), ("TP-8",))


@pytest.mark.parametrize("text", ["", " \n ", "x" * (QUESTION_CHARS_MAX + 1)])
def test_an_empty_or_endless_question_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        asking(ScriptedGuard())("acme", text)


@pytest.mark.parametrize(
    ("seen", "word"),
    [
        (InspectedText("x", injection=True), "an injection"),
        (InspectedText("x", denied=("weapons",)), "weapons"),
    ],
)
def test_what_the_guardrails_refuse_is_not_answered(seen: InspectedText, word: str) -> None:
    with pytest.raises(PolicyRefused, match=word):
        asking(ScriptedGuard(seen))("acme", "question")


def test_the_longest_model_name_wins() -> None:
    assert models_named("la XC 200 pro non parte", TAXONOMY) == ("XC-200 Pro",)
    assert models_named("XC_200 e tp-8", TAXONOMY) == ("XC-200", "TP-8")
    assert models_named("la pompa non parte", TAXONOMY) == ()
