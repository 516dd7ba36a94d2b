"""Faults on demand: which request shall fail, how, and how often.

A fault is asked for by a rule of the plan (command line or `POST /admin/faults`), by the header
`x-rimedio-fault`, by Converse's `requestMetadata` (`rimedio-fault`), or by the model id's suffix (`@throttling`).
Its text is a kind and, where wanted, options: `throttling`, `latency:ms=300`, `stream_error:after=5`.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from fnmatch import fnmatchcase
from random import Random
from typing import Any, Self

from rimedio.bedrock_local.errors import ServiceError, ValidationError
from rimedio.domain.errors import InvalidInput

HEADER = "x-rimedio-fault"
METADATA = "rimedio-fault"
RULES_MAX = 200
SECONDS_MAX = 300.0


class Kind(StrEnum):
    """What goes wrong."""

    THROTTLING = "throttling"
    QUOTA = "quota"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"
    NOT_READY = "not_ready"
    TIMEOUT = "timeout"  # the service's own: ModelTimeoutException
    MODEL_ERROR = "model_error"
    VALIDATION = "validation"
    ACCESS_DENIED = "access_denied"
    NOT_FOUND = "not_found"
    LATENCY = "latency"  # answers, but later
    HANG = "hang"  # says nothing until the client gives up
    DROP = "drop"  # closes the connection without an answer
    STREAM_ERROR = "stream_error"  # modelStreamErrorException in the middle of a stream
    STREAM_THROTTLING = "stream_throttling"
    STREAM_INTERNAL = "stream_internal"
    STREAM_UNAVAILABLE = "stream_unavailable"
    STREAM_CUT = "stream_cut"  # closes the connection in the middle of a stream
    STREAM_STALL = "stream_stall"  # says nothing more in the middle of a stream
    MALFORMED = "malformed"  # cuts the reply's text, so that it is no JSON
    GUARDRAIL = "guardrail"  # the reply ends with guardrail_intervened


_ERRORS: Mapping[Kind, tuple[str, str]] = {
    Kind.THROTTLING: ("ThrottlingException", "Too many requests, please wait before trying again."),
    Kind.QUOTA: ("ServiceQuotaExceededException", "Your request exceeds the service quota of your account."),
    Kind.INTERNAL: ("InternalServerException", "An internal server error occurred. Retry your request."),
    Kind.UNAVAILABLE: ("ServiceUnavailableException", "The service isn't currently available."),
    Kind.NOT_READY: ("ModelNotReadyException", "The model specified in the request is not ready."),
    Kind.TIMEOUT: ("ModelTimeoutException", "The request took too long to process."),
    Kind.MODEL_ERROR: (
        "ModelErrorException",
        "The request failed due to an error while processing the model.",
    ),
    Kind.VALIDATION: ("ValidationException", "The input fails to satisfy the constraints of the service."),
    Kind.ACCESS_DENIED: (
        "AccessDeniedException",
        "You don't have access to the model with the specified ID.",
    ),
    Kind.NOT_FOUND: ("ResourceNotFoundException", "Could not resolve the foundation model."),
    Kind.STREAM_ERROR: ("ModelStreamErrorException", "The model failed while it was writing."),
    Kind.STREAM_THROTTLING: ("ThrottlingException", "Too many tokens, please wait before trying again."),
    Kind.STREAM_INTERNAL: ("InternalServerException", "An internal server error occurred."),
    Kind.STREAM_UNAVAILABLE: ("ServiceUnavailableException", "The service isn't currently available."),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of one request."""

    kind: Kind
    ms: float = 1000.0  # latency and stalls
    after: int = 3  # events of a stream before it breaks

    @property
    def in_stream(self) -> bool:
        """Whether it breaks a stream that has begun."""
        return self.kind.value.startswith("stream_")

    @property
    def error(self) -> ServiceError | None:
        """The exception to answer with, where it is one."""
        known = _ERRORS.get(self.kind)
        return ServiceError(known[1], known[0]) if known else None

    @classmethod
    def read(cls, text: str) -> Self:
        """Out of `kind` or `kind:ms=300,after=2`. Raises ValidationError."""
        name, _, options = text.strip().partition(":")
        values = dict(part.partition("=")[::2] for part in options.split(",") if part)
        try:
            kind = Kind(name.strip().lower())
            return cls(kind, float(values.pop("ms", 1000)), int(values.pop("after", 3)))
        except ValueError as error:
            known = ", ".join(Kind)
            raise ValidationError(f"The fault {text!r} is not known. Known are: {known}.") from error


