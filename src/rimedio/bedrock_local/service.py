"""The operations behind their paths: what a request asks for, faults first, and its answer."""

import json
import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError as Mismatch

from rimedio.bedrock_local.admin import Admin, Served, said_of
from rimedio.bedrock_local.answers import Answers
from rimedio.bedrock_local.chat import Chat
from rimedio.bedrock_local.converse import events_of, message_of, prompt_of
from rimedio.bedrock_local.converse_body import ConverseBody
from rimedio.bedrock_local.embeddings import Embeddings
from rimedio.bedrock_local.errors import ServiceError, UnknownModel, ValidationError
from rimedio.bedrock_local.event_stream import event
from rimedio.bedrock_local.fault_plan import HEADER, METADATA, Fault, FaultPlan
from rimedio.bedrock_local.guarding import Guard
from rimedio.bedrock_local.guardrail_checks import ChecksBody, guardrail_checks
from rimedio.bedrock_local.guardrail_policy import Guardrails
from rimedio.bedrock_local.invoke import invoked, invoked_stream
from rimedio.bedrock_local.model_ids import Kind, ModelId, read_model_id
from rimedio.bedrock_local.models import LaptopModels
from rimedio.bedrock_local.other_operations import (
    RerankBody,
    apply_guardrail,
    count_tokens,
    rerank,
    rerank_invoked,
)
from rimedio.bedrock_local.prompt_cache import PromptCache
from rimedio.bedrock_local.wire import WireAnswer, WireRequest, answer, refusal, streamed
from rimedio.domain.clock import Clock, SystemClock
from rimedio.domain.errors import RimedioError

