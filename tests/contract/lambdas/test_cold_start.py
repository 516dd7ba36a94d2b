"""A cold start pays for what a function serves: the topics of tickets load no model, index or engine."""

import subprocess
import sys

SERVED = ("account", "conversation", "documents", "health", "moves", "openapi", "passages", "reviews", "run",
          "tickets", "uploads")  # fmt: skip
HEAVY = ("numpy", "onnxruntime", "jsonata", "docutils", "selectolax", "pypdfium2", "rimedio.answering.",
         "rimedio.knowledge.", "rimedio.classification.", "rimedio.asl.", "rimedio.bootstrap.")  # fmt: skip
PROGRAM = """
import sys
from importlib import import_module
import_module("rimedio.lambdas.api")
for topic in sys.argv[1:]:
    import_module("rimedio.lambdas.routes." + topic)
print(*sorted(sys.modules), sep="\\n")
"""


def test_routes_of_tickets_import_nothing_heavy() -> None:
    command = [sys.executable, "-c", PROGRAM, *SERVED]
    loaded = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.split()
    assert "rimedio.lambdas.routes.tickets" in loaded
    assert not [name for name in loaded if f"{name}.".startswith(HEAVY)]
