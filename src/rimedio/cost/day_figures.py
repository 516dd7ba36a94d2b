"""The figures of a day: which counters there are, and what a write to the table adds to them.

A write says by itself what it means (a ticket opened, a solution with its decision, a review, feedback), so
folding the change stream and folding what is stored give the same figures: that is what makes a rebuild possible.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from rimedio.domain.answer import Outcome
from rimedio.domain.ticket import Status
from rimedio.storage.values import Item, Value

LATENCY_BOUNDS_MS = (
    25, 50, 100, 150, 200, 300, 400, 600, 800, 1000, 1500, 2000, 3000, 5000, 8000, 15_000, 30_000, 60_000, 300_000,
)  # fmt: skip
CONFIDENCE_BINS = 20


class Figure(StrEnum):
    """Counters of a day."""

    OPENED = "opened"
    RESOLVED = "resolved"
    DIRECT = "direct"  # published without a review
    APPROVED = "approved"  # published by a reviewer, as it was or edited
    REVIEWED = "reviewed"  # judged by a reviewer
    ASKED = "asked"
    ESCALATED = "escalated"
    ANSWERED = "answered"  # solutions that were written
    USED = "used"
    EDITED = "edited"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Place:
    """A counter: of a tenant, of a day or of now, by its name."""

    tenant_id: str
    day: str  # "" for what counts now, such as tickets by status
    name: str


Added = Iterator[tuple[Place, int]]

_OF_OUTCOME: Mapping[str, Figure] = {
    Outcome.PUBLISH.value: Figure.DIRECT,
    Outcome.ASK.value: Figure.ASKED,
    Outcome.ESCALATE.value: Figure.ESCALATED,
}


def of_ticket(old: Item | None, new: Item) -> Added:
    """A ticket was opened, or came to another status."""
    tenant, status = str(new["tenant_id"]), str(new["status"])
    if old is None:
        yield Place(tenant, day_of(new.get("created_at")), Figure.OPENED), 1
    before = None if old is None else str(old["status"])
    if status == before:
        return
    yield Place(tenant, "", status_figure(status)), 1
    if before is not None:
        yield Place(tenant, "", status_figure(before)), -1
    if status == Status.RESOLVED:
        yield Place(tenant, day_of(new.get("updated_at")), Figure.RESOLVED), 1
    elif old is not None and before == Status.RESOLVED:  # reopened: it was not resolved after all
        yield Place(tenant, day_of(old.get("updated_at")), Figure.RESOLVED), -1
    if status == Status.ESCALATED and new.get("solution_id") is None:
        yield Place(tenant, day_of(new.get("updated_at")), Figure.ESCALATED), 1


def of_solution(tenant: str, item: Item, *, first: bool) -> Added:
    """The workflow has written a solution. `first` of its ticket: only then its time is that of an answer."""
    solution = _map(item.get("solution"))
    day = day_of(item.get("stored_at"))
    yield Place(tenant, day, Figure.ANSWERED), 1
    figure = _OF_OUTCOME.get(str(_map(solution.get("decision")).get("outcome")))
    if figure is not None:
        yield Place(tenant, day, figure), 1
    yield Place(tenant, day, confidence_figure(confidence_bin(confidence_of(item)), "answered")), 1
    if first:
        latency = _number(_map(solution.get("performance")).get("latency_ms"))
        yield Place(tenant, day, latency_figure(bisect_left(LATENCY_BOUNDS_MS, latency))), 1


def of_review(tenant: str, item: Item) -> Added:
    """A reviewer has judged a draft."""
    day = day_of(item.get("at"))
    yield Place(tenant, day, Figure.REVIEWED), 1
    if item.get("verdict") in {"APPROVED", "EDITED"}:
        yield Place(tenant, day, Figure.APPROVED), 1


def of_feedback(tenant: str, item: Item) -> Added:
    """Somebody has said, or shown, what became of a remedy."""
    use = str(item.get("use") or "").lower()
    if use in {Figure.USED, Figure.EDITED, Figure.IGNORED}:
        yield Place(tenant, day_of(item.get("created_at")), use), 1


def of_judgement(tenant: str, day: str, place: int, *, wrong: bool, amount: int = 1) -> Added:
    """A solution of that day and confidence was judged; `amount` -1 takes an earlier judgement back."""
    yield Place(tenant, day, confidence_figure(place, "judged")), amount
    if wrong:
        yield Place(tenant, day, confidence_figure(place, "wrong")), amount


def confidence_of(item: Item) -> float:
    """The confidence of a stored solution."""
    return _number(_map(_map(item.get("solution")).get("quality")).get("confidence"))


def groundedness_of(item: Item) -> float:
    """The groundedness of a stored solution."""
    return _number(_map(_map(item.get("solution")).get("quality")).get("groundedness_score"))


def latency_seconds_of(item: Item) -> float:
    """How long a stored solution took."""
    return _number(_map(_map(item.get("solution")).get("performance")).get("latency_ms")) / 1000


def confidence_bin(confidence: float) -> int:
    """Which twentieth a confidence falls into, 0 to 19."""
    return min(CONFIDENCE_BINS - 1, max(0, int(confidence * CONFIDENCE_BINS + 1e-9)))


def confidence_figure(place: int, what: str) -> str:
    """Name of a counter of the coverage curve: "c14_answered"."""
    return f"c{place:02d}_{what}"


def latency_figure(place: int) -> str:
    """Name of a counter of the latency histogram: "l07"; the last one is above all bounds."""
    return f"l{place:02d}"


def status_figure(status: str) -> str:
    """Name of the counter of tickets in a status."""
    return f"status_{status}"


def day_of(stamp: Value) -> str:
    """The UTC day of a stored time."""
    return str(stamp)[:10]


def _map(value: Value) -> Mapping[str, Value]:
    return value if isinstance(value, Mapping) else {}


def _number(value: Value) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