CALLS_KEPT = 1000
_MODEL = re.compile(
    r"^/model/(.+)/(converse|converse-stream|invoke|invoke-with-response-stream|count-tokens)$"
)
_GUARDRAIL = re.compile(r"^/guardrail/(.+)/version/([^/]+)/apply$")
_WITHOUT_MODEL = {"rerank", "apply-guardrail", "guardrail-checks"}
_PLAIN = {"/rerank": "rerank", "/guardrail-checks/invoke": "guardrail-checks"}
_METADATA_HEADER = "x-amzn-bedrock-request-metadata"


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request, read as far as its path and its fault."""

    operation: str
    subject: str  # the model id or the guardrail's, as given
    request: WireRequest
    fault: Fault | None = None

    @property
    def model(self) -> ModelId:
        """Raises UnknownModel."""
        return read_model_id(self.subject)


class LocalBedrock:
    """Answers requests of `bedrock-runtime` and `bedrock-agent-runtime`. Safe to use from many threads."""

    def __init__(
        self, models: LaptopModels, faults: FaultPlan | None = None, clock: Clock | None = None
    ) -> None:
        self.faults = faults or FaultPlan()
        self.guardrails = Guardrails()
        self.served: deque[Served] = deque(maxlen=CALLS_KEPT)
        self._admin = Admin(self.faults, self.guardrails, self.served)
        count = models.counter.count
        self._models = models
        self._guard = Guard(models)
        cache = PromptCache(count, clock or SystemClock())
        self._chat = Chat(Answers(models), cache, self._guard, self.guardrails, count)
        self._embeddings = Embeddings(models)
        self._operations: Mapping[str, Callable[[_Asked], WireAnswer]] = {
            "converse": self._converse,
            "converse-stream": self._converse_stream,
            "invoke": self._invoke,
            "invoke-with-response-stream": self._invoke_stream,
            "count-tokens": lambda asked: answer(
                count_tokens(self._models, _chatting(asked.model), asked.request.body)
            ),
            "apply-guardrail": lambda asked: answer(
                apply_guardrail(self._guard, self.guardrails, asked.subject, asked.request.body)
            ),
            "guardrail-checks": lambda asked: answer(
                guardrail_checks(self._models, ChecksBody.model_validate_json(asked.request.body))
            ),
            "rerank": lambda asked: answer(
                rerank(self._models, RerankBody.model_validate_json(asked.request.body))
            ),
        }

    def handle(self, request: WireRequest) -> WireAnswer:
        """The answer to a request; never raises."""
        if request.path.startswith("/admin/"):
            return self._admin.handle(request)
        asked = _Asked("unknown", "", request)
        try:
            asked = _located(request)
            asked = replace(asked, fault=self._fault(asked))
            if asked.fault and asked.fault.error and not asked.fault.in_stream:
                raise asked.fault.error
            replied = replace(self._operations[asked.operation](asked), fault=asked.fault)
        except Mismatch as error:
            replied = refusal(ValidationError(said_of(error)))
        except ServiceError as error:
            replied = refusal(error)
        except RimedioError as error:  # a model of the laptop failed
            replied = refusal(ServiceError(str(error), "ModelErrorException"))
        except Exception as error:  # a fault of ours must not look like a broken network
            replied = refusal(ServiceError(f"The local Bedrock failed ({type(error).__name__}: {error})."))
        fault = asked.fault.kind.value if asked.fault else ""
        self.served.append(Served(asked.operation, asked.subject, replied.status, fault))
        return replied

    def _fault(self, asked: _Asked) -> Fault | None:
        model = asked.model if asked.operation not in _WITHOUT_MODEL else None
        request = asked.request
        wanted = (model.fault if model else "") or request.headers.get(HEADER) or _asked_fault(request)
        if wanted:
            return Fault.read(wanted)
        return self.faults.fault(asked.operation, model.known_as if model else asked.subject)

    def _converse(self, asked: _Asked) -> WireAnswer:
        model = _chatting(asked.model)
        prompt = prompt_of(ConverseBody.model_validate_json(asked.request.body), model.known_as)
        return answer(message_of(self._chat.reply(prompt, asked.fault), prompt))

    def _converse_stream(self, asked: _Asked) -> WireAnswer:
        model = _chatting(asked.model)
        prompt = prompt_of(ConverseBody.model_validate_json(asked.request.body), model.known_as)
        reply = self._chat.reply(prompt, asked.fault)
        return streamed(event(name, payload) for name, payload in events_of(reply, prompt))

    def _invoke(self, asked: _Asked) -> WireAnswer:
        model = asked.model
        if model.kind is Kind.EMBED:
            body, tokens = self._embeddings.invoke(model, asked.request.body)
            return answer(body, {"x-amzn-bedrock-input-token-count": str(tokens)})
        if model.kind is Kind.RERANK:
            return answer(rerank_invoked(self._models, asked.request.body))
        return invoked(self._chat, model, asked.request, asked.fault)

    def _invoke_stream(self, asked: _Asked) -> WireAnswer:
        return invoked_stream(self._chat, _chatting(asked.model), asked.request, asked.fault)


def _located(request: WireRequest) -> _Asked:
    """Which operation a path means. Raises ServiceError."""
    if request.method == "POST":
        if model := _MODEL.match(request.path):
            return _Asked(model[2], model[1], request)
        if guardrail := _GUARDRAIL.match(request.path):
            return _Asked("apply-guardrail", guardrail[1], request)
        if request.path in _PLAIN:
            return _Asked(_PLAIN[request.path], "", request)
    raise ServiceError(f"There is no {request.method} {request.path} here.", "ResourceNotFoundException")


def _chatting(model: ModelId) -> ModelId:
    if model.kind is not Kind.CHAT:
        msg = "This action doesn't support the model that you provided. Try again with a supported model."
        raise UnknownModel(msg)
    return model


def _asked_fault(request: WireRequest) -> str:
    """The fault that requestMetadata asks for; a body that cannot be read asks for none."""
    header = request.headers.get(_METADATA_HEADER, "")
    if METADATA.encode() not in request.body and METADATA not in header:
        return ""
    try:
        known: Any = json.loads(header) if header else json.loads(request.body).get("requestMetadata", {})
        return str(known.get(METADATA, ""))
    except (ValueError, AttributeError):
        return ""
