"""An event that comes twice is worked on once: AWS delivers at least once, everywhere.

The record is `storage.idempotency`'s: by tenant, function and event, bound to the event's content. A failed
attempt leaves no record, so that the next one may work; an attempt that died is overtaken when its lease ends.
"""

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from rimedio.storage.idempotency import Attempt, IdempotencyStore, Request, hash_payload
from rimedio.storage.values import Value

Given = TypeVar("Given")
Identify = Callable[[Given], tuple[str, str, object]]  # tenant, key of the happening, what must be the same


def idempotent(
    store: IdempotencyStore, scope: str, identify: Identify[Given]
) -> Callable[[Callable[[Given], Value]], Callable[[Given], Value]]:
    """Decorator: the second call with the same happening gives the first one's result and does nothing.

    Raises Conflict while another attempt is at work, so that whoever delivers tries again later.
    """

    def decorate(function: Callable[[Given], Value]) -> Callable[[Given], Value]:
        @wraps(function)
        def once(given: Given) -> Value:
            tenant_id, key, payload = identify(given)
            begun = store.begin(Request(tenant_id, scope, key, hash_payload(payload)))
            if not isinstance(begun, Attempt):
                return begun.result
            try:
                result = function(given)
            except BaseException:
                store.fail(begun)
                raise
            store.complete(begun, result)
            return result

        return once

    return decorate
