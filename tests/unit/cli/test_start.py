"""How the command starts, before it knows what is asked of it."""

import subprocess
import sys
from importlib.abc import MetaPathFinder

import pytest

from rimedio.cli import main


class Impatient(MetaPathFinder):
    """Ctrl-C at the moment when the commands are imported."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "rimedio.cli.app":
            raise KeyboardInterrupt


def test_ctrl_c_while_the_commands_load_is_a_sentence_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "rimedio.cli.app", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Impatient(), *sys.meta_path])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    assert capsys.readouterr().err == "Interrupted before anything was done.\n"


def test_importing_the_entry_point_imports_no_command() -> None:
    code = "import sys, rimedio.cli; sys.exit('typer' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
