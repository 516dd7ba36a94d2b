"""A chat request as the arguments of Converse and ConverseStream."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rimedio.domain.errors import GenerationFailed
from rimedio.llm.bedrock_models import ModelCard, Structured
from rimedio.llm.bedrock_options import DEFAULT_TIER, BedrockOptions
from rimedio.llm.bedrock_schema import decodable
from rimedio.llm.chat import ChatRequest, Message, Role
from rimedio.llm.tokens import TokenCounter
from rimedio.observability.correlation import current

REPLY = "reply"  # name of the schema, and of the tool that stands in for it
REPLY_MEANING = "Give the whole answer as arguments of this tool."
GROUNDING_QUERY_CHARS_MAX = 1_000  # limits of Bedrock's contextual grounding check
GROUNDING_SOURCE_CHARS_MAX = 100_000
METADATA_CHARS_MAX = 256
_METADATA_FOREIGN = re.compile(r"[^a-zA-Z0-9\s:_@$#=/+,\-.]")
# What rimedio.llm.prompts.fencing writes; text inside cannot forge a tag, for it loses its brackets there.
_FENCE = re.compile(r"<((question|ticket|data|passage)-[0-9a-f]{8})[^\n]*>\n(.*?)\n</\1>", re.DOTALL)

PASSAGE = "passage"

Block = dict[str, Any]  # a content block; boto3's own shape


@dataclass(frozen=True, slots=True)
class Conversation:
    """The part of the arguments that CountTokens takes too."""

    messages: list[dict[str, Any]]
    system: list[Block]
    tools: dict[str, Any] | None


def converse_arguments(
    model: str,
    request: ChatRequest,
    card: ModelCard,
    options: BedrockOptions,
    counter: TokenCounter,
    *,
    stream: bool = False,
) -> dict[str, Any]:
    """The arguments of Converse, or of ConverseStream. Raises GenerationFailed when there is nothing to ask.

    Everything of the request is sent, whatever model: what a card lacks is said in another way, never left out.
    """
    said = conversation(request, card, options, counter)
    found: dict[str, Any] = {
        "modelId": model,
        "messages": said.messages,
        "inferenceConfig": _inference(request, card),
    }
    if said.system:
        found["system"] = said.system
    if said.tools:
        found["toolConfig"] = said.tools
    if request.json_schema is not None and card.structured is Structured.TEXT_FORMAT:
        schema = {"schema": json.dumps(decodable(request.json_schema)), "name": REPLY}
        found["outputConfig"] = {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}
    if options.guardrail is not None:
        found["guardrailConfig"] = _guardrail(options, stream=stream)
    if options.service_tier != DEFAULT_TIER:
        found["serviceTier"] = {"type": options.service_tier}
    metadata = request_metadata(request.metadata)
    if metadata:
        found["requestMetadata"] = metadata
    return found


def conversation(
    request: ChatRequest, card: ModelCard, options: BedrockOptions, counter: TokenCounter
) -> Conversation:
    """Turns, system prompt with its cache point, and the tool that stands in for a schema."""
    system_text = "\n\n".join(m.text for m in request.messages if m.role is Role.SYSTEM)
    turns = [m for m in request.messages if m.role is not Role.SYSTEM and m.text.strip()]
    if system_text and not card.system:
        first = next((n for n, m in enumerate(turns) if m.role is Role.USER), 0)
        turns[first : first + 1] = (
            [Message(Role.USER, f"{system_text}\n\n{turns[first].text}")] if turns else []
        )
        system_text = ""
    if not turns or turns[0].role is not Role.USER:
        raise GenerationFailed("The request asks nothing: its first turn must be the user's, with text.")
    tools = _tools(request.json_schema) if card.structured is Structured.TOOL else None
    system: list[Block] = [{"text": system_text}] if system_text else []
    if system and options.cache_ttl and card.cache_tokens_min is not None:
        stable = counter.count(system_text) + (counter.count(json.dumps(tools)) if tools else 0)
        if (
            stable >= card.cache_tokens_min
        ):  # shorter beginnings are not kept, and the marker would say nothing
            system.append({"cachePoint": {"type": "default", "ttl": options.cache_ttl}})
    grounded = request.json_schema is None  # JSON is judged afterwards, by its plain words
    cut = (lambda text: guarded_blocks(text, grounded=grounded)) if options.guardrail is not None else _plain
    return Conversation(_merged(turns, cut), system, tools)


def request_metadata(given: Mapping[str, str]) -> dict[str, str]:
    """Tenant, ticket and step for Bedrock's invocation logs and cost reports, and what the request adds."""
    ids = current()
    known = {"tenant": ids.tenant, "ticket": ids.ticket_id, "step": ids.step, **given}
    cleaned = {
        name: _METADATA_FOREIGN.sub("_", value)[:METADATA_CHARS_MAX] for name, value in known.items() if value
    }
    return dict(list(cleaned.items())[:16])


