"""Every demo ticket in both homes: on the laptop, and on the twin of AWS (tools/twin); is the end the same?

The twin: API function, DynamoDB Local, the workflow behind Step Functions' wire protocol with every task a Lambda
handler, OpenSearch (real, where it runs; else the published index in moto's S3), the local Bedrock over HTTP,
EventBridge of moto. `--knowledge published` measures the frugal profile.
"""

import argparse
import tempfile
from collections import Counter
from pathlib import Path

from tools.engines.start import running
from tools.twin import Engines, differences, seen_at_home, twin

from benchmarks._demo import EXAMPLES, demo_folder, fresh_copy, sample_tickets
from benchmarks._report import DEFAULT_DATA, Options, Report

KNOWLEDGE = ("opensearch", "published")


def measure(report: Report, engines: Engines, limit: int | None) -> None:
    """Each ticket at home and on the twin."""
    tickets = sample_tickets()[:limit]
    unlike: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, twin(engines, demo_folder()) as away:
        home = fresh_copy(Path(folder))
        try:
            away.load([EXAMPLES / "knowledge"], home.registry)
            for labelled in tickets:
                at_home, on_aws = seen_at_home(home, labelled.request), away.work_through(labelled.request)
                found = differences(at_home, on_aws)
                unlike.update(found)
                if found:
                    report.note(f"{labelled.id}: {', '.join(found)} ({at_home.outcome} / {on_aws.outcome})")
        finally:
            home.close()
        told = {event["detail-type"] for event in away.events()}
        report.note(f"events told on the bus: {', '.join(sorted(told))}")
    report.add("tickets", len(tickets))
    for name in ("outcome", "category", "steps", "citations", "history"):
        report.add(f"same.{name}", 1 - unlike[name] / len(tickets), len(tickets))


def main(argv: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.twin", description=__doc__)
    parser.add_argument(
        "--data", type=Path, default=DEFAULT_DATA, help="folder with the data sets (not used)"
    )
    parser.add_argument("--json", action="store_true", help="print only the JSON line")
    parser.add_argument(
        "--knowledge", choices=KNOWLEDGE, default=KNOWLEDGE[0], help="profile: scale, or frugal"
    )
    parser.add_argument("--tickets", type=int, help="only so many")
    given = parser.parse_args(argv)
    report = Report("twin", Options(given.data.resolve(), given.json))
    addresses = running().addresses
    if "dynamodb" not in addresses:
        report.missing("everything", "DynamoDB Local does not run; start it with `make engines`")
    else:
        search = addresses.get("opensearch") if given.knowledge == KNOWLEDGE[0] else None
        measure(report, Engines(addresses["dynamodb"], search), given.tickets)
    report.finish()


if __name__ == "__main__":
    main()
