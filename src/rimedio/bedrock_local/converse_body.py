"""The body of Converse and ConverseStream as the service's API model has it, as far as it is read here."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

JsonObject = dict[str, Any]


class Body(BaseModel):
    """Part of a body: unknown members are left alone, as they may be newer than this."""

    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel)


class CachePointBlock(Body):
    """Marks the end of a prefix that may be kept."""

    type: Literal["default"]
    ttl: Literal["5m", "1h"] = "5m"


class _GuardText(Body):
    text: str
    qualifiers: list[Literal["grounding_source", "query", "guard_content"]] = []


class _GuardContent(Body):
    text: _GuardText | None = None


class ContentPart(Body):
    """Text or JSON inside a tool result, a document or a search result."""

    text: str | None = None
    json_: Any = Field(None, alias="json")


class _ToolResult(Body):
    tool_use_id: str
    content: list[ContentPart]


class _ToolUse(Body):
    tool_use_id: str
    name: str
    input: Any


class _SearchResult(Body):
    source: str
    title: str
    content: list[ContentPart]


class _DocumentSource(Body):
    text: str | None = None
    content: list[ContentPart] | None = None
    bytes: str | None = None


class _Document(Body):
    name: str
    format: str | None = None
    source: _DocumentSource


class Block(Body):
    """One content block."""

    text: str | None = None
    guard_content: _GuardContent | None = None
    cache_point: CachePointBlock | None = None
    tool_use: _ToolUse | None = None
    tool_result: _ToolResult | None = None
    search_result: _SearchResult | None = None
    document: _Document | None = None
    reasoning_content: JsonObject | None = None
    citations_content: JsonObject | None = None
    image: JsonObject | None = None
    video: JsonObject | None = None
    audio: JsonObject | None = None


class Message(Body):
    """One message."""

    role: Literal["user", "assistant", "system"]
    content: Annotated[list[Block], Field(min_length=1)]


class _Inference(Body):
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=1)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    stop_sequences: Annotated[list[Annotated[str, Field(min_length=1)]], Field(max_length=2500)] = []


class _InputSchema(Body):
    json_: JsonObject = Field(alias="json")


class _ToolSpec(Body):
    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
    description: str = ""
    input_schema: _InputSchema


class _Tool(Body):
    tool_spec: _ToolSpec | None = None
    cache_point: CachePointBlock | None = None


class _NamedTool(Body):
    name: str


class _ToolChoice(Body):
    auto: JsonObject | None = None
    any: JsonObject | None = None
    tool: _NamedTool | None = None


class ToolConfig(Body):
    """Tools and which of them must be called."""

    tools: Annotated[list[_Tool], Field(min_length=1)]
    tool_choice: _ToolChoice | None = None


class _Guardrail(Body):
    guardrail_identifier: str
    guardrail_version: str
    trace: Literal["enabled", "disabled", "enabled_full"] = "disabled"


class _JsonSchema(Body):
    schema_: str = Field(alias="schema")


class _Structure(Body):
    json_schema: _JsonSchema


class _TextFormat(Body):
    type: Literal["json_schema"]
    structure: _Structure


class _Output(Body):
    text_format: _TextFormat | None = None


class _Tier(Body):
    type: Literal["priority", "default", "flex", "reserved"]


class _Performance(Body):
    latency: Literal["standard", "optimized"] = "standard"


class ConverseBody(Body):
    """The body of Converse and ConverseStream, and of CountTokens' `converse`."""

    messages: Annotated[list[Message], Field(min_length=1)]
    system: list[Block] = []
    inference_config: _Inference = _Inference()
    tool_config: ToolConfig | None = None
    guardrail_config: _Guardrail | None = None
    output_config: _Output | None = None
    request_metadata: dict[str, str] = {}
    service_tier: _Tier | None = None
    performance_config: _Performance | None = None
