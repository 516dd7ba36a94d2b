"""The body of Anthropic's Messages API, as InvokeModel carries it, and its answers whole or in chunks."""

import json
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from rimedio.bedrock_local.errors import ValidationError
from rimedio.bedrock_local.pieces import pieces_of, tool_use_id
from rimedio.bedrock_local.prompt import CachePoint, GuardrailChoice, Prompt, Reply, Turn

JsonObject = dict[str, Any]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _CacheControl(_Part):
    type: Literal["ephemeral"]
    ttl: Literal["5m", "1h"] = "5m"


class _Block(_Part):
    type: str
    text: str | None = None
    input: Any = None
    content: "str | list[_Block] | None" = None
    cache_control: _CacheControl | None = None


class _Message(_Part):
    role: Literal["user", "assistant"]
    content: str | Annotated[list[_Block], Field(min_length=1)]


class _Tool(_Part):
    name: str
    description: str = ""
    input_schema: JsonObject = {}
    cache_control: _CacheControl | None = None


class _ToolChoice(_Part):
    type: Literal["auto", "any", "tool", "none"]
    name: str | None = None


class _Format(_Part):
    type: Literal["json_schema"]
    schema_: JsonObject = Field(alias="schema")


class _OutputConfig(_Part):
    format: _Format | None = None


class AnthropicBody(_Part):
    """A request to Claude."""

    anthropic_version: Literal["bedrock-2023-05-31"]
    max_tokens: Annotated[int, Field(ge=1)]
    messages: Annotated[list[_Message], Field(min_length=1)]
    system: str | list[_Block] = ""
    stop_sequences: list[str] = []
    temperature: Annotated[float, Field(ge=0, le=1)] | None = None
    tools: list[_Tool] = []
    tool_choice: _ToolChoice | None = None
    output_config: _OutputConfig | None = None


def anthropic_prompt(raw: bytes, model: str, guardrail: GuardrailChoice | None = None) -> Prompt:
    """The prompt of a body. Raises pydantic's ValidationError and our own."""
    body = AnthropicBody.model_validate_json(raw)
    if body.messages[0].role != "user":
        raise ValidationError('messages: first message must use the "user" role')
    reader = _Reader()
    tools = "\n".join(map(reader.tool, body.tools))
    system = reader.text(body.system, "system")
    turns = tuple(Turn(m.role, reader.text(m.content, f"messages.{n}")) for n, m in enumerate(body.messages))
    tool, schema = _wanted(body)
    return Prompt(
        model=model,
        turns=turns,
        system=system,
        max_tokens=body.max_tokens,
        stop=tuple(body.stop_sequences),
        schema=schema,
        tool=tool,
        cache_points=tuple(reader.points),
        guardrail=guardrail,
        extra=tools,
    )


def _wanted(body: AnthropicBody) -> tuple[str | None, JsonObject | None]:
    choice = body.tool_choice
    if choice is not None and choice.type in {"any", "tool"}:
        chosen = [t for t in body.tools if choice.name in {None, t.name}]
        if not chosen:
            raise ValidationError(f"tool_choice.name: Tool {choice.name!r} not found in provided tools")
        return chosen[0].name, chosen[0].input_schema
    wanted = body.output_config.format if body.output_config else None
    return None, wanted.schema_ if wanted else None


class _Reader:
    """Reads blocks in their order and keeps cache points on the way."""

    def __init__(self) -> None:
        self.points: list[CachePoint] = []
        self._sent: list[str] = []

    def tool(self, tool: _Tool) -> str:
        """A tool as it counts in tokens."""
        return self._kept(
            f"{tool.name} {tool.description} {json.dumps(tool.input_schema)}", tool.cache_control
        )

    def text(self, content: str | Sequence[_Block], place: str) -> str:
        """The text of a message."""
        if isinstance(content, str):
            if not content.strip() and place != "system":
                raise ValidationError(f"{place}: text content blocks must be non-empty")
            return self._kept(content, None)
        return "\n\n".join(filter(None, (self._block(b, place) for b in content)))

    def _block(self, block: _Block, place: str) -> str:
        return self._kept(self._said(block, place), block.cache_control)

    def _said(self, block: _Block, place: str) -> str:
        if block.type == "text":
            if not (block.text or "").strip():
                raise ValidationError(f"{place}: text content blocks must be non-empty")
            return block.text or ""
        if block.type == "tool_result":
            inner = block.content
            return inner if isinstance(inner, str) else "\n".join(b.text or "" for b in inner or [])
        if block.type == "tool_use":
            return json.dumps(block.input, ensure_ascii=False)
        if block.type in {"thinking", "redacted_thinking"}:
            return ""
        raise ValidationError(f"{place}: the models behind this endpoint read text, no {block.type}.")

    def _kept(self, text: str, control: _CacheControl | None) -> str:
        self._sent.append(text)
        if control is not None:
            self.points.append(CachePoint("\n".join(self._sent), control.ttl))
        return text


def anthropic_message(reply: Reply, prompt: Prompt) -> JsonObject:
    """The answer in one piece."""
    return {
        **_head(reply, prompt),
        "content": [
            _opened(reply) | ({"input": json.loads(reply.text)} if reply.tool else {"text": reply.text})
        ],
        **_end(reply),
        "usage": _usage(reply),
    }


def anthropic_chunks(reply: Reply, prompt: Prompt) -> Iterator[JsonObject]:
    """The answer as the events of the Messages API."""
    started = _head(reply, prompt) | {"content": [], "stop_reason": None, "stop_sequence": None}
    yield {"type": "message_start", "message": started | {"usage": _usage(reply) | {"output_tokens": 1}}}
    empty: JsonObject = {"input": {}} if reply.tool else {"text": ""}
    opened = _opened(reply) | empty
    yield {"type": "content_block_start", "index": 0, "content_block": opened}
    for piece in pieces_of(reply.text):
        delta = (
            {"type": "input_json_delta", "partial_json": piece}
            if reply.tool
            else {"type": "text_delta", "text": piece}
        )
        yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    yield {"type": "message_delta", "delta": _end(reply), "usage": {"output_tokens": reply.usage.output}}
    yield {"type": "message_stop"}


def _head(reply: Reply, prompt: Prompt) -> JsonObject:
    made = f"msg_bdrk_{tool_use_id(reply.text).removeprefix('tooluse_')}"
    return {"id": made, "type": "message", "role": "assistant", "model": prompt.model}


def _opened(reply: Reply) -> JsonObject:
    if reply.tool:
        return {"type": "tool_use", "id": tool_use_id(reply.text), "name": reply.tool}
    return {"type": "text"}


def _end(reply: Reply) -> JsonObject:
    return {"stop_reason": reply.stop, "stop_sequence": reply.stopped_at}


def _usage(reply: Reply) -> JsonObject:
    usage = reply.usage
    return {
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cache_read,
        "output_tokens": usage.output,
    }
