"""The classifier behind an endpoint, asked by boto3 over loopback: our container, BlazingText's answers, failures."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from rimedio.aws import AwsConnections
from rimedio.bootstrap.aws import AwsRimedio
from rimedio.classification.predict import UNKNOWN, FakeClassifier
from rimedio.classification.sagemaker_endpoint import (
    Container,
    DegradingClassifier,
    EndpointChoice,
    EndpointClassifier,
)
from rimedio.domain.errors import ModelUnavailable, Throttled
from rimedio.settings import load_settings

Answer = tuple[int, bytes, dict[str, str]]


class Runtime(ThreadingHTTPServer):
    """Stands where `runtime.sagemaker` is; answers what it was told and keeps what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer: Callable[[bytes], Answer] = lambda _: (200, b"", {})
        self.asked: list[tuple[str, dict[str, str], bytes]] = []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Runtime

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, dict(self.headers), body))
        status, content, headers = self.server.answer(body)
        self.send_response(status)
        for name, value in (
            {"Content-Length": str(len(content)), "Content-Type": "application/json"} | headers
        ).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def _runtime() -> Iterator[Runtime]:
    server = Runtime()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def runtime(_runtime: Runtime) -> Runtime:
    _runtime.asked.clear()
    return _runtime


@contextmanager
def talking_to(runtime: Runtime, read_seconds: float) -> Iterator[object]:
    session = boto3.session.Session("test", "test", region_name="eu-south-1")
    config = Config(retries={"total_max_attempts": 1}, read_timeout=read_seconds)
    address = f"http://127.0.0.1:{runtime.server_address[1]}"
    made = session.client("sagemaker-runtime", endpoint_url=address, config=config)
    yield made
    made.close()


@pytest.fixture(scope="module")
def client(_runtime: Runtime) -> Iterator[object]:
    with talking_to(_runtime, 60) as made:
        yield made


def ours(label: str = "FAN", confidence: float = 0.9) -> Answer:
    told = {"label": label, "confidence": confidence, "top": [{"label": label, "probability": confidence}]}
    content = json.dumps({"version": "v0007", "predictions": [told]}).encode()
    return 200, content, {"x-Amzn-Invoked-Production-Variant": "champion"}


def failing(status: int, kind: str) -> Answer:
    return (
        status,
        json.dumps({"Message": "no", "OriginalStatusCode": status}).encode(),
        {"x-amzn-errortype": kind},
    )


def test_our_containers_answer_is_the_classification(runtime: Runtime, client: object) -> None:
    runtime.answer = lambda _: ours()
    seen: list[str] = []
    choice = EndpointChoice("tickets", variant="champion", component="fans")
    found = EndpointClassifier(client, choice, on_answered=seen.append).classify("the fan is loud")
    assert (found.label, found.confidence, found.model_version) == ("FAN", 0.9, "v0007")
    path, headers, body = runtime.asked[0]
    assert (path, seen) == ("/endpoints/tickets/invocations", ["champion"])
    assert headers["X-Amzn-SageMaker-Inference-Component"] == "fans"
    assert json.loads(body) == {"instances": ["the fan is loud"], "configuration": {"k": 3}}


def test_blazingtext_gets_the_line_that_it_was_trained_on(runtime: Runtime, client: object) -> None:
    row = {"label": ["__label__NO%20POWER", "__label__FAN"], "prob": [0.71, 0.2]}
    runtime.answer = lambda _: (200, json.dumps([row]).encode(), {})
    asked = EndpointClassifier(client, EndpointChoice("tickets", Container.BLAZINGTEXT))
    found = asked.classify("The FAN stops!")
    assert (found.label, [g.label for g in found.top]) == ("NO POWER", ["NO POWER", "FAN"])
    assert json.loads(runtime.asked[0][2])["instances"] == ["the fan stops ! ^the ^fan ^stops ^!"]
    row["prob"] = [0.3, 0.29]
    assert asked.classify("Hm").label == UNKNOWN


