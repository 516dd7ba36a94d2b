"""Faults on demand look to boto3 as the service's own do."""

import json
import socket
import threading
import time
import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    EventStreamError,
    HTTPClientError,
    ReadTimeoutError,
)
from urllib3.exceptions import ProtocolError

from rimedio.bedrock_local.fault_plan import Fault, Kind, Rule


def code_of(error: Any) -> str:
    return str(error.value.response["Error"]["Code"])


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        ("throttling", "ThrottlingException", 429),
        ("quota", "ServiceQuotaExceededException", 400),
        ("internal", "InternalServerException", 500),
        ("unavailable", "ServiceUnavailableException", 503),
        ("not_ready", "ModelNotReadyException", 429),
        ("timeout", "ModelTimeoutException", 408),
        ("model_error", "ModelErrorException", 424),
        ("access_denied", "AccessDeniedException", 403),
        ("not_found", "ResourceNotFoundException", 404),
    ],
)
def test_each_exception_has_its_name_and_status(bench: Any, kind: str, code: str, status: int) -> None:
    with pytest.raises(ClientError) as error:
        bench.converse(modelId=f"{bench.model}@{kind}")
    assert (code_of(error), error.value.response["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)


def test_a_client_that_tries_again_gets_through_a_throttling(bench: Any) -> None:
    bench.bedrock.faults.replace([Rule(Fault(Kind.THROTTLING), times=1)])
    reply = bench.client("bedrock-runtime", attempts=3).converse(modelId=bench.model, messages=bench.user())
    assert reply["ResponseMetadata"]["RetryAttempts"] == 1
    assert [call.status for call in bench.bedrock.served] == [429, 200]


def test_metadata_asks_for_a_fault(bench: Any) -> None:
    with pytest.raises(ClientError) as error:
        bench.converse(requestMetadata={"rimedio-fault": "unavailable"})
    assert code_of(error) == "ServiceUnavailableException"


@pytest.mark.parametrize(
    ("kind", "code"),
    [("stream_error", "modelStreamErrorException"), ("stream_throttling", "throttlingException"),
     ("stream_internal", "internalServerException"), ("stream_unavailable", "serviceUnavailableException")],
)  # fmt: skip
def test_a_stream_breaks_off_with_an_exception_after_so_many_events(bench: Any, kind: str, code: str) -> None:
    seen: list[str] = []
    events = bench.stream(modelId=f"{bench.model}@{kind}:after=2")
    with pytest.raises(EventStreamError) as error:
        seen.extend(next(iter(event)) for event in events)
    assert (seen, code_of(error)) == (["messageStart", "contentBlockDelta"], code)


def test_a_stream_that_is_cut_is_no_whole_answer(bench: Any) -> None:
    seen: list[Any] = []
    events = bench.stream(modelId=f"{bench.model}@stream_cut:after=2")
    with pytest.raises(ProtocolError):  # urllib3's own: botocore leaves it as it is
        seen.extend(events)
    assert all("messageStop" not in event for event in seen)


def test_a_dropped_connection_is_an_error_of_the_network(bench: Any) -> None:
    with pytest.raises(HTTPClientError):
        bench.converse(modelId=f"{bench.model}@drop")


def test_latency_is_waited_for_and_a_hang_ends_at_the_clients_limit(bench: Any) -> None:
    started = time.perf_counter()
    bench.converse(modelId=f"{bench.model}@latency:ms=120")
    assert time.perf_counter() - started >= 0.12
    with pytest.raises(ReadTimeoutError):
        bench.client("bedrock-runtime", 1, 0.2).converse(
            modelId=f"{bench.model}@hang:ms=600", messages=bench.user()
        )


def test_a_malformed_reply_is_half_of_one(bench: Any) -> None:
    reply = bench.converse(modelId=f"{bench.model}@malformed")
    said = reply["output"]["message"]["content"][0]["text"]
    assert bench.answer.startswith(said)
    assert said != bench.answer


def test_a_guardrail_can_be_made_to_act(bench: Any) -> None:
    assert bench.converse(modelId=f"{bench.model}@guardrail")["stopReason"] == "guardrail_intervened"


def send(url: str, method: str, body: bytes = b"", **headers: str) -> tuple[int, str, Any]:
    request = urllib.request.Request(url, body or None, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.status, "", json.loads(reply.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, str(error.headers.get("x-amzn-errortype")), json.loads(error.read())


def test_a_plan_is_set_and_taken_back_while_the_server_runs(bench: Any) -> None:
    plan = [{"fault": "internal", "operation": "converse", "every": 2}]
    assert send(f"{bench.url}/admin/faults", "POST", json.dumps(plan).encode())[2] == {"rules": 1}
    with pytest.raises(ClientError):
        bench.converse()
    bench.converse()
    send(f"{bench.url}/admin/faults", "DELETE")
    bench.converse()
    calls = send(f"{bench.url}/admin/calls", "GET")[2]
    assert [(c["operation"], c["status"]) for c in calls] == [("converse", s) for s in (500, 200, 200)]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "name"),
    [
        ("POST", "/model/amazon.nova-lite-v1%3A0/converse", b"{", 400, "ValidationException"),
        ("POST", "/model/amazon.nova-lite-v1%3A0/converse", b"", 400, "ValidationException"),
        ("POST", "/model/amazon.nova-lite-v1%3A0/converse", b'{"messages": 3}', 400, "ValidationException"),
        ("GET", "/model/amazon.nova-lite-v1%3A0/converse", b"", 404, "ResourceNotFoundException"),
        ("POST", "/nowhere", b"{}", 404, "ResourceNotFoundException"),
        ("POST", "/admin/faults", b'[{"fault": "sunshine"}]', 400, "ValidationException"),
        ("POST", "/admin/faults", b'[{"fault": "internal", "every": 0}]', 400, "ValidationException"),
        ("PUT", "/admin/guardrails/g9", b'{"grounding": 7}', 400, "ValidationException"),
        ("POST", "/model/amazon.nova-lite-v1%3A0%40sunshine/converse", b"{}", 400, "ValidationException"),
    ],
)
def test_nonsense_is_refused_in_a_sentence(
    bench: Any, method: str, path: str, body: bytes, status: int, name: str
) -> None:
    found = send(f"{bench.url}{path}", method, body)
    assert found[:2] == (status, name)
    assert found[2]["message"]


def test_a_body_that_is_too_long_is_refused_before_it_is_read(bench: Any) -> None:
    host, port = bench.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as line:
        head = (
            f"POST /rerank HTTP/1.1\r\nHost: {host}\r\nContent-Length: 999999999\r\nConnection: close\r\n\r\n"
        )
        line.sendall(head.encode())
        assert line.recv(4096).startswith(b"HTTP/1.1 400")


def test_many_clients_at_once_are_each_answered_their_own(bench: Any) -> None:
    wrong: list[str] = []

    def ask(number: int) -> None:
        text = f"Machine {number} weighs {number} kilos. It is blue.\nHow much weighs machine {number}?"
        for _ in range(5):
            said = bench.converse(text)["output"]["message"]["content"][0]["text"]
            if said != f"Machine {number} weighs {number} kilos.":
                wrong.append(said)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(100, 108)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
