"""Bulk writes that give way: no document is lost when the server has too much to do.

A refusal (429 for the whole request, `es_rejected_execution_exception` for single items) is an answer, not an
accident: what was refused is sent again after a pause with jitter, in smaller parts; what was taken is not sent
again. An update that met another writer's (409) is made anew, by the server first and then by us. Parts grow back
while all goes well (additive increase, multiplicative decrease, as TCP does). Every document has an id of its own,
so one that was taken without an answer is only written over.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from rimedio.domain.errors import StorageFailed, Throttled, Unavailable
from rimedio.knowledge.index.opensearch_client import BLOCKED, Blocked, Json, OpenSearchClient, encoded

BYTES_MAX = 5_000_000
ACTIONS_MAX = 1_000
ACTIONS_START = 250
ACTIONS_MIN = 10
GROWTH = 50  # actions more after a part that went well
REFUSED_MUCH, REFUSED_SOME = 0.5, 0.1  # parts of a request
ROUNDS = 60  # refusals in a row before giving up: about a minute and a half at the longest pauses
SILENT_ROUNDS = 8  # requests in a row without an answer, each of which waits for its time-out
RETRIED = frozenset({429, 502, 503, 504})
CONFLICT = 409
CONFLICTS = 3  # that the server settles by itself, reading the document anew each time


@dataclass(frozen=True, slots=True)
class Action:
    """One line of a bulk request: `index`, `create`, `update` or `delete` of a document."""

    verb: str
    index: str
    id: str
    source: Json | None = None
    routing: str | None = None

    def lines(self) -> list[bytes]:
        """The lines of the request."""
        head: Json = {"_index": self.index, "_id": self.id}
        if self.routing is not None:
            head["routing"] = self.routing
        if self.verb == "update":
            head["retry_on_conflict"] = CONFLICTS
        body = (
            []
            if self.source is None
            else [encoded({"doc": self.source} if self.verb == "update" else self.source)]
        )
        return [encoded({self.verb: head}), *body]


@dataclass(slots=True)
class BulkReport:
    """What a bulk write did. `ignored` are items whose failure was expected: present or gone already."""

    written: int = 0
    refused: int = 0  # answers 429, items and requests; each was sent again
    requests: int = 0
    ignored: tuple[Action, ...] = ()


class BulkWriter:
    """Writes actions in parts of a size that the server bears; keeps the size between calls."""

    def __init__(self, client: OpenSearchClient, *, rounds: int = ROUNDS) -> None:
        self._client = client
        self._rounds = rounds
        self._size = ACTIONS_START

    @property
    def size(self) -> int:
        """How many actions the next part may have."""
        return self._size

    def write(
        self, doing: str, actions: Sequence[Action], *, ignore: Sequence[int] = (), refresh: bool = False
    ) -> BulkReport:
        """Write all of them; what is refused goes to the end. `ignore`: statuses of items that are no failure.

        Raises Throttled or Unavailable after `rounds` refusals in a row, StorageFailed for a document that the
        server will never take; what was written until then stays.
        """
        report = BulkReport()
        waiting = deque((action, action.lines()) for action in actions)
        ignored: list[Action] = []
        tries = 0
        while waiting:
            part = self._part(waiting)
            left, error = self._send(doing, part, ignore, ignored, report)
            self._fit(len(left) / len(part))
            tries = tries + 1 if len(left) == len(part) else 0
            if left:
                waiting.extend(left)
                if error and (isinstance(error, Blocked) or tries >= self._patience(error)):
                    raise error
                self._client.pause(max(1, tries))
        report.ignored = tuple(ignored)
        if refresh and (report.written or ignored):
            self.refresh(sorted({action.index for action in actions}))
        return report

    def refresh(self, indexes: Sequence[str]) -> None:
        """Make what was written visible to searches."""
        if indexes:
            self._client.call("refreshing", "POST", f"/{','.join(indexes)}/_refresh", seconds=60.0)

    def _fit(self, refused: float) -> None:
        """Shrink by what was refused of the last part: all of it halves, a few items hardly matter; else grow."""
        if refused >= REFUSED_MUCH:
            self._size = max(ACTIONS_MIN, self._size // 2)
        elif refused >= REFUSED_SOME:
            self._size = max(ACTIONS_MIN, self._size * 3 // 4)
        elif not refused:
            self._size = min(ACTIONS_MAX, self._size + GROWTH)

    def _patience(self, error: Unavailable) -> int:
        return self._rounds if isinstance(error, Throttled) else min(self._rounds, SILENT_ROUNDS)

    def _part(self, waiting: deque[tuple[Action, list[bytes]]]) -> list[tuple[Action, list[bytes]]]:
        part = [waiting.popleft()]
        size = sum(map(len, part[0][1]))
        while waiting and len(part) < self._size:
            size += sum(map(len, waiting[0][1]))
            if size > BYTES_MAX:
                break
            part.append(waiting.popleft())
        return part

    def _send(
        self,
        doing: str,
        part: Sequence[tuple[Action, list[bytes]]],
        ignore: Sequence[int],
        ignored: list[Action],
        report: BulkReport,
    ) -> tuple[list[tuple[Action, list[bytes]]], Unavailable | None]:
        """What must be sent again, and why."""
        report.requests += 1
        try:
            lines = [line for _, lines in part for line in lines]
            reply = self._client.lines(doing, "/_bulk", lines, attempts=1)
        except Unavailable as error:  # also Throttled; whatever was taken is written over
            report.refused += len(part) if isinstance(error, Throttled) else 0
            return list(part), error
        left: list[tuple[Action, list[bytes]]] = []
        for sent, item in zip(part, reply["items"], strict=True):
            [result] = item.values()
            status = int(result["status"])
            if status < 300:
                report.written += 1
            elif status in ignore:
                ignored.append(sent[0])
            elif _passes(sent[0], status) and not _is_blocked(result):
                report.refused += 1
                left.append(sent)
            else:
                raise _lost(doing, sent[0], result)
        return left, Throttled(f"OpenSearch refused {len(left)} of {len(part)} items while {doing}.")


def _passes(action: Action, status: int) -> bool:
    """Whether the item may be taken the next time: two writers updated one document, or the server was busy."""
    return status in RETRIED or (status == CONFLICT and action.verb == "update")


def _is_blocked(result: Json) -> bool:
    return "cluster_block" in str(result.get("error", {}).get("type", ""))


def _lost(doing: str, action: Action, result: Json) -> Exception:
    error = result.get("error", {})
    what = f"OpenSearch refused to {action.verb} {action.id} while {doing} ({result['status']}: {error.get('type')}"
    if _is_blocked(result):
        return Blocked(f"{what}). {BLOCKED}")
    return StorageFailed(f"{what}: {str(error.get('reason'))[:300]}). Check the mapping.")
