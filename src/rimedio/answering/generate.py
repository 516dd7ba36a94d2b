"""Has a chat model write the draft: strict prompt, schema, one repair, citations by index and quote.

What the model adds beside its sentences (titles, tools, parts, times) is kept only where quotes say it too.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from rimedio.answering.context import Context
from rimedio.answering.prompt_text import written_passages, written_question
from rimedio.answering.proved import notices, proved
from rimedio.answering.question import Question
from rimedio.domain.answer import Draft, DraftSentence, DraftStep, Routing, Section, Severity
from rimedio.domain.errors import GenerationFailed
from rimedio.llm.chat import ChatRequest, Finish, Message, Role
from rimedio.llm.prompts import PromptRegistry
from rimedio.llm.routing import Routed, Router

PROMPT = "rag_generation"
REPAIR_PROMPT = "rag_repair"
_STEPS_MAX = 60
_REPLY_TOKENS_MAX = 5000  # each sentence stands twice in the reply, as text and as quote
_PROBLEM_CHARS_MAX = 600

REPLY_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["steps"],
    "properties": {
        "steps": {
            "type": "array",
            "maxItems": _STEPS_MAX,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["section", "title", "sentences"],
                "properties": {
                    "section": {"enum": [s.value for s in Section]},
                    "title": {"type": "string", "minLength": 1, "maxLength": 200},
                    "severity": {"enum": [s.value for s in Severity]},
                    "estimated_time_minutes": {"type": ["integer", "null"], "minimum": 1, "maximum": 1440},
                    "requires_tools": {"type": "array", "items": {"type": "string"}, "maxItems": 20},
                    "requires_parts": {"type": "array", "items": {"type": "string"}, "maxItems": 20},
                    "sentences": {
                        "type": "array",
                        "minItems": 1,
                        "items": {
                            "type": "object",
                            "additionalProperties": False,
                            "required": ["text", "passage", "quote"],
                            "properties": {
                                "text": {"type": "string", "minLength": 1, "maxLength": 2000},
                                "passage": {"type": "integer", "minimum": 1},
                                "quote": {"type": "string", "minLength": 1, "maxLength": 2000},
                            },
                        },
                    },
                },
            },
        }
    },
}


@dataclass(frozen=True, slots=True)
class Generator:
    """A writer that asks a chat model. `redact` takes personal data out of whatever is sent."""

    router: Router
    prompts: PromptRegistry
    redact: Callable[[str], str] = str

    def write(self, question: Question, context: Context) -> Draft:
        """A draft; no steps when there are no passages or the model says they do not answer.

        Raises GenerationFailed when the reply is unusable after one repair, or what the models raise.
        """
        if not context.entries:
            return Draft(question.language, (), Routing("none", "none", "none", reason="no passages"))
        prompt = self.prompts.get(PROMPT, question.language).render(
            {
                "question": written_question(question, self.redact(question.text)),
                "passages": written_passages(context),
                "products": ", ".join(question.product_models) or "-",
                "codes": ", ".join(question.codes) or "-",
            }
        )
        request = ChatRequest(prompt.messages, _REPLY_TOKENS_MAX, 0.0, REPLY_SCHEMA)
        routed = self.router.complete(request)
        steps, problem = _read(routed, context)
        spent = [routed]
        if steps is None:
            routed = self.router.complete(self._repair(request, routed, problem, question.language))
            spent.append(routed)
            steps, again = _read(routed, context, last=True)
            if steps is None:
                msg = f"{routed.model} gave no usable draft, also after one repair: {again}"
                raise GenerationFailed(msg)
            problem = f"{problem}; {again}" if again else problem
        order = list(Section)
        return Draft(
            language=question.language,
            steps=proved(sorted(steps, key=lambda s: order.index(s.section)), question, context),
            routing=_routing(spent, prompt.version, problem),
            alternative_actions=notices(question, context) if steps else (),
            tokens_input=sum(r.reply.tokens_input for r in spent),
            tokens_output=sum(r.reply.tokens_output for r in spent),
        )

    def _repair(self, request: ChatRequest, routed: Routed, problem: str, language: str) -> ChatRequest:
        said = self.prompts.get(REPAIR_PROMPT, language).render({"problem": problem[:_PROBLEM_CHARS_MAX]})
        messages = (*request.messages, Message(Role.ASSISTANT, routed.reply.text), *said.messages)
        return ChatRequest(messages, request.max_tokens, request.temperature, request.json_schema)


def _read(
    routed: Routed, context: Context, *, last: bool = False
) -> tuple[tuple[DraftStep, ...] | None, str]:
    """The steps of a reply, or None and what is wrong with it. The `last` time false indices are dropped."""
    if routed.reply.finish is Finish.GUARDRAIL:
        raise GenerationFailed(f"{routed.model} stopped the reply by its own guardrail.")
    if routed.reply.finish is Finish.LENGTH:
        return None, f"the reply was cut off at {_REPLY_TOKENS_MAX} tokens; write fewer steps"
    import fastjsonschema

    try:
        value = _schema_check()(json.loads(_json_part(routed.reply.text)))
    except json.JSONDecodeError as error:
        return None, f"it is not JSON: {error}"
    except fastjsonschema.JsonSchemaException as error:
        return None, f"it breaks the schema: {error.message}"
    steps = tuple(_step(raw) for raw in value["steps"])
    known = set(range(1, len(context.entries) + 1))
    wrong = sorted({s.passage for step in steps for s in step.sentences} - known)
    if not wrong:
        return steps, ""
    if not last:
        return None, f"passages {wrong} do not exist; there are 1 to {len(context.entries)}"
    kept = (replace(step, sentences=tuple(s for s in step.sentences if s.passage in known)) for step in steps)
    return tuple(s for s in kept if s.sentences), f"dropped what cited passages {wrong}, which do not exist"


def _json_part(text: str) -> str:
    """The JSON object inside a reply that talks around it or fences it."""
    start, end = text.find("{"), text.rfind("}")
    return text[start : end + 1] if 0 <= start < end else text


@cache
def _schema_check() -> Callable[[object], Any]:
    import fastjsonschema

    check: Callable[[object], Any] = fastjsonschema.compile(REPLY_SCHEMA)
    return check


def _step(raw: Mapping[str, Any]) -> DraftStep:
    return DraftStep(
        section=Section(raw["section"]),
        title=raw["title"],
        sentences=tuple(DraftSentence(s["text"], s["passage"], s["quote"]) for s in raw["sentences"]),
        severity=Severity(raw.get("severity", Severity.INFO)),
        estimated_time_minutes=raw.get("estimated_time_minutes"),
        requires_tools=tuple(raw.get("requires_tools", ())),
        requires_parts=tuple(raw.get("requires_parts", ())),
    )


def _routing(spent: Sequence[Routed], prompt: str, problem: str) -> Routing:
    """Who wrote, and what went wrong on the way."""
    last = spent[-1]
    notes = [r.reason for r in spent if r.reason] + ([f"repaired: {problem}"] if problem else [])
    fallback = any(r.fallback_used for r in spent)
    return Routing(last.provider, last.model, prompt, fallback, " | ".join(notes) or None)