def test_a_text_without_words_is_not_sent(runtime: Runtime, client: object) -> None:
    assert EndpointClassifier(client, EndpointChoice("tickets")).classify("...").label == UNKNOWN
    assert runtime.asked == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (failing(429, "ModelNotReadyException"), Throttled),
        (failing(400, "ThrottlingException"), Throttled),
        (failing(503, "ServiceUnavailable"), Throttled),
        (failing(500, "InternalFailure"), ModelUnavailable),
        (failing(424, "ModelError"), ModelUnavailable),
        (failing(400, "ValidationError"), ModelUnavailable),
        ((200, b"not json", {}), ModelUnavailable),
        ((200, b'{"version": "v1", "predictions": []}', {}), ModelUnavailable),
    ],
)
def test_each_failure_has_its_kind_and_the_local_model_answers(
    runtime: Runtime, client: object, answer: Answer, error: type[Exception]
) -> None:
    runtime.answer = lambda _: answer
    endpoint = EndpointClassifier(client, EndpointChoice("tickets"))
    with pytest.raises(error):
        endpoint.classify("the fan")
    told: list[str] = []
    found = DegradingClassifier(endpoint, lambda: FakeClassifier({"fan": "FAN"}), told.append).classify(
        "the fan"
    )
    assert (found.label, found.model_version, len(told)) == ("FAN", "fake", 1)


def test_an_endpoint_that_hangs_is_left_after_the_clients_limit(runtime: Runtime) -> None:
    release = threading.Event()
    runtime.answer = lambda _: (release.wait(60), ours())[1]
    with talking_to(runtime, 0.2) as impatient:
        with pytest.raises(ModelUnavailable):
            EndpointClassifier(impatient, EndpointChoice("tickets")).classify("the fan")
        release.set()


def test_without_a_local_model_the_endpoints_own_failure_is_told(runtime: Runtime, client: object) -> None:
    runtime.answer = lambda _: failing(429, "ModelNotReadyException")

    def none() -> FakeClassifier:
        raise ModelUnavailable("nothing here")

    with pytest.raises(Throttled):
        DegradingClassifier(EndpointClassifier(client, EndpointChoice("tickets")), none).classify("the fan")


@pytest.fixture
def aws(
    connections: AwsConnections, runtime: Runtime, unique_name: Callable[[str], str], tmp_path: Path
) -> Iterator[AwsRimedio]:
    """The system on AWS with an endpoint; its registry is a bucket of moto's."""
    bucket = unique_name("hosted")
    connections.client("s3").create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": connections.region}
    )
    address = f"http://127.0.0.1:{runtime.server_address[1]}"
    own = AwsConnections(
        connections.region, {"*": str(connections.endpoint("s3")), "sagemaker-runtime": address}
    )
    given = {"home": "aws", "bucket": bucket, "sagemaker_endpoint": "tickets", "data_dir": tmp_path}
    system = AwsRimedio(load_settings(given, environment={}), own)
    yield system
    own.close()


def test_the_workflows_classifier_is_the_endpoint_where_one_is_set(aws: AwsRimedio, runtime: Runtime) -> None:
    runtime.answer = lambda _: ours("PLUG", 0.8)
    found = aws.learning.classifier_of(aws.tenant).classify("the plug is hot")
    assert (found.category, found.confidence) == ("PLUG", 0.8)
    assert runtime.asked[0][0] == "/endpoints/tickets/invocations"


def test_a_failing_endpoint_without_a_model_of_ones_own_is_told_to_the_workflow(
    aws: AwsRimedio, runtime: Runtime
) -> None:
    runtime.answer = lambda _: failing(500, "InternalFailure")
    with pytest.raises(ModelUnavailable, match="tickets"):
        aws.learning.classifier_of(aws.tenant).classify("the plug is hot")
