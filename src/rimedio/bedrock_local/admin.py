"""What whoever tests may look at and change while the server runs: calls, faults, guardrails."""

import json
import re
from collections.abc import Callable, Mapping, MutableSequence
from dataclasses import asdict, dataclass

from pydantic import ValidationError as Mismatch

from rimedio.bedrock_local.errors import ServiceError, ValidationError
from rimedio.bedrock_local.fault_plan import FaultPlan, Rule
from rimedio.bedrock_local.guardrail_policy import GuardrailPolicy, Guardrails
from rimedio.bedrock_local.wire import WireAnswer, WireRequest, answer, refusal
from rimedio.domain.errors import InvalidInput

_GUARDRAIL = re.compile(r"^/admin/guardrails/([a-z0-9]{1,64})$")


@dataclass(frozen=True, slots=True)
class Served:
    """A call that was answered, for whoever tests."""

    operation: str
    model: str
    status: int
    fault: str = ""


class Admin:
    """Answers `/admin/…`."""

    def __init__(self, faults: FaultPlan, guardrails: Guardrails, served: MutableSequence[Served]) -> None:
        self._faults = faults
        self._guardrails = guardrails
        self._served = served
        self._routes: Mapping[tuple[str, str], Callable[[WireRequest], WireAnswer]] = {
            ("GET", "/admin/calls"): lambda _: answer([asdict(call) for call in tuple(self._served)]),
            ("DELETE", "/admin/calls"): lambda _: self._forget(),
            ("POST", "/admin/faults"): lambda request: self._plan(_rules(request.body)),
            ("DELETE", "/admin/faults"): lambda _: self._plan([]),
        }

    def handle(self, request: WireRequest) -> WireAnswer:
        """The answer to a request; never raises."""
        guardrail = _GUARDRAIL.match(request.path)
        route = self._routes.get((request.method, request.path))
        try:
            if guardrail is not None and request.method == "PUT":
                return self._set_up(guardrail[1], request.body)
            if route is not None:
                return route(request)
        except Mismatch as error:
            return refusal(ValidationError(said_of(error)))
        except InvalidInput as error:
            return refusal(ValidationError(str(error)))
        msg = f"There is no {request.method} {request.path}."
        return refusal(ServiceError(msg, "ResourceNotFoundException"))

    def _forget(self) -> WireAnswer:
        self._served.clear()
        return answer({})

    def _plan(self, rules: list[Rule]) -> WireAnswer:
        self._faults.replace(rules)
        return answer({"rules": len(rules)})

    def _set_up(self, identifier: str, body: bytes) -> WireAnswer:
        policy = GuardrailPolicy.model_validate_json(body)
        if not self._guardrails.put(identifier, policy):
            return refusal(ServiceError("There are too many guardrails.", "ServiceQuotaExceededException"))
        return answer(policy.model_dump(mode="json"))


def _rules(body: bytes) -> list[Rule]:
    try:
        raw = json.loads(body)
    except ValueError as error:
        raise InvalidInput(f"The fault plan is not JSON: {error}") from error
    if not isinstance(raw, list) or not all(isinstance(rule, dict) for rule in raw):
        raise InvalidInput("The fault plan is not a list of rules.")
    return [Rule.read(rule) for rule in raw]


def said_of(error: Mismatch) -> str:
    """What a body does not satisfy, place by place."""
    found = [f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['msg']}" for e in error.errors(include_url=False)]
    return f"{len(found)} validation error(s) detected: {'; '.join(found[:3])}"
