"""A cold start pays for what a function serves: the topics of tickets load no model, index or engine."""

import json
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec

import pytest

from rimedio.lambdas.functions import FUNCTIONS
from rimedio.lambdas.functions._function import LambdaFunction

SERVED = ("account", "conversation", "documents", "health", "moves", "openapi", "passages", "reviews", "run",
          "tickets", "uploads")  # fmt: skip
HEAVY = ("numpy", "onnxruntime", "jsonata", "docutils", "selectolax", "pypdfium2", "rimedio.answering.",
         "rimedio.knowledge.", "rimedio.classification.", "rimedio.asl.", "rimedio.bootstrap.")  # fmt: skip
PROGRAM = """
import sys
from importlib import import_module
from importlib.util import find_spec
import_module("rimedio.lambdas.api")
for topic in sys.argv[1:]:
    import_module("rimedio.lambdas.routes." + topic)
print(*sorted(sys.modules), sep="\\n")
"""


def test_routes_of_tickets_import_nothing_heavy() -> None:
    command = [sys.executable, "-c", PROGRAM, *SERVED]
    loaded = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout.split()
    assert "rimedio.lambdas.routes.tickets" in loaded
    assert not [name for name in loaded if f"{name}.".startswith(HEAVY)]


# -- functions: SnapStart restores one snapshot many times, so nothing may be made at import that copies must not share

ALWAYS_HEAVY = ("numpy", "onnxruntime", "boto3", "botocore.client", "botocore.session", "jsonata", "docutils", "selectolax", "pypdfium2", "PIL",
                "fasttext", "phonenumbers", "opentelemetry", "httpx", "cryptography", "starlette", "uvicorn", "typer",
                "rimedio.answering.", "rimedio.asl.", "rimedio.bootstrap.", "rimedio.http.", "rimedio.cli.")  # fmt: skip
WATCHER = """
import gc, json, logging, os, random, sys, threading, time, uuid  # logging notes when it began: its own, harmless
from importlib import import_module
from importlib.util import find_spec

seen = []
os_urandom, random_class = os.urandom, random.Random
known = {id(one) for one in gc.get_objects() if isinstance(one, random_class)}


def watched(owner, name):
    inner = getattr(owner, name)

    def call(*given, **named):
        frame, ours = sys._getframe(1), None
        while frame is not None and ours is None:
            module = frame.f_globals.get("__name__", "")
            ours = module if module.startswith("rimedio") else None
            frame = frame.f_back
        seen.append(f"{name} under {ours}")
        return inner(*given, **named)

    setattr(owner, name, call)


for owner, name in ((os, "urandom"), (time, "time"), (time, "time_ns"), (uuid, "uuid4"), (uuid, "uuid1")):
    watched(owner, name)


def audit(event, _):
    if event.startswith("socket.") and event != "socket.gethostname" or event in ("os.fork", "subprocess.Popen"):
        seen.append(event)


sys.addaudithook(audit)
import_module("rimedio.lambdas.functions." + sys.argv[1])
made = [o for o in gc.get_objects() if type(o) is random_class and id(o) not in known]
seen += [f"random.Random of {made!r}"] if made else []
seen += [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
print(json.dumps({"seen": seen, "loaded": sorted(sys.modules)}))
"""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_importing_a_function_captures_no_time_no_randomness_no_socket_and_nothing_heavy(name: str) -> None:
    command = [sys.executable, "-c", WATCHER, name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["seen"] == []
    assert not [module for module in found["loaded"] if f"{module}.".startswith(ALWAYS_HEAVY)]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_has_its_handler_and_its_build(name: str) -> None:
    module = import_module(f"rimedio.lambdas.functions.{name}")
    assert isinstance(module.handler, LambdaFunction)
    assert [part for part in vars(module) if part.startswith("build_")]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_imported_before_a_snapshot_exists(name: str) -> None:
    handler = import_module(f"rimedio.lambdas.functions.{name}").handler
    for module in handler.warm:
        assert find_spec(module) is not None, module


def test_the_system_on_aws_is_imported_without_what_single_parts_need() -> None:
    command = [sys.executable, "-c", "import sys, rimedio.bootstrap.aws; print(*sys.modules, sep='\\n')"]
    loaded = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout.split()
    heavy = ("numpy", "jsonata", "boto3", "rimedio.answering.answer", "rimedio.knowledge.search")
    assert "rimedio.bootstrap.system" in loaded
    assert not [name for name in loaded if f"{name}.".startswith(tuple(f"{one}." for one in heavy))]
