"""What nobody asks for: the work that loops do at home, on a schedule.

EventBridge Scheduler wakes it with `{"jobs": ["gaps", …]}`; without names it does all of them. Every job can be done
again, and one that fails does not keep the others from their turn.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, TypedDict

from rimedio.aws_settings import KnowledgeHome
from rimedio.domain.errors import InvalidInput, Unavailable
from rimedio.lambdas.functions._errors import can_be_retried
from rimedio.lambdas.functions._function import LambdaFunction, Work
from rimedio.lambdas.functions._invocation import Event, Invocation
from rimedio.observability import get_logger

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio
    from rimedio.tickets.embed_in_bulk import EmbedInBulk

Job = Callable[[], int]
# Loops that another function is woken for, or that measure the process they run in.
ELSEWHERE = frozenset(
    {"learn from changes", "insights", "objectives", "metrics-file", "read documents", "make vectors"}
)
COUNT_EVERY = timedelta(days=1)
TURNS_MAX = 50  # of a job that has more to do, such as a queue
LOG = get_logger(__name__)


class Kept(TypedDict):
    """How much each job did, and which there was no time for."""

    done: dict[str, int]
    unfinished: list[str]


def jobs_of(system: "Rimedio") -> Mapping[str, Job]:
    """The jobs by their names. Each says how much it did."""
    found: dict[str, Job] = {
        "recover": lambda: sum(map(system.runner.recover, _tenants(system))),
        "sweep": lambda: _nothing(system.sweep()),
        "count use": lambda: sum(_count_use(system, tenant_id) for tenant_id in _tenants(system)),
    }
    if (
        bulk := getattr(system, "bulk", None)
    ) is not None:  # vectors by batch jobs, where a role for them is set
        found["embed in bulk"] = bulk.run_once
    if (
        system.settings.knowledge is KnowledgeHome.OPENSEARCH
    ):  # a published index has a function of its own for that
        found["purge index"] = lambda: _purge(system.index)
        found["make vectors"] = lambda: _embed_what_is_left(system, bulk)
    for group in (system.manuals, system.desk, system.accounts, system.learning, system.identity):
        loops = group.loops() if hasattr(group, "loops") else {}
        found |= {name: run for name, (run, _) in loops.items() if name not in ELSEWHERE}
    return {name.replace(" ", "-"): run for name, run in found.items()}


def build_housekeeping(system: "Rimedio") -> Work[Kept]:
    """The housekeeping of one system."""
    jobs = jobs_of(system)

    def keep(event: Event, invocation: Invocation) -> Kept:
        waiting, done, failures = _wanted(event, jobs), dict[str, int](), dict[str, Exception]()
        while waiting and invocation.has_time:
            name = waiting.pop(0)
            try:
                done[name] = _turns(jobs[name], invocation)
            except Exception as error:  # the others must have their turn
                LOG.error("A job failed", error=error, job=name, retryable=can_be_retried(error))
                failures[name] = error
        if failures:
            said = "; ".join(f"{name}: {type(error).__name__}" for name, error in failures.items())
            raise Unavailable(f"Jobs failed: {said}. The log says why; the next turn tries again.")
        return {"done": done, "unfinished": waiting}

    return keep


def _turns(job: Job, invocation: Invocation) -> int:
    """A loop's turns, as long as they find something to do."""
    done = 0
    for _ in range(TURNS_MAX):
        turn = job()
        done += turn
        if not turn or not invocation.has_time:
            break
    return done


def _wanted(event: Event, jobs: Mapping[str, Job]) -> list[str]:
    named = event.get("jobs")
    if named is None:
        return list(jobs)
    if not isinstance(named, list) or not all(name in jobs for name in named):
        raise InvalidInput(f"`jobs` is {named!r}. There are: {', '.join(jobs)}.")
    return list(named)


def _tenants(system: "Rimedio") -> tuple[str, ...]:
    return tuple(dict.fromkeys((system.tenant, *system.tenants.all())))


def _count_use(system: "Rimedio", tenant_id: str) -> int:
    """Once a day: counting reads every ticket. In between, `follow` counts when something has changed."""
    use, before = system.learning.use, system.clock.now() - COUNT_EVERY
    if use.report(tenant_id).at < before:
        use.refresh(tenant_id)
    return 0


def _purge(index: object) -> int:
    """What was replaced or forgotten, and is still stored."""
    purge = getattr(index, "purge", None)
    return int(purge()) if purge is not None else 0


def _embed_what_is_left(system: "Rimedio", bulk: "EmbedInBulk | None") -> int:
    """What `ingest` had no time for: without another document nobody would make these vectors."""
    return 0 if bulk is not None and bulk.at_work else system.manuals.embed_some()


def _nothing(_: object) -> int:
    """A turn after which no other is needed."""
    return 0


handler = LambdaFunction("housekeeping", build_housekeeping)
