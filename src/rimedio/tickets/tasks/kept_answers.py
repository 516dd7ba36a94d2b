"""What a paying task answered is kept, so that a repeated attempt of the same step pays nothing.

A step is repeated where its answer was lost: the process died before the engine had written it down, or the
function's reply never reached Step Functions. A failed attempt leaves nothing, so the next one works.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from rimedio.domain.codec import Json
from rimedio.domain.errors import ConditionFailed, Conflict
from rimedio.storage.idempotency import IdempotencyStore, Request, hash_payload
from rimedio.storage.table import Table

PAYING = frozenset({"generate", "second_opinion"})
SCOPE = "task-answer"


def answer_anew(_task: str, _payload: Json, work: Callable[[], Json]) -> Json:
    """Keeps nothing: where no answer costs anything, or nothing may be written."""
    return work()


@dataclass(frozen=True, slots=True)
class KeptAnswers:
    """Answers of paying tasks, by execution and payload; for a day."""

    table: Table
    store: IdempotencyStore

    def __call__(self, task: str, payload: Json, work: Callable[[], Json]) -> Json:
        """The answer of before, or that of `work`. Raises what `work` raises."""
        request = _request(task, payload)
        if request is None:
            return work()
        with suppress(Conflict):
            found = self.store.find(request)
            if found is not None:
                answer: Json = json.loads(str(found.result))
                return answer
        answer = work()
        with suppress(ConditionFailed):  # another attempt was quicker: it has paid as well
            completed = self.store.completed(request, json.dumps(answer, ensure_ascii=False))
            self.table.put(completed.item, completed.condition)
        return answer


def _request(task: str, payload: Json) -> Request | None:
    """What makes two calls the same step; None for tasks that cost nothing, or whose execution is unknown."""
    if task not in PAYING or not isinstance(payload, Mapping):
        return None
    tenant, execution = payload.get("tenant_id"), payload.get("execution_id")
    if not isinstance(tenant, str) or not isinstance(execution, str):
        return None
    hashed = hash_payload([task, payload])
    return Request(tenant, SCOPE, f"{execution} {hashed}", hashed)
