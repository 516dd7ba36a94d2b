"""The operations behind their paths: what a request asks for, faults first, and its answer."""

import json
import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError as Mismatch

from rimedio.bedrock_local.answers import Answers
from rimedio.bedrock_local.chat import Chat
from rimedio.bedrock_local.converse import events_of, message_of, prompt_of
from rimedio.bedrock_local.converse_body import ConverseBody
from rimedio.bedrock_local.embeddings import Embeddings
from rimedio.bedrock_local.errors import ServiceError, UnknownModel, ValidationError
from rimedio.bedrock_local.fault_plan import HEADER, METADATA, Fault, FaultPlan
from rimedio.bedrock_local.model_ids import Kind, ModelId, read_model_id
from rimedio.bedrock_local.models import LaptopModels
from rimedio.bedrock_local.prompt_cache import PromptCache
from rimedio.bedrock_local.wire import Call, WireAnswer, WireRequest, answer, refusal, streamed
from rimedio.domain.clock import Clock, SystemClock

_MODEL = re.compile(
    r"^/model/(.+)/(converse|converse-stream|invoke|invoke-with-response-stream|count-tokens)$"
)
CALLS_KEPT = 1000
_METADATA_HEADER = "x-amzn-bedrock-request-metadata"


@dataclass(frozen=True, slots=True)
class Served:
    """A call that was answered, for whoever tests."""

    operation: str
    model: str
    status: int
    fault: str = ""


class LocalBedrock:
    """Answers requests of `bedrock-runtime` and `bedrock-agent-runtime`. Safe to use from many threads."""

    def __init__(
        self, models: LaptopModels, faults: FaultPlan | None = None, clock: Clock | None = None
    ) -> None:
        self.faults = faults or FaultPlan()
        self.served: deque[Served] = deque(maxlen=CALLS_KEPT)
        count = models.counter.count
        self._chat = Chat(Answers(models), PromptCache(count, clock or SystemClock()), count)
        self._embeddings = Embeddings(models)
        self._operations: Mapping[str, Callable[[Call, ModelId], WireAnswer]] = {
            "converse": self._converse,
            "converse-stream": self._converse_stream,
            "invoke": self._invoke,
        }

    def handle(self, request: WireRequest) -> WireAnswer:
        """The answer to a request; never raises."""
        found = _MODEL.match(request.path)
        operation, given = (found[2], found[1]) if found else ("unknown", "")
        fault = None
        try:
            if found is None or request.method != "POST":
                raise ServiceError(
                    f"There is no {request.method} {request.path}.", "ResourceNotFoundException"
                )
            model = read_model_id(given)
            fault = self._fault(operation, model, request)
            if fault and fault.error and not fault.in_stream:
                raise fault.error
            replied = self._operations[operation](Call(operation, model.known_as, request), model)
            replied = replace(replied, fault=fault)
        except ServiceError as error:
            replied = refusal(error)
        except Mismatch as error:
            replied = refusal(ValidationError(said_of(error)))
        self.served.append(Served(operation, given, replied.status, fault.kind if fault else ""))
        return replied

    def _fault(self, operation: str, model: ModelId, request: WireRequest) -> Fault | None:
        wanted = model.fault or request.headers.get(HEADER) or _asked_fault(request)
        return Fault.read(wanted) if wanted else self.faults.fault(operation, model.known_as)

    def _converse(self, call: Call, model: ModelId) -> WireAnswer:
        prompt = prompt_of(_body(ConverseBody, call), _chatting(model).known_as)
        return answer(message_of(self._chat.reply(prompt), prompt))

    def _converse_stream(self, call: Call, model: ModelId) -> WireAnswer:
        prompt = prompt_of(_body(ConverseBody, call), _chatting(model).known_as)
        return streamed(events_of(self._chat.reply(prompt), prompt))

    def _invoke(self, call: Call, model: ModelId) -> WireAnswer:
        if model.kind is Kind.EMBED:
            body, tokens = self._embeddings.invoke(model, call.request.body)
            return answer(body, {"x-amzn-bedrock-input-token-count": str(tokens)})
        raise UnknownModel(f"InvokeModel does not know the body of {model.known_as} here. Use Converse.")


def _chatting(model: ModelId) -> ModelId:
    if model.kind is not Kind.CHAT:
        raise UnknownModel(
            "This action doesn't support the model that you provided. Try again with a supported model."
        )
    return model


def _body(shape: type[ConverseBody], call: Call) -> ConverseBody:
    return shape.model_validate_json(call.request.body)


def said_of(error: Mismatch) -> str:
    """What a body does not satisfy, place by place."""
    found = [
        f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['msg']}" for e in error.errors(include_url=False)[:3]
    ]
    return f"{len(found)} validation error(s) detected: {'; '.join(found)}"


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
