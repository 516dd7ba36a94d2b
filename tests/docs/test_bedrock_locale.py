"""The page on the local Bedrock is true: its Python runs against the command, and prints what the page shows."""

import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from typing import Any

import pytest
from tests.conftest import MODEL, ROOT

from rimedio.bedrock_local.fault_plan import Kind

PAGE = (ROOT / "docs" / "05-operations" / "bedrock-locale.md").read_text("utf-8")
ADDRESS = "http://127.0.0.1:4580"
BLOCKS = re.findall(
    r"(<!-- needs: model -->\n)?```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", PAGE, re.DOTALL
)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The page's own command, on a free port."""
    [command] = re.findall(r"```bash\n(rimedio bedrock-local.*?)\n```", PAGE)
    words = command.replace("4580", "0").split()[1:]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "200"}
    with subprocess.Popen(
        [sys.executable, "-m", "rimedio", *words],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            found = next(
                m[0] for line in process.stdout if (m := re.search(r"http://127\.0\.0\.1:\d+", line))
            )
            yield found
        finally:
            process.terminate()
            process.wait(60)


def test_every_block_prints_what_the_page_shows(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    names: dict[str, Any] = {}
    ran = 0
    for needs_model, code, shown in BLOCKS:
        if needs_model and not MODEL.exists():
            continue
        said = io.StringIO()
        with redirect_stdout(said):
            exec(compile(code.replace(ADDRESS, address), "bedrock-locale.md", "exec"), names)
        assert said.getvalue() == shown, code
        ran += 1
    for client in ("client", "agente"):
        if client in names:
            names[client].close()
    assert ran > 8


def test_every_kind_of_fault_stands_on_the_page() -> None:
    assert [kind for kind in Kind if f"`{kind}" not in PAGE] == []


def test_every_option_of_the_command_stands_on_the_page() -> None:
    import typer.main

    from rimedio.cli.app import app

    command: Any = typer.main.get_command(app)
    options = [o for p in command.commands["bedrock-local"].params for o in p.opts if o != "--help"]
    assert options
    assert [option for option in options if f"`{option}`" not in PAGE] == []
