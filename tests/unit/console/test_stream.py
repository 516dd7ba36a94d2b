"""The console's reader of event streams, run by Node: it comes back with its position, and loses nothing."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

STREAM = Path(__file__).resolve().parents[3] / "src" / "rimedio" / "console" / "stream.js"
PROGRAM = """
const storage = { getItem: () => null, setItem() {}, removeItem() {} };
globalThis.window = globalThis;
globalThis.sessionStorage = globalThis.localStorage = storage;
globalThis.addEventListener ??= () => {};
globalThis.navigator ??= { language: "en" };
globalThis.document = { documentElement: { setAttribute() {}, dataset: {} } };
const documents = JSON.parse(process.argv[3]);
const asked = [], seen = [], states = [];
globalThis.fetch = async (url, init) => {
  asked.push(init.headers["Last-Event-ID"] ?? null);
  const next = documents.shift();
  if (next === null) throw new TypeError("the network is down");
  return new Response(next, { headers: { "content-type": "text/event-stream" } });
};
const { readStream } = await import(process.argv[2]);
const on = { start: (data) => seen.push(data), progress: (data) => seen.push(data), complete: (d) => seen.push(d) };
await readStream("/v1/x", { on, onState: (state) => states.push(state) });
process.stdout.write(JSON.stringify({ asked, seen, states }));
"""


def read(tmp_path: Path, *documents: str | None) -> dict[str, list[object]]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not on the path")
    program = tmp_path / "program.mjs"
    program.write_text(PROGRAM)
    command = [node, str(program), STREAM.as_uri(), json.dumps(documents)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[object]] = json.loads(done.stdout)
    return found


def event(name: str, position: int) -> str:
    return f"id: {position}\nevent: {name}\ndata: {position}\n\n"


def test_documents_that_end_are_taken_up_after_the_time_they_name(tmp_path: Path) -> None:
    waiting = "retry: 5\n\nid: 2\n\n: heartbeat\n\n"
    found = read(
        tmp_path,
        "retry: 5\n\n" + event("start", 1),
        waiting,
        "retry: 5\n\n" + event("progress", 3) + event("complete", 4),
    )
    assert found["seen"] == [1, 3, 4]
    assert found["asked"] == [None, "1", "2"]
    assert found["states"] == ["live", "live", "live"]


def test_a_connection_that_breaks_is_a_pause_that_people_see(tmp_path: Path) -> None:
    found = read(tmp_path, "retry: 5\n\n" + event("start", 1), None, event("complete", 2))
    assert found["seen"] == [1, 2]
    assert found["asked"] == [None, "1", "1"]
    assert found["states"] == ["live", "waiting", "live"]