def _inference(request: ChatRequest, card: ModelCard) -> dict[str, Any]:
    wanted: dict[str, Any] = {"maxTokens": request.max_tokens}
    if card.temperature:
        wanted["temperature"] = request.temperature
    return wanted


def _tools(schema: Mapping[str, object] | None) -> dict[str, Any] | None:
    if schema is None:
        return None
    spec = {"name": REPLY, "description": REPLY_MEANING, "inputSchema": {"json": dict(schema)}}
    return {"tools": [{"toolSpec": spec}], "toolChoice": {"tool": {"name": REPLY}}}


def _guardrail(options: BedrockOptions, *, stream: bool) -> dict[str, str]:
    assert options.guardrail is not None
    chosen = options.guardrail
    found = {
        "guardrailIdentifier": chosen.identifier,
        "guardrailVersion": chosen.version,
        "trace": "enabled",
    }
    if stream:
        found["streamProcessingMode"] = options.stream_guard.value
    return found


def _plain(text: str) -> list[Block]:
    return [{"text": text}]


def _merged(turns: Sequence[Message], cut: Callable[[str], list[Block]]) -> list[dict[str, Any]]:
    """Turns that alternate, as Converse demands; texts of one speaker in a row become blocks of one turn."""
    found: list[dict[str, Any]] = []
    for turn in turns:
        blocks = cut(turn.text) if turn.role is Role.USER else _plain(turn.text)
        if found and found[-1]["role"] == turn.role.value:
            found[-1]["content"].extend(blocks)
        else:
            found.append({"role": turn.role.value, "content": blocks})
    return found


def fenced(request: ChatRequest) -> tuple[str, tuple[str, ...]]:
    """The questions and the passages that the user's turns hold between fences."""
    users = "\n".join(m.text for m in request.messages if m.role is Role.USER)
    found = [(match[2], match[3]) for match in _FENCE.finditer(users)]
    asked = "\n".join(inner for kind, inner in found if kind != PASSAGE)
    return asked, tuple(inner for kind, inner in found if kind == PASSAGE)


def guarded_blocks(text: str, *, grounded: bool = True) -> list[Block]:
    """`text` cut at its fences, so that a guardrail knows question, passages and our own words apart.

    The blocks' texts add up to `text`. Contextual grounding needs a question and passages within its limits;
    beyond them the passages are plain text, and Rimedio's own verification stands alone.
    """
    fences = list(_FENCE.finditer(text))
    questions = [m[0] for m in fences if m[2] != PASSAGE]
    passages = [m[0] for m in fences if m[2] == PASSAGE]
    grounded = (
        grounded
        and bool(questions and passages)
        and sum(map(len, questions)) <= GROUNDING_QUERY_CHARS_MAX
        and sum(map(len, passages)) <= GROUNDING_SOURCE_CHARS_MAX
    )
    blocks: list[Block] = []
    place = 0
    blank = ""
    for match in fences:
        blank = _add_text(blocks, blank + text[place : match.start()])
        place = match.end()
        if match[2] != PASSAGE:
            _add_guarded(
                blocks, blank + match[0], ["query", "guard_content"] if grounded else ["guard_content"]
            )
        elif grounded:
            _add_guarded(blocks, blank + match[0], ["grounding_source"])
        else:
            _add_text(blocks, blank + match[0])
        blank = ""
    _add_text(blocks, text[place:])
    return blocks


def _add_text(blocks: list[Block], text: str) -> str:
    """Blank text is no block for Converse: it goes with the one before, or is given back for the next."""
    if not text:
        return ""
    if blocks and "text" in blocks[-1]:
        blocks[-1]["text"] += text
    elif text.strip():
        blocks.append({"text": text})
    elif blocks:
        blocks[-1]["guardContent"]["text"]["text"] += text
    else:
        return text
    return ""


def _add_guarded(blocks: list[Block], text: str, qualifiers: list[str]) -> None:
    blocks.append({"guardContent": {"text": {"text": text, "qualifiers": qualifiers}}})
