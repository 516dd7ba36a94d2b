"""InvokeModel for chat models: Anthropic's Messages body and Nova's, answered whole or in chunks."""

import base64
import json
from collections.abc import Iterable, Iterator
from typing import Any

from rimedio.bedrock_local.anthropic_body import anthropic_chunks, anthropic_message, anthropic_prompt
from rimedio.bedrock_local.chat import INTERVENED, Chat
from rimedio.bedrock_local.converse import events_of, message_of, prompt_of
from rimedio.bedrock_local.converse_body import ConverseBody
from rimedio.bedrock_local.errors import UnknownModel
from rimedio.bedrock_local.event_stream import event
from rimedio.bedrock_local.fault_plan import Fault
from rimedio.bedrock_local.model_ids import ModelId
from rimedio.bedrock_local.prompt import GuardrailChoice, Prompt, Reply
from rimedio.bedrock_local.wire import WireAnswer, WireRequest, answer, streamed

JsonObject = dict[str, Any]
_GUARDRAIL = "x-amzn-bedrock-guardrailidentifier"
_GUARDRAIL_VERSION = "x-amzn-bedrock-guardrailversion"
_TRACE = "x-amzn-bedrock-trace"


def read_invoke(model: ModelId, request: WireRequest) -> Prompt:
    """The prompt in a body of `model`'s family. Raises UnknownModel, ValidationError."""
    headers = request.headers
    choice = None
    if headers.get(_GUARDRAIL):
        traced = headers.get(_TRACE, "").startswith("ENABLED")
        choice = GuardrailChoice(headers[_GUARDRAIL], headers.get(_GUARDRAIL_VERSION, "DRAFT"), traced)
    if model.provider == "anthropic":
        return anthropic_prompt(request.body, model.known_as, choice)
    if model.name.startswith("amazon.nova"):
        return prompt_of(ConverseBody.model_validate_json(request.body), model.known_as, choice)
    raise UnknownModel(
        f"The body of {model.known_as} is not known here: Anthropic's and Nova's are. Converse takes any chat model."
    )


def invoked(chat: Chat, model: ModelId, request: WireRequest, fault: Fault | None) -> WireAnswer:
    """The answer in one piece."""
    prompt = read_invoke(model, request)
    reply = chat.reply(prompt, fault)
    body = anthropic_message(reply, prompt) if model.provider == "anthropic" else _nova_message(reply, prompt)
    return answer(body | _guardrail_part(reply, prompt), _headers(reply))


def invoked_stream(chat: Chat, model: ModelId, request: WireRequest, fault: Fault | None) -> WireAnswer:
    """The answer in chunks, each with a piece of JSON; the last one holds what it took."""
    prompt = read_invoke(model, request)
    reply = chat.reply(prompt, fault)
    pieces: Iterable[JsonObject]
    if model.provider == "anthropic":
        pieces = anthropic_chunks(reply, prompt)
    else:
        pieces = ({name: payload} for name, payload in events_of(reply, prompt))
    return streamed(_chunks(pieces, reply, prompt), {"x-amzn-bedrock-content-type": "application/json"})


def _nova_message(reply: Reply, prompt: Prompt) -> JsonObject:
    message = message_of(reply, prompt)
    return {name: message[name] for name in ("output", "stopReason", "usage")}


def _chunks(pieces: Iterable[JsonObject], reply: Reply, prompt: Prompt) -> Iterator[bytes]:
    held: JsonObject | None = None
    for piece in pieces:
        if held is not None:
            yield _chunk(held)
        held = piece
    metrics = {
        "inputTokenCount": reply.usage.input,
        "outputTokenCount": reply.usage.output,
        "invocationLatency": reply.latency_ms,
        "firstByteLatency": reply.latency_ms,
    }
    yield _chunk(
        (held or {}) | {"amazon-bedrock-invocationMetrics": metrics} | _guardrail_part(reply, prompt)
    )


def _chunk(piece: JsonObject) -> bytes:
    coded = base64.b64encode(json.dumps(piece, ensure_ascii=False).encode()).decode()
    return event("chunk", {"bytes": coded})


def _guardrail_part(reply: Reply, prompt: Prompt) -> JsonObject:
    if prompt.guardrail is None:
        return {}
    acted = "INTERVENED" if reply.stop == INTERVENED else "NONE"
    trace = {"amazon-bedrock-trace": {"guardrail": reply.trace}} if reply.trace is not None else {}
    return {"amazon-bedrock-guardrailAction": acted} | trace


def _headers(reply: Reply) -> dict[str, str]:
    return {
        "x-amzn-bedrock-input-token-count": str(reply.usage.input),
        "x-amzn-bedrock-output-token-count": str(reply.usage.output),
        "x-amzn-bedrock-invocation-latency": str(reply.latency_ms),
    }
