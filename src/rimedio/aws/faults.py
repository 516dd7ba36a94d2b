"""Faults of AWS on request: a client behaves as if its service throttled, failed, hung or lost its answer.

Botocore's `before-send` event answers in place of the network, with the bytes that the service itself would send, so
that parsing, retries and the adapter's own handling all run for real:

    faults = Faults().on("dynamodb", "PutItem", Throttle(), calls=(1, 2)).on("s3", "*", Timeout(carried_out=True))
    connections = AwsConnections(region, endpoints, prepare=faults.attach)   # every client it makes
    with faults.on_client(client): ...                                       # or one client, for a while

Calls are counted from 1 for each service and operation, and count what goes over the wire: botocore's own retries
too. Without `calls`, every call meets the fault.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from rimedio.aws.connections import Client
from rimedio.aws.fault_wire import REQUEST_ID, BrokenBody, Wire, carried_out, error_body, response

EVERY = "*"
_THROTTLES: Mapping[str, tuple[int, str]] = {
    "dynamodb": (400, "ProvisionedThroughputExceededException"),
    "dynamodbstreams": (400, "LimitExceededException"),
    "s3": (503, "SlowDown"),
    "sqs": (400, "RequestThrottled"),
    "sns": (400, "Throttling"),
    "sts": (400, "Throttling"),
    "iam": (400, "Throttling"),
    "stepfunctions": (400, "ThrottlingException"),
    "ec2": (503, "RequestLimitExceeded"),
    "lambda": (429, "TooManyRequestsException"),
    "cognito-idp": (400, "TooManyRequestsException"),
}


@dataclass(frozen=True, slots=True)
class Sent:
    """A request on its way: `protocol` is the service's, such as `json` or `rest-xml`."""

    service: str
    operation: str
    protocol: str
    request: Wire

    def parameters(self) -> dict[str, Any]:
        """What a request in JSON asks for."""
        body = self.request.body or b"{}"
        found: dict[str, Any] = json.loads(body)
        return found


class Fault(Protocol):
    """What happens to a request: a response, or the error of a connection raised."""

    def happen(self, sent: Sent) -> Wire:
        """The service's answer. May raise botocore's HTTPClientError."""
        ...


@dataclass(frozen=True, slots=True)
class Refusal:
    """The service answers with an error, as its protocol writes errors."""

    code: str
    status: int = 400
    message: str = "This fault was asked for."
    more: Mapping[str, object] = field(
        default_factory=dict
    )  # further members of the error, in JSON protocols

    def happen(self, sent: Sent) -> Wire:
        content, body = error_body(sent.protocol, self.code, self.message, self.more)
        headers = {"content-type": content, "x-amzn-errortype": self.code, "x-amzn-requestid": REQUEST_ID}
        return response(sent.request.url, self.status, headers, body)


@dataclass(frozen=True, slots=True)
class Throttle:
    """The service asks to slow down, in its own words."""

    def happen(self, sent: Sent) -> Wire:
        status, code = _THROTTLES.get(
            sent.service, (429 if sent.protocol == "rest-json" else 400, "ThrottlingException")
        )
        return Refusal(code, status, "Rate exceeded").happen(sent)


@dataclass(frozen=True, slots=True)
class ServerError:
    """The service fails inside: 500, or another status from there on."""

    status: int = 500
    code: str = "InternalFailure"

    def happen(self, sent: Sent) -> Wire:
        return Refusal(self.code, self.status, "An internal error occurred.").happen(sent)


@dataclass(frozen=True, slots=True)
class Denied:
    """The role may not do this."""

    def happen(self, sent: Sent) -> Wire:
        code = "AccessDenied" if sent.protocol in ("rest-xml", "query") else "AccessDeniedException"
        return Refusal(code, 403 if sent.protocol.startswith("rest") else 400, "Not authorized.").happen(sent)


