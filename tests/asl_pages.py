"""Runs the blocks of a page about the engine, one after the other, in a copy of the examples.

`python` blocks share their names; a `text` block right after one is what it prints. In a `console` block the lines
that begin with `$ rimedio asl` are commands, what follows is what they print; times, tokens and ids may differ.
"""

import io
import re
import shlex
import shutil
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from typer.testing import CliRunner

from rimedio.asl.cli import app

BLOCK = re.compile(r"```(python|console)\n(.*?)```(?:\n\n```text\n(.*?)```)?", re.DOTALL)
TOKEN = re.compile(r"\b[0-9a-f]{64}\b")
VARYING = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "UUID"),
    (TOKEN, "TOKEN"),
    (re.compile(r"\b[0-9a-f]{12}\b"), "TOKEN"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "INSTANT"),
    (re.compile(r"[ (]+(?:after |took )?\d+(?:\.\d+)? s(?: ago)?\b"), ""),
    (re.compile(r" +\d+\.\d{3}(?= )"), ""),
)


@dataclass
class Page:
    """A page, run block by block."""

    path: Path
    names: dict[str, Any] = field(default_factory=dict)
    token: str = ""
    blocks: int = 0
    commands: list[str] = field(default_factory=list)

    def run(self, folder: Path) -> None:
        """Run everything in `folder`, the working directory."""
        shutil.copytree(ROOT / "examples" / "asl", folder, dirs_exist_ok=True)
        for kind, body, printed in BLOCK.findall(self.path.read_text("utf-8")):
            self.blocks += 1
            if kind == "console":
                self._console(body)
                continue
            said = io.StringIO()
            with redirect_stdout(said):
                exec(compile(body, self.path.name, "exec"), self.names)
            assert said.getvalue() == printed, body

    def _console(self, body: str) -> None:
        for part in re.split(r"^(?=\$ )", body, flags=re.MULTILINE):
            if not part.strip():
                continue
            command, _, expected = re.sub(r"\\\n\s*", "", part).partition("\n")
            words = shlex.split(command)
            if words[1] == "cat":
                assert (Path(words[2]).read_text("utf-8")).strip() == expected.strip()
                continue
            assert words[:3] == ["$", "rimedio", "asl"], command
            self.commands.append(words[3])
            words = [self.token if re.fullmatch(r"[0-9a-f]{12,64}", word) else word for word in words]
            result = CliRunner(env={"COLUMNS": "100"}).invoke(app, words[3:])
            output = result.output + (f"(exit code {result.exit_code})\n" if result.exit_code else "")
            if found := TOKEN.findall(output):
                self.token = found[-1]
            assert _settled(output) == _settled(expected), f"{command}\n{output}"


def _settled(text: str) -> list[str]:
    """Lines without what differs from run to run; `…` alone stands for any lines."""
    for pattern, word in VARYING:
        text = pattern.sub(word, text)
    return [line.rstrip() for line in text.strip().splitlines()]
