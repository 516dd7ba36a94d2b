"""What is said is found in what was given; Rimedio's own prompts are answered by the parts they stand for."""

import json
from typing import Any

import fastjsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rimedio.answering.context import Context, ContextEntry
from rimedio.answering.extractive.writer import ExtractiveWriter
from rimedio.answering.generate import REPLY_SCHEMA
from rimedio.answering.prompt_text import written_passages, written_question
from rimedio.answering.question import Question
from rimedio.bedrock_local.answers import Answers, draft_body
from rimedio.bedrock_local.errors import ValidationError
from rimedio.bedrock_local.filled_schema import filled
from rimedio.bedrock_local.models import LaptopModels
from rimedio.bedrock_local.prompt import Prompt, Turn
from rimedio.domain.knowledge import Chunk, DocType, Passage, Signals
from rimedio.llm.prompts import PromptRegistry
from rimedio.llm.prompts.fencing import fence
from rimedio.llm.tokens import CharacterTokenCounter

MODELS = LaptopModels(CharacterTokenCounter())
TEXT = "The belt lasts 400 hours. The lamp is green when all is well.\nWhat colour has the lamp?"


def asked(text: str, **more: Any) -> Prompt:
    return Prompt("m", (Turn("user", text),), **more)


def generation() -> tuple[Question, Context, Prompt]:
    chunk = Chunk(
        chunk_id="c", document_id="d", tenant_id="t", ordinal=0, text="E029: the fan is blocked.\nRemedy: clean the fan.",
        source_uri="", source_title="Manual", doc_type=DocType.MANUAL, language="en", error_codes=("E029",),
    )  # fmt: skip
    context = Context((ContextEntry(1, Passage(chunk, 1, 1.0, Signals()), chunk.text, 9),), 9, 99)
    question = Question("E029, what now?", "en", ("E029",))
    values = {"products": "-", "codes": "E029", "passages": written_passages(context)}
    values["question"] = written_question(question, question.text)
    rendered = PromptRegistry.shipped().get("rag_generation", "en").render(values)
    return (
        question,
        context,
        asked(rendered.messages[-1].text, system=rendered.messages[0].text, schema=REPLY_SCHEMA),
    )


def test_the_generation_prompt_is_answered_by_the_extractive_writer() -> None:
    question, context, prompt = generation()
    said = json.loads(Answers(MODELS).text_for(prompt))
    assert said == draft_body(ExtractiveWriter().write(question, context))
    assert said["steps"]
    fastjsonschema.validate(REPLY_SCHEMA, said)


def test_a_repair_is_asked_with_the_same_question_and_gets_the_same_answer() -> None:
    _, _, prompt = generation()
    again = (*prompt.turns, Turn("assistant", "Sure!"), Turn("user", "Your reply cannot be used."))
    answers = Answers(MODELS)
    assert answers.text_for(Prompt("m", again, schema=REPLY_SCHEMA)) == answers.text_for(prompt)


@pytest.mark.parametrize("language", ["it", "en"])
def test_the_one_classifier_is_no_second_opinion_on_itself(language: str) -> None:
    template = PromptRegistry.shipped().get("classification", language)
    values = {"ticket": fence("ticket", "La ventola non gira"), "categories": "COOLING\nPOWER"}
    said = json.loads(Answers(MODELS).text_for(asked(template.render(values).messages[-1].text)))
    assert (said["category"], said["confidence"]) == ("UNKNOWN", 0.0)


def test_other_prompts_get_a_sentence_of_theirs() -> None:
    assert Answers(MODELS).text_for(asked(TEXT)) == "The lamp is green when all is well."


def test_the_system_prompt_is_read_where_the_user_gives_nothing_else() -> None:
    prompt = asked("What colour has the lamp?", system="The lamp is green. The belt is black.")
    assert Answers(MODELS).text_for(prompt) == "The lamp is green."


def test_nothing_is_invented() -> None:
    assert (
        Answers(MODELS).text_for(asked("Quanto costa il pane?")) == "Il testo dato non contiene una risposta."
    )


SCHEMAS = st.recursive(
    st.one_of(
        st.builds(lambda: {"type": "boolean"}),
        st.builds(lambda low: {"type": "integer", "minimum": low}, st.integers(-5, 5)),
        st.builds(lambda most: {"type": "string", "maxLength": most}, st.integers(1, 9)),
        st.builds(lambda values: {"enum": values}, st.lists(st.text(min_size=1), min_size=1)),
        st.builds(lambda: {"type": ["null", "number"]}),
    ),
    lambda inner: st.one_of(
        st.builds(
            lambda i, n: {"type": "array", "items": i, "minItems": n, "maxItems": n + 2},
            inner,
            st.integers(0, 3),
        ),
        st.builds(
            lambda p: {"type": "object", "properties": p, "required": list(p), "additionalProperties": False},
            st.dictionaries(st.text("abcd", min_size=1), inner, max_size=3),
        ),
        st.builds(lambda i: {"anyOf": [i, {"type": "null"}]}, inner),
    ),
    max_leaves=6,
)


@settings(max_examples=40, deadline=None)
@given(SCHEMAS)
def test_any_schema_of_a_usual_kind_is_satisfied(schema: dict[str, Any]) -> None:
    fastjsonschema.validate(schema, filled(schema, asked(TEXT)))


def test_references_are_followed_and_endless_ones_end() -> None:
    node: dict[str, Any] = {
        "type": "object",
        "properties": {"next": {"$ref": "#/$defs/node"}, "text": {"type": "string"}},
    }
    found = filled({"$ref": "#/$defs/node", "$defs": {"node": node}}, asked(TEXT))
    assert found["text"]


def test_an_invalid_schema_is_refused() -> None:
    with pytest.raises(ValidationError):
        filled({"type": "object", "properties": {"a": {"type": "colour"}}, "required": ["a"]}, asked(TEXT))