@dataclass(frozen=True, slots=True)
class Timeout:
    """No answer in time. `carried_out`: the service did what was asked, its answer was lost."""

    carried_out: bool = False

    def happen(self, sent: Sent) -> Wire:
        from botocore.exceptions import ReadTimeoutError

        if self.carried_out:
            carried_out(sent.request)
        raise ReadTimeoutError(endpoint_url=sent.request.url)


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection breaks off before any answer. `carried_out` as of Timeout."""

    carried_out: bool = False

    def happen(self, sent: Sent) -> Wire:
        from botocore.exceptions import ConnectionClosedError

        if self.carried_out:
            carried_out(sent.request)
        raise ConnectionClosedError(endpoint_url=sent.request.url)


@dataclass(frozen=True, slots=True)
class NoConnection:
    """Nobody listens."""

    def happen(self, sent: Sent) -> Wire:
        from botocore.exceptions import EndpointConnectionError

        raise EndpointConnectionError(endpoint_url=sent.request.url)


@dataclass(frozen=True, slots=True)
class CutOff:
    """The true answer breaks off after so many bytes of its body, in the middle of a stream too."""

    after_bytes: int

    def happen(self, sent: Sent) -> Wire:
        answer = carried_out(sent.request)
        return response(
            sent.request.url,
            answer.status_code,
            answer.headers,
            BrokenBody(answer.content[: self.after_bytes]),
        )


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the service in JSON, made from what was asked: part of a batch was not done, say."""

    make: Callable[[Sent], Mapping[str, object]]
    status: int = 200

    def happen(self, sent: Sent) -> Wire:
        body = json.dumps(self.make(sent)).encode()
        return response(sent.request.url, self.status, {"content-type": "application/x-amz-json-1.0"}, body)


def nothing_processed() -> Reply:
    """DynamoDB leaves every key of a BatchGetItem, or item of a BatchWriteItem, for a later call."""

    def make(sent: Sent) -> Mapping[str, object]:
        rest = "UnprocessedKeys" if sent.operation == "BatchGetItem" else "UnprocessedItems"
        return {"Responses": {}, rest: sent.parameters()["RequestItems"]}

    return Reply(make)


def canceled(*codes: str) -> Refusal:
    """DynamoDB cancels a transaction, with a reason (`None`, `TransactionConflict` …) an action."""
    reasons = [{"Code": code} for code in codes]
    message = (
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [{', '.join(codes)}]"
    )
    return Refusal("TransactionCanceledException", 400, message, {"CancellationReasons": reasons})


@dataclass(frozen=True, slots=True)
class _Planned:
    service: str
    operation: str
    calls: frozenset[int] | None
    fault: Fault

    def meets(self, sent: Sent, number: int) -> bool:
        return (
            self.service in (EVERY, sent.service)
            and self.operation in (EVERY, sent.operation)
            and (self.calls is None or number in self.calls)
        )


class Faults:
    """A plan of faults; the first that fits a call happens. Safe to use from many threads."""

    def __init__(self) -> None:
        self._plan: list[_Planned] = []
        self._calls: Counter[tuple[str, str]] = Counter()
        self._handlers: dict[int, Callable[..., Wire]] = {}
        self._lock = threading.Lock()

    def on(self, service: str, operation: str, fault: Fault, *, calls: Sequence[int] | None = None) -> Self:
        """Plan a fault for an operation of a service (boto3's names; `*`: any)."""
        with self._lock:
            self._plan.append(
                _Planned(service, operation, None if calls is None else frozenset(calls), fault)
            )
        return self

    def clear(self) -> None:
        """Plan nothing, and count anew."""
        with self._lock:
            self._plan.clear()
            self._calls.clear()

    def count(self, service: str, operation: str) -> int:
        """How many requests of the operation were sent, faults included."""
        with self._lock:
            return self._calls[service, operation]

    def attach(self, client: Client) -> None:
        """Stand between a client and its network."""
        model = client.meta.service_model

        def answer(request: Wire, event_name: str, **_: object) -> Wire:
            operation = event_name.rpartition(".")[2]
            return self._answer(Sent(model.service_name, operation, model.resolved_protocol, request))

        self._handlers[id(client)] = answer
        client.meta.events.register_first("before-send", answer)

    def detach(self, client: Client) -> None:
        """Leave the client to its network."""
        client.meta.events.unregister("before-send", self._handlers.pop(id(client)))

    @contextmanager
    def on_client(self, client: Client) -> Iterator[Self]:
        """Attached for a while, for a client that others use too."""
        self.attach(client)
        try:
            yield self
        finally:
            self.detach(client)

    def _answer(self, sent: Sent) -> Wire:
        with self._lock:
            self._calls[sent.service, sent.operation] += 1
            number = self._calls[sent.service, sent.operation]
            planned = next((found for found in self._plan if found.meets(sent, number)), None)
        return None if planned is None else planned.fault.happen(sent)
