"""Kill the process at random points while tickets run; every accepted ticket must end exactly once.

First a process without a network (`demo.*`), then `rimedio serve` over HTTP with a webhook (`service.*`).

The child opens tickets (each once, by idempotency key) and says on standard output which were accepted; this
process kills it with SIGKILL again and again, then lets it finish and reads the ordered change stream.
"""

import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks._crash_service import measure as measure_service
from benchmarks._demo import fresh_copy, settings_for
from benchmarks._report import ROOT, Report, parse_args
from rimedio.bootstrap import laptop
from rimedio.domain.ticket import Status

KILLS = 50
TICKETS = 200  # a batch; further batches follow until the kills are done
LONGEST_LIFE_S = 1.2
PATIENCE_S = 600
ENDED = {Status.READY, Status.IN_REVIEW, Status.NEEDS_INFO, Status.ESCALATED, Status.FAILED}
SEED = 20260101


def live(folder: Path, batches: int, seconds: float | None) -> tuple[set[str], bool]:
    """Let the child live for `seconds` after it is ready, or until it ends; what it accepted, and its end."""
    command = [sys.executable, "-m", "benchmarks._crash_child", str(folder), str(batches * TICKETS)]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    accepted: set[str] = set()
    assert child.stdout is not None
    for line in child.stdout:
        if line.startswith("ready"):
            break
    if seconds is not None:
        time.sleep(seconds)
        child.send_signal(signal.SIGKILL)
    rest, _ = child.communicate(timeout=PATIENCE_S)
    lines = [line.split() for line in rest.splitlines()]
    accepted |= {words[1] for words in lines if words[:1] == ["accepted"] and len(words) == 2}
    return accepted, ["done"] in lines


def endings(folder: Path) -> Counter[str]:
    """How often each ticket moved into a status where its way ends, by the change stream."""
    system = laptop(settings_for(folder, embedder="none"))
    counted: Counter[str] = Counter()
    try:
        stream = system.changes
        while changes := stream.read("crash-benchmark", 500):
            for change in changes:
                new, old = change.new or {}, change.old or {}
                if new.get("entity") != "ticket" or new.get("status") == old.get("status"):
                    continue
                if new.get("status") in {str(s) for s in ENDED}:
                    counted[str(new["ticket_id"])] += 1
            stream.acknowledge("crash-benchmark", changes[-1])
    finally:
        system.close()
    return counted


def main() -> None:
    """Fifty lives, then the count."""
    options = parse_args("crash", __doc__ or "")
    report = Report("crash", options)
    chance = random.Random(SEED)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "data"
        fresh_copy(folder).close()
        accepted: set[str] = set()
        kills, batches = 0, 1
        while kills < KILLS:
            seen, done = live(folder, batches, chance.uniform(0.0, LONGEST_LIFE_S))
            accepted |= seen
            kills += 1
            batches += done
        seen, done = live(folder, batches, None)
        accepted |= seen
        if not done:
            raise SystemExit("the last life did not finish its tickets")
        ended = endings(folder)
    report.add("demo.kills", kills)
    report.add("demo.accepted", len(accepted))
    report.add("demo.ended", sum(ended[t] == 1 for t in accepted))
    report.add("demo.lost", sum(ended[t] == 0 for t in accepted))
    report.add("demo.doubled", sum(count > 1 for count in ended.values()))
    measure_service(report)
    report.finish()


if __name__ == "__main__":
    main()
