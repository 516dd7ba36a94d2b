"""What callers see of Map runs: limits, and how many items and child executions stand where."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import cast

from rimedio.asl.errors import ExecutionDoesNotExist
from rimedio.asl.execution.distributed.map_run import Facts
from rimedio.asl.execution.fanout import DISTRIBUTED_CONCURRENCY
from rimedio.asl.journal.port import LIMITS_NOTE, RUNNING, Execution, Journal
from rimedio.asl.jsontext import JSON, loads

EVERY = 10**9


@dataclass(frozen=True)
class MapRunDescription:
    """A Map run as DescribeMapRun shows it; the counts by the service's names, `failed` or `pendingRedrive`."""

    arn: str
    execution_id: str
    status: str
    started: datetime
    stopped: datetime | None
    concurrency: int
    tolerated_count: int
    tolerated_percentage: float
    items: Mapping[str, int]
    executions: Mapping[str, int]
    redrive_count: int
    redriven: datetime | None


def described_map_runs(journal: Journal, execution_id: str) -> list[MapRunDescription]:
    """The Map runs of an execution, in the order in which they began."""
    records = journal.records(None, None, execution_id, EVERY)
    return [_described(journal, record) for record in sorted(records, key=lambda found: found.started)]


def described_map_run(journal: Journal, arn: str) -> MapRunDescription:
    """The Map run with an ARN. Raises ExecutionDoesNotExist."""
    record = journal.record(arn)
    if record is None or record.parent is None or ":mapRun:" not in arn:
        raise ExecutionDoesNotExist(f"No Map run has the ARN {arn}.")
    return _described(journal, record)


def limits_changed(journal: Journal, arn: str, limits: Mapping[str, JSON]) -> None:
    """Remember limits that a Map run got while it ran."""
    known = loads(journal.note(f"{LIMITS_NOTE}{arn}") or "{}")
    journal.put_note(f"{LIMITS_NOTE}{arn}", json.dumps({**cast("dict[str, JSON]", known), **limits}))


def _described(journal: Journal, record: Execution) -> MapRunDescription:
    facts = Facts(**cast("dict[str, float]", loads(record.input)))  # type: ignore[arg-type]
    changed = loads(journal.note(f"{LIMITS_NOTE}{record.id}") or "{}")
    facts = replace(facts, **cast("dict[str, float]", changed))  # type: ignore[arg-type]
    children = journal.records(None, None, record.id, EVERY)
    batches = [(child, _items_of(child) if facts.batched else 1) for child in children]
    at_once = min(facts.executions, int(facts.concurrency) or DISTRIBUTED_CONCURRENCY)
    at_once = at_once if record.status == RUNNING else 0
    items_at_once = at_once * -(-facts.items // max(1, facts.executions))
    return MapRunDescription(
        arn=record.id,
        execution_id=str(record.parent),
        status=record.status,
        started=datetime.fromtimestamp(facts.started, UTC),
        stopped=None if record.stopped is None else datetime.fromtimestamp(record.stopped, UTC),
        concurrency=int(facts.concurrency),
        tolerated_count=int(facts.tolerated_count or 0),
        tolerated_percentage=float(facts.tolerated_percentage or 0),
        items=_counts(batches, facts, facts.items, items_at_once),
        executions=_counts([(child, 1) for child in children], facts, facts.executions, at_once),
        redrive_count=facts.redrives,
        redriven=None if facts.redriven is None else datetime.fromtimestamp(facts.redriven, UTC),
    )


def _items_of(child: Execution) -> int:
    """How many items the batch of a child execution holds."""
    return len(cast("dict[str, list[JSON]]", loads(child.input))["Items"])


def _counts(children: list[tuple[Execution, int]], facts: Facts, total: int, at_once: int) -> dict[str, int]:
    """Children by status. Only those that have ended have a record: of the others `at_once` are under way."""
    ended: Counter[str] = Counter()
    for child, size in children:
        again = at_once and child.status != "SUCCEEDED" and (child.stopped or 0) <= (facts.redriven or -1)
        ended["again" if again else child.status] += size
    left = total - sum(ended.values()) + ended["again"]
    under_way = min(left, at_once)
    pending_redrive = max(0, ended["again"] - under_way)
    return {
        "pending": left - under_way - pending_redrive,
        "running": under_way,
        "succeeded": ended["SUCCEEDED"],
        "failed": ended["FAILED"],
        "timedOut": ended["TIMED_OUT"],
        "aborted": ended["ABORTED"],
        "total": total,
        "resultsWritten": total if facts.written else 0,
        "failuresNotRedrivable": 0,
        "pendingRedrive": pending_redrive,
    }