@dataclass(frozen=True, slots=True)
class Rule:
    """When a fault happens. Counts are of the requests that fit operation and model."""

    fault: Fault
    operation: str = "*"  # converse, converse-stream, invoke, …; patterns with * count
    model: str = "*"
    skip: int = 0  # so many requests pass first
    times: int | None = None  # so many fail, then none; None: for ever
    every: int = 1  # each n-th
    share: float = 1.0  # … with this probability, by the plan's seed

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Self:
        """Out of a JSON object: `fault` and the fields above. Raises InvalidInput."""
        known = {f.name for f in fields(cls)}
        if not isinstance(raw.get("fault"), str) or set(raw) - known:
            said = f"The rule {dict(raw)!r} is not one. It has `fault` and, where wanted, {sorted(known - {'fault'})}."
            raise InvalidInput(said)
        try:
            rest = {name: raw[name] for name in known - {"fault"} if name in raw}
            rule = cls(Fault.read(raw["fault"]), **rest)
            if rule.every < 1 or rule.skip < 0 or not 0 <= rule.share <= 1:
                raise ValueError("`every` is at least 1, `skip` at least 0, `share` from 0 to 1")
        except (TypeError, ValueError, ServiceError) as error:
            raise InvalidInput(f"The rule {dict(raw)!r} cannot be used: {error}") from error
        return rule


def rule_of(text: str) -> Rule:
    """A rule out of a word of the command line: `throttling`, `latency:ms=300`, `throttling:every=5,times=2`.

    Options of the fault (`ms`, `after`) and of the rule stand side by side. Raises InvalidInput.
    """
    kind, _, options = text.partition(":")
    given = dict(part.partition("=")[::2] for part in options.split(",") if part)
    own = [f"{name}={given.pop(name)}" for name in ("ms", "after") if name in given]
    numbers = {name: _number(value) for name, value in given.items()}
    return Rule.read({"fault": f"{kind}:{','.join(own)}" if own else kind, **numbers})


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


@dataclass
class FaultPlan:
    """Rules in order; the first that fits decides. Safe to use from many threads."""

    rules: Sequence[Rule] = ()
    seed: int = 0
    _seen: list[int] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.replace(self.rules)

    def replace(self, rules: Iterable[Rule]) -> None:
        """Other rules; all counts begin anew. Raises InvalidInput."""
        rules = tuple(rules)
        if len(rules) > RULES_MAX:
            raise InvalidInput(f"A fault plan has at most {RULES_MAX} rules, this one {len(rules)}.")
        with self._lock:
            self.rules = rules
            self._seen = [0] * len(rules)
            self._random = Random(self.seed)  # noqa: S311 - chance that can be repeated, no secret

    def fault(self, operation: str, model: str) -> Fault | None:
        """The fault of the next request, if any."""
        with self._lock:
            for number, rule in enumerate(self.rules):
                if not (fnmatchcase(operation, rule.operation) and fnmatchcase(model, rule.model)):
                    continue
                at = self._seen[number] - rule.skip
                self._seen[number] += 1
                done = rule.times is not None and at // rule.every >= rule.times
                if at < 0 or done or at % rule.every or self._random.random() >= rule.share:
                    continue
                return rule.fault
        return None
