"""Bodies of Converse and ConverseStream: the request read strictly, the reply as message or as events."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rimedio.bedrock_local.converse_body import (
    Block,
    CachePointBlock,
    ContentPart,
    ConverseBody,
    Message,
    ToolConfig,
)
from rimedio.bedrock_local.errors import ValidationError
from rimedio.bedrock_local.pieces import pieces_of, tool_use_id
from rimedio.bedrock_local.prompt import CachePoint, Guarded, GuardrailChoice, Prompt, Reply, Turn, Usage

JsonObject = dict[str, Any]
_UNREADABLE = ("image", "video", "audio")


def prompt_of(body: ConverseBody, model: str, guardrail: GuardrailChoice | None = None) -> Prompt:
    """The prompt of a body. Raises ValidationError for what only the service itself would refuse."""
    _check_roles(body.messages)
    reader = _Reader()
    tools = reader.tools(body.tool_config)
    system = reader.blocks(body.system, "system")
    turns = [
        Turn(m.role, reader.blocks(m.content, f"messages.{n}.content")) for n, m in enumerate(body.messages)
    ]
    system = "\n\n".join(filter(None, (system, *(t.text for t in turns if t.role == "system"))))
    forced, schema = _wanted(body)
    guard = body.guardrail_config
    choice = guardrail
    if guard is not None:
        choice = GuardrailChoice(
            guard.guardrail_identifier, guard.guardrail_version, guard.trace != "disabled"
        )
    return Prompt(
        model=model,
        turns=tuple(t for t in turns if t.role != "system"),
        system=system,
        max_tokens=body.inference_config.max_tokens,
        stop=tuple(body.inference_config.stop_sequences),
        schema=schema,
        tool=forced,
        metadata=body.request_metadata,
        cache_points=tuple(reader.points),
        guarded=tuple(reader.guarded),
        guardrail=choice,
        service_tier=body.service_tier.type if body.service_tier else None,
        performance=body.performance_config.latency if body.performance_config else None,
        extra=tools,
    )


def _check_roles(messages: Sequence[Message]) -> None:
    spoken = [m.role for m in messages if m.role != "system"]
    if not spoken or spoken[0] != "user":
        raise ValidationError(
            "A conversation must start with a user message. Try again with a conversation that starts with a "
            "user message."
        )


def _wanted(body: ConverseBody) -> tuple[str | None, Mapping[str, object] | None]:
    """The tool that must be called, and the schema of its input or of the reply."""
    config = body.tool_config
    choice = config.tool_choice if config else None
    if config and choice and (choice.tool or choice.any is not None):
        specs = [t.tool_spec for t in config.tools if t.tool_spec]
        chosen = [s for s in specs if not choice.tool or s.name == choice.tool.name]
        if not chosen:
            raise ValidationError("The tool of toolChoice is not among the tools of toolConfig.")
        return chosen[0].name, chosen[0].input_schema.json_
    if body.output_config is None or body.output_config.text_format is None:
        return None, None
    return None, read_schema(body.output_config.text_format.structure.json_schema.schema_)


def read_schema(text: str) -> Mapping[str, object]:
    """A JSON schema out of its text. Raises ValidationError."""
    try:
        schema = json.loads(text)
    except ValueError as error:
        raise ValidationError(f"outputConfig's jsonSchema.schema is not JSON: {error}") from error
    if not isinstance(schema, dict):
        raise ValidationError("outputConfig's jsonSchema.schema is not a JSON object.")
    return schema


class _Reader:
    """Reads blocks in their order; keeps cache points and guarded texts on the way."""

    def __init__(self) -> None:
        self.points: list[CachePoint] = []
        self.guarded: list[Guarded] = []
        self._sent: list[str] = []

    def tools(self, config: ToolConfig | None) -> str:
        """The tools as they count in tokens."""
        texts: list[str] = []
        for tool in config.tools if config else []:
            if tool.cache_point:
                self._point(tool.cache_point)
            elif tool.tool_spec:
                spec = tool.tool_spec
                texts.append(
                    self._said(f"{spec.name} {spec.description} {json.dumps(spec.input_schema.json_)}")
                )
        return "\n".join(texts)

    def blocks(self, blocks: Sequence[Block], place: str) -> str:
        """Their text, joined by blank lines."""
        texts: list[str] = []
        for number, block in enumerate(blocks):
            if block.cache_point:
                self._point(block.cache_point)
                continue
            texts.append(self._said(self._text(block, f"{place}.{number}")))
        return "\n\n".join(filter(None, texts))

    def _point(self, point: CachePointBlock) -> None:
        self.points.append(CachePoint("\n".join(self._sent), point.ttl))

    def _said(self, text: str) -> str:
        self._sent.append(text)
        return text

    def _text(self, block: Block, place: str) -> str:
        if block.text is not None:
            if not block.text.strip():
                raise ValidationError(
                    f"The text field in the ContentBlock object at {place} is blank. Add text to the text field, "
                    "and try again."
                )
            return block.text
        if block.guard_content and block.guard_content.text:
            marked = block.guard_content.text
            self.guarded.append(Guarded(marked.text, tuple(marked.qualifiers)))
            return marked.text
        return _other_text(block, place)


def _other_text(block: Block, place: str) -> str:
    if block.tool_result:
        return "\n".join(map(_content, block.tool_result.content))
    if block.tool_use:
        return json.dumps(block.tool_use.input, ensure_ascii=False)
    if block.search_result:
        return "\n".join((block.search_result.title, *map(_content, block.search_result.content)))
    if block.document:
        from rimedio.bedrock_local.documents import document_text

        source = block.document.source
        whole = source.text or "\n".join(map(_content, source.content or []))
        return whole or document_text(block.document.name, block.document.format, source.bytes, place)
    if block.reasoning_content is not None or block.citations_content is not None:
        return ""
    unread = next((name for name in _UNREADABLE if getattr(block, name) is not None), None)
    if unread:
        raise ValidationError(f"{place}: the models behind this endpoint read text, no {unread}.")
    raise ValidationError(f"{place}: the content block holds nothing that is known.")


def _content(content: ContentPart) -> str:
    if content.text is not None:
        return content.text
    return json.dumps(content.json_, ensure_ascii=False) if content.json_ is not None else ""


def message_of(reply: Reply, prompt: Prompt) -> JsonObject:
    """The response of Converse."""
    said: JsonObject = {"text": reply.text}
    if reply.tool:
        said = {"toolUse": _tool_use(reply) | {"input": json.loads(reply.text)}}
    out: JsonObject = {
        "output": {"message": {"role": "assistant", "content": [said]}},
        "stopReason": reply.stop,
        "usage": usage_of(reply.usage),
        "metrics": {"latencyMs": reply.latency_ms},
    }
    return out | _settings(reply, prompt)


def events_of(reply: Reply, prompt: Prompt) -> Iterator[tuple[str, JsonObject]]:
    """The events of ConverseStream by name, in the service's order."""
    yield ("messageStart", {"role": "assistant"})
    if reply.tool:
        yield ("contentBlockStart", {"contentBlockIndex": 0, "start": {"toolUse": _tool_use(reply)}})
    for piece in pieces_of(reply.text):
        delta: JsonObject = {"toolUse": {"input": piece}} if reply.tool else {"text": piece}
        yield ("contentBlockDelta", {"contentBlockIndex": 0, "delta": delta})
    yield ("contentBlockStop", {"contentBlockIndex": 0})
    yield ("messageStop", {"stopReason": reply.stop})
    metadata = {"usage": usage_of(reply.usage), "metrics": {"latencyMs": reply.latency_ms}}
    yield ("metadata", metadata | _settings(reply, prompt))


def _tool_use(reply: Reply) -> JsonObject:
    return {"toolUseId": tool_use_id(reply.text), "name": reply.tool}


def _settings(reply: Reply, prompt: Prompt) -> JsonObject:
    out: JsonObject = {}
    if reply.trace is not None:
        out["trace"] = {"guardrail": reply.trace}
    if prompt.service_tier:
        out["serviceTier"] = {"type": prompt.service_tier}
    if prompt.performance:
        out["performanceConfig"] = {"latency": prompt.performance}
    return out


def usage_of(usage: Usage) -> JsonObject:
    """Usage in the words of Converse; cache figures only where a cache point was sent."""
    out: JsonObject = {"inputTokens": usage.input, "outputTokens": usage.output, "totalTokens": usage.total}
    if usage.cache_read or usage.cache_write:
        out |= {"cacheReadInputTokens": usage.cache_read, "cacheWriteInputTokens": usage.cache_write}
        details = [{"ttl": ttl, "inputTokens": count} for ttl, count in usage.written.items() if count]
        out |= {"cacheDetails": details} if details else {}
    return out
