"""A tenant's own figures for BM25, asked of the server once and kept while the tenant's knowledge is the same."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rimedio.domain.clock import Clock
from rimedio.knowledge.index.opensearch_client import Json, OpenSearchClient
from rimedio.knowledge.index.opensearch_places import Places
from rimedio.knowledge.index.opensearch_queries import CHUNK, Figures, figures_query, own
from rimedio.knowledge.index.opensearch_state import TenantState

FORMS_MAX = 50_000  # kept of one tenant; beyond, all are asked for again
FORMS_A_SEARCH = 500
TENANTS_MAX = 500
CODES_PAGE = 5_000
STORED_SECONDS = 60.0  # how old the size of the whole index may be: it only helps to propose


@dataclass
class _Kept:
    commits: int
    rows: dict[str, int] = field(default_factory=dict)  # by kind
    means: dict[str, float] = field(default_factory=dict)
    forms: dict[tuple[str, str], int] = field(default_factory=dict)  # by kind and form; 0 where unknown
    codes: frozenset[str] | None = None


class FigureStore:
    """Figures of all tenants. Safe to use from many threads: at worst the same is asked for twice."""

    def __init__(self, client: OpenSearchClient, places: Places, clock: Clock) -> None:
        self._client = client
        self._places = places
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._stored: tuple[float, int] = (float("-inf"), 0)
        self._lock = threading.Lock()

    def of(self, state: TenantState, forms: Mapping[str, Sequence[str]]) -> Mapping[str, Figures]:
        """Figures by kind, with the frequencies of the forms asked for; those that stand nowhere are left out."""
        kept = self._of(state)
        missing = {
            kind: [form for form in dict.fromkeys(asked) if (kind, form) not in kept.forms]
            for kind, asked in forms.items()
        }
        self._ask(state, kept, {k: m for k, m in missing.items() if m or k not in kept.rows})
        stored = self._size()
        return {
            kind: Figures(
                kept.rows[kind],
                kept.means[kind],
                {form: kept.forms[kind, form] for form in asked if kept.forms.get((kind, form))},
                max(stored, kept.rows[kind]),
            )
            for kind, asked in forms.items()
        }

    def codes(self, state: TenantState) -> frozenset[str]:
        """Every code that some chunk defines."""
        kept = self._of(state)
        if kept.codes is None:
            kept.codes = frozenset(self._codes(state))
        return kept.codes

    def _codes(self, state: TenantState) -> list[str]:
        found: list[str] = []
        after: Json | None = None
        while True:
            composite: Json = {"size": CODES_PAGE, "sources": [{"code": {"terms": {"field": "code"}}}]}
            if after:
                composite["after"] = after
            body = {
                "size": 0,
                "track_total_hits": False,
                "query": {"bool": own(state, CHUNK)},
                "aggs": {"codes": {"composite": composite}},
            }
            reply = self._client.search("listing codes", self._places.chunks, body)["aggregations"]["codes"]
            found += [bucket["key"]["code"] for bucket in reply["buckets"]]
            after = reply.get("after_key")
            if len(reply["buckets"]) < CODES_PAGE:
                return found

    def _of(self, state: TenantState) -> _Kept:
        with self._lock:
            kept = self._kept.get(state.tenant_id)
            if kept is None or kept.commits != state.commits or len(kept.forms) > FORMS_MAX:
                if len(self._kept) >= TENANTS_MAX:
                    self._kept.clear()
                kept = self._kept[state.tenant_id] = _Kept(state.commits)
            return kept

    def _ask(self, state: TenantState, kept: _Kept, missing: Mapping[str, Sequence[str]]) -> None:
        parts = [
            (kind, forms[start : start + FORMS_A_SEARCH])
            for kind, forms in missing.items()
            for start in range(0, max(1, len(forms)), FORMS_A_SEARCH)
        ]
        bodies = [figures_query(state, kind, forms) for kind, forms in parts]
        replies = self._client.searches("counting words", self._places.chunks, bodies)
        for (kind, forms), reply in zip(parts, replies, strict=True):
            found = reply["aggregations"]
            buckets = found.get("forms", {}).get("buckets", {})
            for number, form in enumerate(forms):
                kept.forms[kind, form] = int(buckets[str(number)]["doc_count"])
            rows = int(found["rows"]["value"])
            kept.means[kind] = float(found["length"]["value"]) / rows if rows else 1.0
            kept.rows[kind] = rows

    def _size(self) -> int:
        """Documents in the whole index, now or a minute ago."""
        now = self._clock.monotonic()
        if not 0 <= now - self._stored[0] < STORED_SECONDS:
            path = f"/{self._places.chunks}/_stats/docs"
            reply = self._client.call("counting documents", "GET", path)
            self._stored = now, int(reply["_all"]["primaries"]["docs"]["count"])
        return self._stored[1]
