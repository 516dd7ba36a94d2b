"""One call of a chat model: guardrail, answer, limits, guardrail again, usage."""

import time
from collections.abc import Callable
from dataclasses import replace

from rimedio.bedrock_local.answers import Answers
from rimedio.bedrock_local.prompt import Prompt, Reply, Usage
from rimedio.bedrock_local.prompt_cache import PromptCache

INTERVENED = "guardrail_intervened"


class Chat:
    """Answers prompts as a model behind the service would."""

    def __init__(self, answers: Answers, cache: PromptCache, count: Callable[[str], int]) -> None:
        self._answers = answers
        self._cache = cache
        self._count = count

    def reply(self, prompt: Prompt) -> Reply:
        """The reply. Raises ValidationError."""
        started = time.perf_counter()
        text = self._answers.text_for(prompt)
        reply = Reply(text, "tool_use" if prompt.tool else "end_turn", Usage(0, 0), 0, tool=prompt.tool)
        reply = self._limited(_stopped(reply, prompt), prompt)
        usage = self._cache.usage(prompt, self._count(reply.text))
        return replace(reply, usage=usage, latency_ms=round((time.perf_counter() - started) * 1000))

    def _limited(self, reply: Reply, prompt: Prompt) -> Reply:
        """The reply cut at the most tokens that may be written; a tool's input cut in two is no tool use."""
        most = prompt.max_tokens
        if most is None or self._count(reply.text) <= most:
            return reply
        low, high = 0, len(reply.text)
        while low < high:  # the longest beginning that fits
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self._count(reply.text[:middle]) <= most else (low, middle - 1)
        return replace(reply, text=reply.text[:low], stop="max_tokens", tool=None, stopped_at=None)


def _stopped(reply: Reply, prompt: Prompt) -> Reply:
    """The reply up to the first stop sequence."""
    if reply.tool:
        return reply
    found = [(at, stop) for stop in prompt.stop if (at := reply.text.find(stop)) >= 0]
    if not found:
        return reply
    at, stop = min(found)
    return replace(reply, text=reply.text[:at], stop="stop_sequence", stopped_at=stop)
