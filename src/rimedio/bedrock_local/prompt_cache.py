"""Counts of the prompt cache: which prefix was seen before, and how many tokens that saves.

Source of the rules: Bedrock's prompt caching: a checkpoint counts from 1,024 tokens on, at most four a request;
an entry lives 5 minutes (or an hour) and every hit renews it; the longest prefix that was seen is read.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable

from rimedio.bedrock_local.errors import ValidationError
from rimedio.bedrock_local.prompt import Prompt, Usage
from rimedio.domain.clock import Clock

TOKENS_MIN = 1024
POINTS_MAX = 4
_SECONDS = {"5m": 300.0, "1h": 3600.0}
_ENTRIES_MAX = 10_000


class PromptCache:
    """Remembers prefixes by hash. Safe to use from many threads."""

    def __init__(self, count: Callable[[str], int], clock: Clock, tokens_min: int = TOKENS_MIN) -> None:
        self._count = count
        self._clock = clock
        self._tokens_min = tokens_min
        self._until: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def usage(self, prompt: Prompt, output: int) -> Usage:
        """Usage of a call: the tokens of a known prefix are read, those of new checkpoints written."""
        if len(prompt.cache_points) > POINTS_MAX:
            raise ValidationError(f"A request has at most {POINTS_MAX} cache checkpoints.")
        total = self._count(prompt.whole)
        read, written = 0, dict[str, int]()
        with self._lock:
            now = self._clock.monotonic()
            sizes = [(p, min(total, self._count(p.prefix))) for p in prompt.cache_points]
            sizes = [(point, size) for point, size in sizes if size >= self._tokens_min]
            for point, size in sizes:
                if self._until.get(self._key(prompt, point.prefix), 0.0) > now:
                    read = max(read, size)
            upto = read
            for point, size in sizes:
                if size > upto:
                    written[point.ttl] = written.get(point.ttl, 0) + size - upto
                    upto = size
                self._keep(self._key(prompt, point.prefix), now + _SECONDS[point.ttl])
        return Usage(total - upto, output, read, sum(written.values()), written)

    def _key(self, prompt: Prompt, prefix: str) -> str:
        return hashlib.sha256(f"{prompt.model}\0{prefix}".encode()).hexdigest()

    def _keep(self, key: str, until: float) -> None:
        self._until[key] = until
        self._until.move_to_end(key)
        while len(self._until) > _ENTRIES_MAX:
            self._until.popitem(last=False)
