"""Measures searches: their time is one of the service's objectives."""

from time import perf_counter

from rimedio.answering.answer import Searching
from rimedio.knowledge.search import SearchQuery, SearchResult
from rimedio.observability.catalogue import RETRIEVAL_SECONDS
from rimedio.observability.metrics import Metrics
from rimedio.observability.traces import Tracer


class TimedSearch:
    """A `Searching` around another."""

    def __init__(self, inner: Searching, metrics: Metrics, tracer: Tracer) -> None:
        self._inner = inner
        self._metrics = metrics
        self._tracer = tracer

    def search(self, query: SearchQuery) -> SearchResult:
        """The inner one's passages; raises what it raises."""
        started = perf_counter()
        try:
            with self._tracer.span("search") as span:
                found = self._inner.search(query)
                span.set("rimedio.passages", len(found.passages))
                return found
        finally:
            self._metrics.observe(RETRIEVAL_SECONDS, perf_counter() - started)
