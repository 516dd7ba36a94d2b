"""What the laptop's models say to a prompt: Rimedio's own prompts by the parts they stand for, others by extraction."""

import json
from collections.abc import Mapping
from typing import Any

from rimedio.answering.prompt_text import Asked, read_prompt
from rimedio.bedrock_local.extraction import extracted_answer
from rimedio.bedrock_local.filled_schema import filled
from rimedio.bedrock_local.models import LaptopModels
from rimedio.bedrock_local.opinions import opinion_of
from rimedio.bedrock_local.prompt import Prompt
from rimedio.domain.answer import Draft, DraftStep


class Answers:
    """Answers prompts."""

    def __init__(self, models: LaptopModels) -> None:
        self._models = models

    def text_for(self, prompt: Prompt) -> str:
        """The reply's text; JSON where a schema or Rimedio's own prompt asks for it."""
        asked = read_prompt(prompt.asked)
        if asked is not None and asked.context.entries and _wants_steps(prompt.schema):
            return _json(draft_body(self._draft(asked)))
        opinion = opinion_of(prompt.asked)
        if opinion is not None and prompt.schema is None:
            return _json(opinion)
        if prompt.schema is not None:
            return _json(filled(prompt.schema, prompt, opinion))
        return extracted_answer(prompt)

    def _draft(self, asked: Asked) -> Draft:
        return self._models.writer.write(asked.question, asked.context)


def _wants_steps(schema: Mapping[str, Any] | None) -> bool:
    """Whether the reply may be a draft: its schema has steps, or there is none and the prompt says so."""
    return schema is None or "steps" in schema.get("properties", {})


def draft_body(draft: Draft) -> dict[str, Any]:
    """A draft as the generation prompt wants it."""
    return {"steps": [_step(step) for step in draft.steps]}


def _step(step: DraftStep) -> dict[str, Any]:
    return {
        "section": step.section.value,
        "title": step.title,
        "severity": step.severity.value,
        "sentences": [{"text": s.text, "passage": s.passage, "quote": s.quote} for s in step.sentences],
        "estimated_time_minutes": step.estimated_time_minutes,
        "requires_tools": list(step.requires_tools),
        "requires_parts": list(step.requires_parts),
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
