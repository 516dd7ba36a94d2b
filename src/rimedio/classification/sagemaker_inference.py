"""The classifier in a SageMaker container: `/ping`, `/invocations`, and the four functions behind them.

Source: "Use your own inference code" of SageMaker's developer guide: the container listens on port 8080, answers
`/ping` with 200 once it can answer, gets bodies of up to 6 MB, and finds its model in /opt/ml/model. The four
functions have the names of the SageMaker inference toolkit, so the module also works as its `inference.py`.

    python -m rimedio.classification.sagemaker_inference        # what the image starts with `serve`
"""

import json
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rimedio.classification.predict import TOP, Classification, FastTextClassifier
from rimedio.domain.errors import InvalidInput, ModelUnavailable

MODEL_FOLDER = "/opt/ml/model"
PORT = 8080
BODY_BYTES_MAX = 6 * 1024 * 1024
TEXTS_MAX = 1000
JSON, JSON_LINES, PLAIN = "application/json", "application/jsonlines", "text/plain"
ACCEPTED = (JSON, JSON_LINES, PLAIN)


class _Configuration(BaseModel):
    model_config = ConfigDict(extra="ignore")
    k: Annotated[int, Field(ge=1, le=100)] = TOP


class _JsonBody(BaseModel):
    model_config = ConfigDict(extra="ignore")
    instances: Annotated[list[str], Field(min_length=1, max_length=TEXTS_MAX)]
    configuration: _Configuration = _Configuration()


@dataclass(frozen=True, slots=True)
class Question:
    """Texts to sort, and how many guesses to tell of each."""

    texts: tuple[str, ...]
    k: int = TOP


def model_fn(model_dir: str) -> FastTextClassifier:
    """The classifier in a folder, loaded. Raises ModelUnavailable."""
    classifier = FastTextClassifier(Path(model_dir))
    classifier.classify("warm up")  # the first question reads the weights: that belongs to the start
    return classifier


def input_fn(body: bytes, content_type: str) -> Question:
    """A question out of a request: BlazingText's JSON, a JSON object a line, or a text a line.

    Raises InvalidInput.
    """
    kind = content_type.partition(";")[0].strip().lower() or JSON
    try:
        if kind == JSON:
            read = _JsonBody.model_validate_json(body)
            return Question(tuple(read.instances), read.configuration.k)
        lines = [line for line in body.decode("utf-8").splitlines() if line.strip()]
        if kind == PLAIN:
            return _bounded(lines)
        if kind == JSON_LINES:
            return _bounded([str(json.loads(line)["source"]) for line in lines])
    except (ValidationError, ValueError, KeyError, TypeError) as error:
        raise InvalidInput(f"The body is no {kind} of texts: {str(error).splitlines()[0]}") from error
    raise InvalidInput(f"Bodies of type {kind!r} are not read. Known are: {', '.join(ACCEPTED)}.")


def _bounded(texts: Sequence[str]) -> Question:
    if not 1 <= len(texts) <= TEXTS_MAX:
        raise InvalidInput(f"A request holds 1 to {TEXTS_MAX} texts, this one {len(texts)}.")
    return Question(tuple(texts))


def predict_fn(question: Question, model: FastTextClassifier) -> list[Classification]:
    """What each text is about."""
    return [model.classify(text) for text in question.texts]


def output_fn(found: Sequence[Classification], accept: str, k: int = TOP) -> bytes:
    """The answer; a line a text where JSON lines are wanted, as batch transform joins them."""
    rows = [_row(one, k) for one in found]
    if accept.partition(";")[0].strip().lower() == JSON_LINES:
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    version = found[0].model_version if found else ""
    return json.dumps({"version": version, "predictions": rows}, ensure_ascii=False).encode()


def _row(found: Classification, k: int) -> dict[str, Any]:
    top = [{"label": g.label, "probability": round(g.probability, 6)} for g in found.top[:k]]
    return {"label": found.label, "confidence": round(found.confidence, 6), "top": top}


class InferenceServer(ThreadingHTTPServer):
    """Answers SageMaker's two paths; the model is read on a thread while `/ping` says 503."""

    daemon_threads = True

    def __init__(self, model_dir: str = MODEL_FOLDER, host: str = "0.0.0.0", port: int = PORT) -> None:  # noqa: S104 - inside a container
        super().__init__((host, port), _Handler)
        self.model: FastTextClassifier | None = None
        self.problem = ""
        self._loading = threading.Thread(target=self._load, args=(model_dir,), daemon=True)
        self._loading.start()

    def _load(self, model_dir: str) -> None:
        try:
            self.model = model_fn(model_dir)
        except ModelUnavailable as error:
            self.problem = str(error)

    def wait_loaded(self, seconds: float = 30.0) -> None:
        """Until the model was read, or could not be."""
        self._loading.join(seconds)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: InferenceServer

    def do_GET(self) -> None:
        """`/ping`: whether questions are answered."""
        if self.path != "/ping":
            self._send(404, {"error": "There are /ping and /invocations."})
        elif self.server.model is None:
            self._send(503, {"error": self.server.problem or "The model is being read."})
        else:
            self._send(200, {"version": self.server.model.version})

    def do_POST(self) -> None:
        """`/invocations`: one request."""
        length = int(self.headers.get("Content-Length") or 0)
        if length > BODY_BYTES_MAX:
            self.close_connection = True  # what comes is not read
            self._send(413, {"error": f"A body has at most {BODY_BYTES_MAX} bytes."})
            return
        body = self.rfile.read(length)
        if self.path != "/invocations":
            self._send(404, {"error": "There are /ping and /invocations."})
            return
        model = self.server.model
        if model is None:
            self._send(503, {"error": self.server.problem or "The model is being read."})
            return
        accept = self.headers.get("Accept") or JSON
        try:
            question = input_fn(body, self.headers.get("Content-Type") or JSON)
        except InvalidInput as error:
            self._send(400, {"error": str(error)})
            return
        content = output_fn(predict_fn(question, model), accept, question.k)
        kind = JSON_LINES if accept.startswith(JSON_LINES) else JSON
        self._write(200, content, kind)

    def _send(self, status: int, value: Mapping[str, str]) -> None:
        self._write(status, json.dumps(value).encode(), JSON)

    def _write(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing: SageMaker keeps an access log of its own."""


def serve() -> None:
    """Serve the model of the container until it is stopped."""
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", PORT))
    with InferenceServer(os.environ.get("SM_MODEL_DIR", MODEL_FOLDER), port=port) as server:
        server.serve_forever()


if __name__ == "__main__":
    serve()
