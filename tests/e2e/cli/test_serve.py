"""The service as a person starts and stops it."""

import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from tests.e2e.cli.conftest import Run, refused, spawn

ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


@contextmanager
def served(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """The process, its address and the sign-in link it printed."""
    with spawn("--data-dir", folder, "serve", "--port", 0) as process:
        assert process.stdout is not None
        address = link = ""
        for line in process.stdout:
            found = ADDRESS.search(line)
            address = address or (found[0] if found else "")
            link = line.strip() if "?code=" in line else link
            if "Ctrl-C" in line:
                break
        try:
            yield process, address, link
        finally:
            process.kill()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_ends_cleanly_when_told(tmp_path: Path, how: signal.Signals) -> None:
    with served(tmp_path / "data") as (process, address, _):
        assert httpx.get(f"{address}/v1/health", timeout=60).json()["status"] == "ok"
        process.send_signal(how)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert "Stopped. Everything is stored" in out
        assert "Traceback" not in err


def test_its_link_signs_in_once(tmp_path: Path) -> None:
    with served(tmp_path / "data") as (_, address, link):
        code = link.partition("?code=")[2]
        first = httpx.post(f"{address}/v1/session", json={"code": code}, timeout=60)
        assert first.status_code == 200
        token = first.json()["token"]
        me = httpx.get(f"{address}/v1/me", headers={"Authorization": f"Bearer {token}"}, timeout=60).json()
        assert (me["tenant_id"], me["roles"]) == ("default", ["admin"])
        assert httpx.post(f"{address}/v1/session", json={"code": code}, timeout=60).status_code == 401


def test_links_made_beside_it_lead_to_it_and_afterwards_say_that_none_runs(
    rimedio: Run, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    with served(data) as (process, address, _):
        beside = rimedio("--data-dir", data, "sign-in", "--json").json
        assert beside["link"].startswith(f"{address}/?code=")  # type: ignore[index]
        assert (
            httpx.post(f"{address}/v1/session", json={"code": beside["code"]}, timeout=60).status_code == 200
        )  # type: ignore[index]
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    after = rimedio("--data-dir", data, "sign-in")
    assert after.code == 0
    assert "http://127.0.0.1:8787/?code=" in after.out
    assert "No service runs on" in after.err


def test_a_data_folder_is_served_by_one_process(rimedio: Run, tmp_path: Path) -> None:
    with served(tmp_path / "data") as (_, address, _):
        refused(
            rimedio("--data-dir", tmp_path / "data", "serve", "--port", 0),
            7,
            f"The service at {address} works on",
        )
        assert httpx.get(f"{address}/v1/health", timeout=60).status_code == 200


def test_a_port_that_is_taken_is_named(rimedio: Run, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = rimedio("--data-dir", tmp_path / "data", "serve", "--port", port)
    refused(ended, 2, str(port), "--port")
