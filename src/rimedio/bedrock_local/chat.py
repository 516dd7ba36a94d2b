"""One call of a chat model: guardrail, answer, limits, guardrail again, usage."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rimedio.bedrock_local.answers import Answers
from rimedio.bedrock_local.fault_plan import Fault, Kind
from rimedio.bedrock_local.guarding import GROUNDING_SOURCE, QUERY, Assessed, Guard, JsonObject
from rimedio.bedrock_local.guardrail_policy import GuardrailPolicy, Guardrails
from rimedio.bedrock_local.prompt import Guarded, GuardrailChoice, Prompt, Reply, Turn, Usage
from rimedio.bedrock_local.prompt_cache import PromptCache

INTERVENED = "guardrail_intervened"
_FORCED = GuardrailChoice("forced", "DRAFT", trace=True)


@dataclass(frozen=True)
class Chat:
    """Answers prompts as a model behind the service would."""

    answers: Answers
    cache: PromptCache
    guard: Guard
    guardrails: Guardrails
    count: Callable[[str], int]

    def reply(self, prompt: Prompt, fault: Fault | None = None) -> Reply:
        """The reply. Raises ValidationError."""
        started = time.perf_counter()
        if fault is not None and fault.kind is Kind.GUARDRAIL:
            reply = self._refused(GuardrailPolicy().blocked_input, prompt.guardrail or _FORCED, {})
        else:
            reply = self._guarded(prompt)
        if fault is not None and fault.kind is Kind.MALFORMED and not reply.tool:
            reply = replace(reply, text=reply.text[: len(reply.text) // 2])
        return replace(reply, latency_ms=round((time.perf_counter() - started) * 1000))

    def _guarded(self, prompt: Prompt) -> Reply:
        choice = prompt.guardrail
        if choice is None:
            return self._plain(prompt)
        policy = self.guardrails.get(choice.identifier)
        parts = prompt.guarded or tuple(Guarded(t.text) for t in prompt.turns if t.role == "user")
        before = self.guard.look(policy, parts, output=False)
        trace: JsonObject = {"inputAssessment": {_name(choice): before.assessment}}
        if before.blocked:
            trace["actionReason"] = before.reason
            return self._refused(policy.blocked_input, choice, trace)
        reply = self._plain(_masked(prompt, parts, before))
        if reply.tool:  # the service does not look at what a tool is called with
            return replace(reply, trace=trace if choice.trace else None)
        after = self.guard.look(policy, _answer_parts(prompt, reply.text), output=True)
        trace["outputAssessments"] = {_name(choice): [after.assessment]}
        if choice.trace:
            trace["modelOutput"] = [reply.text]
        if after.intervened:
            trace["actionReason"] = after.reason
            text = policy.blocked_output if after.blocked else after.texts[-1]
            reply = replace(reply, text=text, stop=INTERVENED, stopped_at=None)
        return replace(reply, trace=trace if choice.trace else None)

    def _refused(self, text: str, choice: GuardrailChoice, trace: JsonObject) -> Reply:
        """What is said when the model was not even asked: nothing is paid for it."""
        return Reply(text, INTERVENED, Usage(0, 0), 0, trace=trace if choice.trace else None)

    def _plain(self, prompt: Prompt) -> Reply:
        text = self.answers.text_for(prompt)
        reply = Reply(text, "tool_use" if prompt.tool else "end_turn", Usage(0, 0), 0, tool=prompt.tool)
        reply = self._limited(_stopped(reply, prompt), prompt)
        return replace(reply, usage=self.cache.usage(prompt, self.count(reply.text)))

    def _limited(self, reply: Reply, prompt: Prompt) -> Reply:
        """The reply cut at the most tokens that may be written; a tool's input cut in two is no tool use."""
        most = prompt.max_tokens
        if most is None or self.count(reply.text) <= most:
            return reply
        low, high = 0, len(reply.text)
        while low < high:  # the longest beginning that fits
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.count(reply.text[:middle]) <= most else (low, middle - 1)
        return replace(reply, text=reply.text[:low], stop="max_tokens", tool=None, stopped_at=None)


def _name(choice: GuardrailChoice) -> str:
    return choice.identifier.rpartition("/")[2]


def _masked(prompt: Prompt, parts: Sequence[Guarded], seen: Assessed) -> Prompt:
    """The prompt as the model may see it."""
    if not seen.masked:
        return prompt
    guarded = [
        p.text for p in parts if GROUNDING_SOURCE not in p.qualifiers or "guard_content" in p.qualifiers
    ]

    def shown(text: str) -> str:
        for before, after in zip(guarded, seen.texts, strict=True):
            text = text.replace(before, after)
        return text

    return replace(prompt, turns=tuple(Turn(t.role, shown(t.text)) for t in prompt.turns))


def _answer_parts(prompt: Prompt, text: str) -> list[Guarded]:
    """The answer, and what it is measured by."""
    measured = [p for p in prompt.guarded if {GROUNDING_SOURCE, QUERY} & set(p.qualifiers)]
    plain = [replace(p, qualifiers=tuple(q for q in p.qualifiers if q != "guard_content")) for p in measured]
    return [*plain, Guarded(text, ("guard_content",))]


def _stopped(reply: Reply, prompt: Prompt) -> Reply:
    """The reply up to the first stop sequence."""
    if reply.tool:
        return reply
    found = [(at, stop) for stop in prompt.stop if (at := reply.text.find(stop)) >= 0]
    if not found:
        return reply
    at, stop = min(found)
    return replace(reply, text=reply.text[:at], stop="stop_sequence", stopped_at=stop)
