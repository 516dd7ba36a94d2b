"""Our container's jobs as SageMaker runs them: folders under /opt/ml, `/ping` and `/invocations` on a port."""

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from rimedio.classification.predict import FastTextClassifier
from rimedio.classification.sagemaker_inference import BODY_BYTES_MAX, InferenceServer
from rimedio.classification.sagemaker_processing import main as process
from rimedio.classification.sagemaker_training import main as train

FANS = ("fan", "blade", "airflow", "cooling", "noise")
PLUGS = ("plug", "socket", "cable", "charging", "connector")


def rows(labels: dict[str, tuple[str, ...]], count: int = 30) -> list[str]:
    lines = []
    for label, words in labels.items():
        for n in range(count):
            text = " ".join(words[(n + i) % len(words)] for i in range(3))
            lines.append(
                json.dumps(
                    {
                        "text": f"{text} ticket {n} {label.lower()}{n % 7}",
                        "label": label,
                        "group": f"{label}{n}",
                    }
                )
            )
    return lines


@pytest.fixture(scope="module")
def opt_ml(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training job that has run: split by the processing script, trained by the training script."""
    root = tmp_path_factory.mktemp("ml")
    given = root / "processing" / "input" / "rows"
    given.mkdir(parents=True)
    (given / "rows.jsonl").write_text("\n".join(rows({"FAN": FANS, "PLUG": PLUGS})), "utf-8")
    assert process(["split"], str(root / "processing")) == 0
    channel = root / "input" / "data" / "train"
    channel.parent.mkdir(parents=True)
    (root / "processing" / "output" / "train").rename(channel)
    config = root / "input" / "config"
    config.mkdir()
    parameters = {"epochs": "8", "vector_dim": "10", "buckets": "500", "sagemaker_program": "train.py"}
    (config / "hyperparameters.json").write_text(json.dumps(parameters), "utf-8")
    (root / "model").mkdir()
    assert train(str(root)) == 0
    return root


def test_the_job_leaves_a_model_and_says_its_metrics(
    opt_ml: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {p.name for p in (opt_ml / "model").iterdir()}
    assert {"model.bin", "model.json", "rows.jsonl.gz"} <= names
    assert FastTextClassifier(opt_ml / "model").classify("the fan blade is loud").label == "FAN"
    assert json.loads((opt_ml / "model" / "model.json").read_text())["options"]["vector_dim"] == 10


def test_the_metrics_are_lines_that_sagemaker_finds(tmp_path: Path, opt_ml: Path) -> None:
    import re

    command = [
        sys.executable,
        "-c",
        f"from rimedio.classification.sagemaker_training import main; main({str(tmp_path)!r})",
    ]
    (tmp_path / "input" / "data" / "train").mkdir(parents=True)
    (tmp_path / "input" / "data" / "train" / "rows.jsonl").write_text(
        "\n".join(rows({"A": FANS, "B": PLUGS}, 12))
    )
    (tmp_path / "input" / "config").mkdir()
    (tmp_path / "input" / "config" / "hyperparameters.json").write_text('{"epochs": "3", "linear": "false"}')
    said = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=True, env={**os.environ}
    )
    from rimedio.classification.sagemaker_pipeline import METRIC_DEFINITIONS

    for definition in METRIC_DEFINITIONS:
        assert re.search(definition["Regex"], said.stdout), definition


@pytest.mark.parametrize(
    ("rows_of_channel", "parameters", "said"),
    [
        (None, "{}", "no file of rows"),
        ('{"text": "a b", "label": "A"}\n{"text": "c d", "label": "B"}', "{}", "5 rows or more"),
        ('{"text": "a b", "label": "A"}', '{"epochs": "many"}', "hyper-parameters"),
    ],
)
def test_a_job_that_fails_says_why_where_sagemaker_looks(
    tmp_path: Path, rows_of_channel: str | None, parameters: str, said: str
) -> None:
    if rows_of_channel is not None:
        (tmp_path / "input" / "data" / "train").mkdir(parents=True)
        (tmp_path / "input" / "data" / "train" / "rows.jsonl").write_text(rows_of_channel)
    (tmp_path / "input" / "config").mkdir(parents=True)
    (tmp_path / "input" / "config" / "hyperparameters.json").write_text(parameters)
    assert train(str(tmp_path)) == 1
    assert said in (tmp_path / "output" / "failure").read_text("utf-8")


def test_siblings_stay_on_one_side_of_the_split(tmp_path: Path) -> None:
    given = tmp_path / "input" / "rows"
    given.mkdir(parents=True)
    lines = [json.dumps({"text": f"word{n} fan{n}", "label": "A", "group": f"g{n % 20}"}) for n in range(200)]
    (given / "r.jsonl").write_text("\n".join(lines))
    assert process(["split"], str(tmp_path)) == 0
    from rimedio.classification.dataset import read_dataset

    train_rows, test_rows = (
        read_dataset(tmp_path / "output" / n / "rows.jsonl.gz").rows for n in ("train", "test")
    )
    assert not {r.group for r in train_rows} & {r.group for r in test_rows}
    assert len(train_rows) + len(test_rows) == 200


def test_the_verdict_is_a_property_file_with_and_without_a_champion(opt_ml: Path, tmp_path: Path) -> None:
    given = tmp_path / "input"
    (given / "model").mkdir(parents=True)
    with tarfile.open(given / "model" / "model.tar.gz", "w:gz") as packed:
        for path in (opt_ml / "model").iterdir():
            packed.add(path, path.name)
    (given / "test").symlink_to(opt_ml / "processing" / "output" / "test")
    assert process(["evaluate"], str(tmp_path)) == 0
    report = json.loads((tmp_path / "output" / "evaluation" / "evaluation.json").read_text())
    assert report["metrics"]["accuracy"] > 0.9
    assert report["against_champion"] == {"worse": 0.0}
    (given / "champion").symlink_to(opt_ml / "model")
    assert process(["evaluate"], str(tmp_path)) == 0
    compared = json.loads((tmp_path / "output" / "evaluation" / "evaluation.json").read_text())
    assert compared["comparison"]["difference"] == 0.0


def test_an_archive_that_leads_out_of_its_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "input" / "model").mkdir(parents=True)
    (tmp_path / "input" / "test").mkdir()
    (tmp_path / "input" / "test" / "r.jsonl").write_text('{"text": "a b", "label": "A"}')
    (tmp_path / "evil").write_text("x")
    with tarfile.open(tmp_path / "input" / "model" / "model.tar.gz", "w:gz") as packed:
        packed.add(tmp_path / "evil", "../../evil")
    assert process(["evaluate"], str(tmp_path)) == 1


@pytest.fixture(scope="module")
def served(opt_ml: Path) -> Iterator[InferenceServer]:
    import threading

    server = InferenceServer(str(opt_ml / "model"), host="127.0.0.1", port=0)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    server.wait_loaded()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def call(
    server: InferenceServer, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", server.server_address[1], timeout=60)
    try:
        connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_ping_and_invocations_answer(served: InferenceServer) -> None:
    assert call(served, "GET", "/ping")[0] == 200
    body = json.dumps({"instances": ["fan blade noise", "socket cable"], "configuration": {"k": 2}}).encode()
    status, said = call(served, "POST", "/invocations", body, Content_Type="application/json")
    found: Any = json.loads(said)
    assert (status, [p["label"] for p in found["predictions"]]) == (200, ["FAN", "PLUG"])
    assert found["version"]
    assert len(found["predictions"][0]["top"]) == 2


def test_batch_transform_gets_a_line_a_text(served: InferenceServer) -> None:
    lines = b'{"source": "fan blade"}\n{"source": "cable plug"}\n'
    headers = {"Content_Type": "application/jsonlines", "Accept": "application/jsonlines"}
    said = call(served, "POST", "/invocations", lines, **headers)[1]
    assert [json.loads(line)["label"] for line in said.splitlines()] == ["FAN", "PLUG"]
    plain = call(served, "POST", "/invocations", b"fan blade\n", Content_Type="text/plain")
    assert json.loads(plain[1])["predictions"][0]["label"] == "FAN"


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"instances": []}', "application/json", 400),
        (b'{"instances": [3]}', "application/json", 400),
        (b"\xff\xfe", "text/plain", 400),
        (b"<a/>", "application/xml", 400),
    ],
)
def test_a_body_that_is_none_is_the_callers_fault(
    served: InferenceServer, body: bytes, kind: str, status: int
) -> None:
    answer = call(served, "POST", "/invocations", body, Content_Type=kind)
    assert (answer[0], "error" in json.loads(answer[1])) == (status, True)


def test_too_long_a_body_is_not_read(served: InferenceServer) -> None:
    connection = HTTPConnection("127.0.0.1", served.server_address[1], timeout=60)
    try:
        connection.putrequest("POST", "/invocations")
        connection.putheader("Content-Length", str(BODY_BYTES_MAX + 1))
        connection.endheaders()
        assert connection.getresponse().status == 413
    finally:
        connection.close()


def test_a_container_without_a_model_is_not_healthy(tmp_path: Path) -> None:
    import threading

    server = InferenceServer(str(tmp_path), host="127.0.0.1", port=0)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    server.wait_loaded()
    try:
        status, said = call(server, "GET", "/ping")
        assert (status, b"no usable classifier" in said) == (503, True)
        assert call(server, "POST", "/invocations", b"{}")[0] == 503
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
