"""ApplyGuardrail, CountTokens and the agent runtime's Rerank: bodies and answers."""

import base64
import binascii
import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from rimedio.bedrock_local.converse import prompt_of
from rimedio.bedrock_local.converse_body import ConverseBody
from rimedio.bedrock_local.errors import UnknownModel, ValidationError
from rimedio.bedrock_local.guarding import Guard
from rimedio.bedrock_local.guardrail_policy import Guardrails
from rimedio.bedrock_local.invoke import read_invoke
from rimedio.bedrock_local.model_ids import Kind, ModelId, read_model_id
from rimedio.bedrock_local.models import LaptopModels
from rimedio.bedrock_local.prompt import Guarded
from rimedio.bedrock_local.reranking import ranked
from rimedio.bedrock_local.wire import WireRequest

JsonObject = dict[str, Any]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel)


class _GuardText(_Part):
    text: str
    qualifiers: list[Literal["grounding_source", "query", "guard_content"]] = []


class _GuardBlock(_Part):
    text: _GuardText | None = None


class _ApplyBody(_Part):
    source: Literal["INPUT", "OUTPUT"]
    content: Annotated[list[_GuardBlock], Field(min_length=1)]
    output_scope: Literal["INTERVENTIONS", "FULL"] = "INTERVENTIONS"


def apply_guardrail(guard: Guard, guardrails: Guardrails, identifier: str, raw: bytes) -> JsonObject:
    """The response of ApplyGuardrail."""
    body = _ApplyBody.model_validate_json(raw)
    parts = [Guarded(b.text.text, tuple(b.text.qualifiers)) for b in body.content if b.text]
    if len(parts) < len(body.content):
        raise ValidationError("The guardrails behind this endpoint read text, no images.")
    policy = guardrails.get(identifier)
    output = body.source == "OUTPUT"
    found = guard.look(policy, parts, output=output)
    shown: list[JsonObject] = []
    if found.blocked:
        shown = [{"text": policy.blocked_output if output else policy.blocked_input}]
    elif found.masked:
        shown = [{"text": text} for text in found.texts]
    guarded = sum(len(text) for text in found.texts)
    coverage = {"textCharacters": {"guarded": guarded, "total": sum(len(p.text) for p in parts)}}
    return {
        "usage": found.usage,
        "action": "GUARDRAIL_INTERVENED" if found.intervened else "NONE",
        "actionReason": found.reason,
        "outputs": shown,
        "assessments": [found.assessment] if found.assessment else [],
        "guardrailCoverage": coverage,
    }


class _InvokeInput(_Part):
    body: str


class _CountInput(_Part):
    converse: JsonObject | None = None
    invoke_model: _InvokeInput | None = None


class _CountBody(_Part):
    input: _CountInput


def count_tokens(models: LaptopModels, model: ModelId, raw: bytes) -> JsonObject:
    """The response of CountTokens: what `usage` would say of the same request."""
    asked = _CountBody.model_validate_json(raw).input
    if asked.converse is not None:
        prompt = prompt_of(ConverseBody.model_validate(asked.converse), model.known_as)
    elif asked.invoke_model is not None:
        try:
            body = base64.b64decode(asked.invoke_model.body, validate=True)
        except binascii.Error as error:
            raise ValidationError("input.invokeModel.body is not base64.") from error
        prompt = read_invoke(model, WireRequest("POST", "", {}, body))
    else:
        raise ValidationError("input holds neither converse nor invokeModel.")
    return {"inputTokens": models.counter.count(prompt.whole)}


class _TextDocument(_Part):
    text: Annotated[str, Field(min_length=1, max_length=32_000)]


class _Query(_Part):
    type: Literal["TEXT"]
    text_query: _TextDocument


class _Inline(_Part):
    type: Literal["TEXT", "JSON"]
    text_document: _TextDocument | None = None
    json_document: JsonObject | None = None


class _Source(_Part):
    type: Literal["INLINE"]
    inline_document_source: _Inline


class _RerankModel(_Part):
    model_arn: str


class _BedrockReranking(_Part):
    model_configuration: _RerankModel
    number_of_results: Annotated[int, Field(ge=1, le=1000)] | None = None


class _Reranking(_Part):
    type: Literal["BEDROCK_RERANKING_MODEL"]
    bedrock_reranking_configuration: _BedrockReranking


class RerankBody(_Part):
    """The body of Rerank."""

    queries: Annotated[list[_Query], Field(min_length=1, max_length=1)]
    reranking_configuration: _Reranking
    sources: Annotated[list[_Source], Field(min_length=1, max_length=1000)]

    @property
    def model(self) -> ModelId:
        """The model that orders. Raises UnknownModel."""
        found = read_model_id(
            self.reranking_configuration.bedrock_reranking_configuration.model_configuration.model_arn
        )
        if found.kind is not Kind.RERANK:
            raise UnknownModel(f"{found.known_as} is no reranking model. One is amazon.rerank-v1:0.")
        return found


def rerank(models: LaptopModels, body: RerankBody) -> JsonObject:
    """The response of Rerank."""
    _ = body.model
    texts = [_document_text(s.inline_document_source, n) for n, s in enumerate(body.sources)]
    most = body.reranking_configuration.bedrock_reranking_configuration.number_of_results
    found = ranked(models, body.queries[0].text_query.text, texts, most)
    return {"results": [{"index": r.index, "relevanceScore": r.score} for r in found]}


def _document_text(document: _Inline, number: int) -> str:
    if document.text_document is not None:
        return document.text_document.text
    if document.json_document is not None:
        return " ".join(v if isinstance(v, str) else json.dumps(v) for v in document.json_document.values())
    raise ValidationError(f"sources.{number}: the document holds neither text nor JSON.")


class _RerankInvoke(_Part):
    model_config = ConfigDict(extra="ignore", frozen=True)
    query: Annotated[str, Field(min_length=1)]
    documents: Annotated[list[str | JsonObject], Field(min_length=1, max_length=1000)]
    top_n: Annotated[int, Field(ge=1)] | None = None


def rerank_invoked(models: LaptopModels, raw: bytes) -> JsonObject:
    """The response of InvokeModel for a reranking model, Amazon's and Cohere's body alike."""
    body = _RerankInvoke.model_validate_json(raw)
    texts = [d if isinstance(d, str) else " ".join(map(str, d.values())) for d in body.documents]
    found = ranked(models, body.query, texts, body.top_n)
    return {"results": [{"index": r.index, "relevance_score": r.score} for r in found]}
