"""Processes of engines: started detached, known again, ended by pid only; played by Python, which starts faster."""

import subprocess
import sys
from pathlib import Path

import pytest
from tools.engines.__main__ import main
from tools.engines.processes import alive, end, free_port, marker, started
from tools.engines.record import Record

SLEEPER = "import sys, time; print('up', flush=True); time.sleep(60)"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Takes the marker as its first argument, as `java` does, and sleeps."""
    path = tmp_path / "sleeper"
    path.write_text(f"#!{sys.executable}\n{SLEEPER}\n")
    path.chmod(0o755)
    return path


def test_an_engine_is_alive_until_it_is_ended(program: Path, tmp_path: Path) -> None:
    pid = started("sleeper", [str(program)], tmp_path / "log", tmp_path)
    try:
        assert alive("sleeper", pid)
        assert not alive("another", pid)
    finally:
        end("sleeper", pid)
    assert not alive("sleeper", pid)
    end("sleeper", pid)  # and again: nothing happens


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="reads processes as Linux shows them")
def test_one_that_ended_and_was_not_taken_leave_of_is_not_alive() -> None:
    parent = "import subprocess, sys; print(subprocess.Popen(sys.argv[1:]).pid, flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", parent, sys.executable, "-c", "", marker("child")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        pid = int(running.stdout.readline())
        while "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text():
            pass
        assert not alive("child", pid)


def test_a_pid_that_means_another_program_now_is_left_alone(program: Path, tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", SLEEPER, marker("other")]) as other:
        end("sleeper", other.pid)
        assert other.poll() is None
        other.kill()


def test_a_port_that_is_taken_is_not_given() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) != port


def test_a_command_that_is_run_keeps_its_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[object] = []
    monkeypatch.setattr("tools.engines.__main__.up", lambda: (Record(), ["mine"]))
    monkeypatch.setattr("tools.engines.__main__.down", ended.append)
    for code in (0, 1, 5):
        assert main(["run", sys.executable, "-c", f"raise SystemExit({code})"]) == code
    assert ended == [["mine"]] * 3


def test_an_unknown_word_is_answered_with_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sideways"]) == 2
    assert main(["run"]) == 2
    assert "up | down | status | run" in capsys.readouterr().err
