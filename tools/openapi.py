"""Writes docs/openapi.json out of the handlers: `python -m tools.openapi [--check]`.

With `--check` nothing is written; it ends with 1 when the committed document is not the one of the code.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rimedio.bootstrap import laptop
from rimedio.lambdas.api import build_api
from rimedio.lambdas.document import document_text
from rimedio.settings import EmbedderName, Settings

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "openapi.json"


def generated() -> str:
    """The document of the code, for the built-in taxonomy."""
    with tempfile.TemporaryDirectory() as folder:
        system = laptop(Settings.model_validate({"data_dir": folder, "embedder": EmbedderName.NONE}))
        try:
            operations = build_api(system).api.operations
            return document_text(operations, system.taxonomy, system.settings)
        finally:
            system.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    check = parser.parse_args(arguments).check
    text = generated()
    if check:
        same = DOCUMENT.exists() and DOCUMENT.read_text("utf-8") == text
        print(
            "docs/openapi.json is current." if same else "docs/openapi.json is old: python -m tools.openapi"
        )
        return 0 if same else 1
    DOCUMENT.write_text(text, "utf-8")
    print(f"Wrote {DOCUMENT.name}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
