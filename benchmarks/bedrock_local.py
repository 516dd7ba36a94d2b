"""How fast the local Bedrock answers unmodified boto3 clients over loopback.

The server is a process of its own, as `rimedio bedrock-local` starts it; so are the clients, two of them, since
boto3 itself takes more time for a call than the server does. `converse.wire_per_s` is what the server gives a
client that only writes bytes and reads them. `demo.equal` is the share of the demo's tickets that end alike whether the
laptop's writer or the wire writes.
"""

import http.client
import json
import multiprocessing
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.pool import Pool
from typing import Any

from benchmarks._report import ROOT, Report, parse_args
from benchmarks._same_remedy import equal_tickets

CLIENTS = 2
SECONDS = 5.0
STREAMS = 100
MODEL = "anthropic.claude-sonnet-4-5-v1:0"
TEXT = (
    "The pump of the unit moves 12 litres a minute. Its filter is cleaned every month, and the fan behind the cover "
    "once a year. Before the work the supply is switched off.\nHow often is the filter cleaned?"
)
MESSAGES = [{"role": "user", "content": [{"text": TEXT}]}]
TITAN = "amazon.titan-embed-text-v2:0"
EMBEDDED = 20


def main() -> None:
    """Measure and report."""
    options = parse_args("bedrock_local", "Speed of the local Bedrock for boto3 clients.")
    report = Report("bedrock_local", options)
    with _server() as url:
        _client(url).converse(modelId=MODEL, messages=MESSAGES)  # the first call loads what later ones have
        with multiprocessing.get_context("spawn").Pool(CLIENTS) as pool:
            _measure(report, url, pool)
        report.add("converse.wire_per_s", _rate(_wire_call(url)))
        first = [_first_byte_ms(url) for _ in range(STREAMS)]
        report.add("stream.first_byte_ms", statistics.median(first), STREAMS)
        report.add("stream.first_byte_p95_ms", statistics.quantiles(first, n=20)[-1], STREAMS)
        client = _client(url)
        try:
            took = [_timed(lambda n=n: _embed(client, f"{n}. {TEXT}")) for n in range(EMBEDDED)]  # type: ignore[misc]
            report.add("titan.p50_ms", statistics.median(took) * 1000, EMBEDDED)
        except client.exceptions.ModelNotReadyException as error:
            report.missing("titan.p50_ms", str(error))
    equal, tickets = equal_tickets()
    report.add("demo.equal", equal / tickets, tickets)
    for name, value in sorted(report.figures.items()):
        report.note(f"{name:28} {value:10.1f}")
    report.finish()


def _measure(report: Report, url: str, pool: Pool) -> None:
    pool.map(_warm, [url] * CLIENTS)
    report.add("converse.per_s", sum(pool.map(_client_rate, [url] * CLIENTS)), CLIENTS)


@contextmanager
def _server() -> Iterator[str]:
    """The command on a free port; gives its address."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "rimedio", "bedrock-local", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if found := re.search(r"http://[\d.]+:\d+", line):
                    yield found[0]
                    break
        finally:
            process.terminate()


_CLIENTS: dict[str, Any] = {}


def _client(url: str) -> Any:
    import boto3

    if url not in _CLIENTS:
        session = boto3.session.Session("test", "test", region_name="eu-south-1")
        _CLIENTS[url] = session.client("bedrock-runtime", endpoint_url=url)
    return _CLIENTS[url]


def _warm(url: str) -> None:
    _client(url).converse(modelId=MODEL, messages=MESSAGES)


def _client_rate(url: str) -> float:
    client = _client(url)
    return _rate(lambda: client.converse(modelId=MODEL, messages=MESSAGES))


def _rate(call: Callable[[], object]) -> float:
    """Calls a second, one after the other."""
    started, calls = time.perf_counter(), 0
    while time.perf_counter() - started < SECONDS:
        call()
        calls += 1
    return calls / (time.perf_counter() - started)


def _wire_call(url: str) -> Callable[[], object]:
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    body = json.dumps({"messages": MESSAGES}).encode()
    path = f"/model/{MODEL.replace(':', '%3A')}/converse"

    def call() -> object:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        return connection.getresponse().read()

    return call


def _first_byte_ms(url: str) -> float:
    client = _client(url)
    started = time.perf_counter()
    stream = client.converse_stream(modelId=MODEL, messages=MESSAGES)["stream"]
    next(iter(stream))
    took = (time.perf_counter() - started) * 1000
    stream.close()
    return took


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _embed(client: Any, text: str) -> object:
    body = json.dumps({"inputText": text, "dimensions": 512})
    return client.invoke_model(modelId=TITAN, body=body)["body"].read()


if __name__ == "__main__":
    main()
