"""What Converse and ConverseStream answer, as chat replies."""

import json
from collections.abc import Mapping
from typing import Any

from rimedio.domain.errors import GenerationFailed
from rimedio.llm.chat import ChatReply, Finish
from rimedio.llm.tokens import TokenCounter

REPLY_CHARS_MAX = 4 * 1024 * 1024
INTERVENED = "guardrail_intervened"
# A malformed output is a reply like others: its tokens are paid, and whoever asked repairs it.
FINISHES: Mapping[str, Finish] = {
    "end_turn": Finish.STOP,
    "stop_sequence": Finish.STOP,
    "tool_use": Finish.STOP,
    "malformed_model_output": Finish.STOP,
    "malformed_tool_use": Finish.STOP,
    "max_tokens": Finish.LENGTH,
    "model_context_window_exceeded": Finish.LENGTH,
    INTERVENED: Finish.GUARDRAIL,
    "content_filtered": Finish.GUARDRAIL,
}
_LONG = "1h"


def reply_of(body: Mapping[str, Any], model: str, tier: str = "") -> ChatReply:
    """The reply in an answer of Converse. Raises GenerationFailed when it holds none."""
    try:
        blocks = body["output"]["message"]["content"]
        texts = [b["text"] for b in blocks if "text" in b]
        arguments = [json.dumps(b["toolUse"]["input"], ensure_ascii=False) for b in blocks if "toolUse" in b]
        stop = str(body["stopReason"])
        usage = body.get("usage") or {}
        served = str((body.get("serviceTier") or {}).get("type") or tier)
    except (KeyError, TypeError, AttributeError) as error:
        msg = f"{model} sent no message ({error!r}). Another model may answer."
        raise GenerationFailed(msg) from error
    answered = arguments if arguments and stop not in {INTERVENED, "content_filtered"} else texts
    return _reply("".join(answered), model, stop, usage, served)


def _reply(text: str, model: str, stop: str, usage: Mapping[str, Any], tier: str) -> ChatReply:
    if len(text) > REPLY_CHARS_MAX:
        raise GenerationFailed(f"{model} sent {len(text)} characters; at most {REPLY_CHARS_MAX} are read.")
    read, written = _count(usage, "cacheReadInputTokens"), _count(usage, "cacheWriteInputTokens")
    details = usage.get("cacheDetails") or ()
    long = sum(_count(part, "inputTokens") for part in details if part.get("ttl") == _LONG)
    return ChatReply(
        text=text,
        model=model,
        finish=FINISHES.get(stop, Finish.STOP),
        tokens_input=_count(usage, "inputTokens") + read + written,
        tokens_output=_count(usage, "outputTokens"),
        tokens_cache_read=read,
        tokens_cache_write=written,
        tokens_cache_write_long=min(long, written),
        service_tier=tier,
    )


def _count(usage: Mapping[str, Any], name: str) -> int:
    value = usage.get(name)
    return value if isinstance(value, int) and value > 0 else 0


class StreamedReply:
    """Puts a reply together from the events of ConverseStream. Text without its end is never a reply."""

    def __init__(self, model: str, tier: str = "") -> None:
        self._model = model
        self._tier = tier
        self._texts: list[str] = []
        self._arguments: list[str] = []
        self._length = 0
        self._stop: str | None = None
        self._usage: Mapping[str, Any] = {}

    @property
    def is_whole(self) -> bool:
        """Whether the model said that it has ended."""
        return self._stop is not None

    @property
    def partial(self) -> str:
        """What has come so far."""
        return "".join(self._arguments or self._texts)

    def feed(self, event: Mapping[str, Any]) -> str:
        """Take an event; the piece of text that it brings, often none. Raises GenerationFailed."""
        if "contentBlockDelta" in event:
            return self._delta(event["contentBlockDelta"].get("delta") or {})
        if "messageStop" in event:
            self._stop = str(event["messageStop"].get("stopReason") or "end_turn")
        elif "metadata" in event:
            self._usage = event["metadata"].get("usage") or {}
            self._tier = str((event["metadata"].get("serviceTier") or {}).get("type") or self._tier)
        return ""

    def reply(self, counter: TokenCounter, asked: int) -> ChatReply:
        """The whole reply; where the stream told no usage, tokens are counted here, `asked` being the input."""
        if self._stop is None:
            raise GenerationFailed(f"{self._model} broke off its reply. Another model may answer.")
        blocked = FINISHES.get(self._stop) is Finish.GUARDRAIL
        text = "".join(self._texts) if blocked else self.partial
        usage = self._usage or {"inputTokens": asked, "outputTokens": counter.count(text)}
        return _reply(text, self._model, self._stop, usage, self._tier)

    def _delta(self, delta: Mapping[str, Any]) -> str:
        if "toolUse" in delta:
            piece = str(delta["toolUse"].get("input") or "")
            self._arguments.append(piece)
        else:
            piece = str(delta.get("text") or "")
            self._texts.append(piece)
        self._length += len(piece)
        if self._length > REPLY_CHARS_MAX:
            raise GenerationFailed(f"{self._model} sends more than {REPLY_CHARS_MAX} characters.")
        return piece
