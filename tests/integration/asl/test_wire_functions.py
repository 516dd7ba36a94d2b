"""Lambda tasks of the local Step Functions: over Lambda's HTTP API, and from the command line."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import rimedio.asl
from rimedio.asl import Engine, Machine
from rimedio.asl.wire import LambdaEndpoint, invoked

boto3 = pytest.importorskip("boto3")


class StandIn(BaseHTTPRequestHandler):
    """Lambda's Invoke API; what a function answers is written in its payload."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, headers, body = 200, {"X-Amz-Executed-Version": "7"}, json.dumps({"path": self.path})
        if "raise" in payload:
            headers["X-Amz-Function-Error"] = "Unhandled"
            body = json.dumps({"errorMessage": "why", "errorType": payload["raise"], "stackTrace": []})
        elif "refuse" in payload:
            status, headers["x-amzn-ErrorType"] = payload["refuse"]
            body = json.dumps({"message": "no"})
        elif "garbage" in payload:
            body = "{"
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture(scope="module")
def lambda_url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def run(url: str, payload: Any, resource: str = "arn:aws:states:::lambda:invoke") -> Any:
    arguments = {"FunctionName": "f", "Payload": payload} if resource.endswith("invoke") else payload
    state = {"Type": "Task", "Resource": resource, "Arguments": arguments, "End": True}
    machine = Machine.parse({"QueryLanguage": "JSONata", "StartAt": "T", "States": {"T": state}})
    engine = Engine(handlers=invoked(LambdaEndpoint(url)))
    return engine.run(engine.start(machine))


def test_a_function_is_invoked_over_http_by_name_and_by_arn(lambda_url: str) -> None:
    found = run(lambda_url, {})
    assert found.output["Payload"] == {"path": "/2015-03-31/functions/f/invocations"}
    assert (found.output["ExecutedVersion"], found.output["StatusCode"]) == ("7", 200)
    arn = "arn:aws:lambda:us-east-1:000000000000:function:f"
    assert run(lambda_url, {}, arn).output["path"].startswith("/2015-03-31/functions/arn%3Aaws%3Alambda")


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        ({"raise": "Throttled"}, "Throttled"),
        ({"raise": "Sandbox.Timedout"}, "Sandbox.Timedout"),
        ({"refuse": [429, "TooManyRequestsException"]}, "Lambda.TooManyRequestsException"),
        ({"refuse": [500, "ServiceException"]}, "Lambda.ServiceException"),
        ({"refuse": [404, "ResourceNotFoundException:http://x/"]}, "Lambda.ResourceNotFoundException"),
        ({"garbage": 1}, "Lambda.SdkClientException"),
    ],
)
def test_errors_come_under_the_names_that_step_functions_gives_them(
    lambda_url: str, payload: Any, error: str
) -> None:
    found = run(lambda_url, payload)
    assert (found.status, found.error) == ("FAILED", error)
    if "raise" in payload:
        assert json.loads(str(found.cause))["errorMessage"] == "why"


def test_a_function_that_cannot_be_reached_is_a_client_error() -> None:
    assert run("http://127.0.0.1:9", {}).error == "Lambda.SdkClientException"


def test_the_command_serves_boto3_and_goes_on_after_a_kill(tmp_path: Path, lambda_url: str) -> None:
    command = [sys.executable, "-m", "rimedio.asl", "serve", "--port", "0", "--data", str(tmp_path / "r.db")]
    command += ["--lambda-endpoint", lambda_url]
    definition = {
        "StartAt": "W",
        "States": {
            "W": {"Type": "Wait", "Seconds": 1, "Next": "T"},
            "T": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName": "greet", "Payload": {}},
                "End": True,
            },
        },
    }
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        client = client_of(process)
        role = "arn:aws:iam::000000000000:role/test"
        machine = client.create_state_machine(name="m", definition=json.dumps(definition), roleArn=role)
        started = client.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
        client.close()
        process.kill()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        client = client_of(process)
        for _ in range(1200):
            found = client.describe_execution(executionArn=started)
            if found["status"] != "RUNNING":
                break
            threading.Event().wait(0.05)
        assert json.loads(found["output"])["Payload"]["path"].endswith("/functions/greet/invocations")
        client.close()
        process.kill()


def test_functions_of_a_module_are_called_as_lambda_calls_them(tmp_path: Path) -> None:
    module = "HANDLERS = {'who': lambda event, context: [event['n'] + 1, context.function_name]}\n"
    (tmp_path / "mine.py").write_text(module)
    command = [sys.executable, "-m", "rimedio.asl", "serve", "--port", "0", "--handlers", "mine:HANDLERS"]
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "who", "Payload.$": "$"},
        "OutputPath": "$.Payload",
        "End": True,
    }
    definition = json.dumps({"StartAt": "T", "States": {"T": state}})
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        client = client_of(process)
        role = "arn:aws:iam::000000000000:role/test"
        machine = client.create_state_machine(name="m", definition=definition, roleArn=role)[
            "stateMachineArn"
        ]
        started = client.start_execution(stateMachineArn=machine, input='{"n": 1}')["executionArn"]
        for _ in range(1200):
            found = client.describe_execution(executionArn=started)
            if found["status"] != "RUNNING":
                break
            threading.Event().wait(0.05)
        assert found["output"] == '[2,"who"]'
        client.close()
        process.kill()


def client_of(process: Any) -> Any:
    url = process.stdout.readline().partition(" at ")[2].split()[0]
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client("stepfunctions", endpoint_url=url, region_name="us-east-1", **keys)


def test_the_example_of_the_page_works(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    page = (Path(rimedio.asl.__file__).parent / "README.md").read_text("utf-8")
    (block,) = re.findall(r"```py\n(.*?)```", page, re.DOTALL)
    exec(compile(block, "README.md", "exec"), {"json": json})
