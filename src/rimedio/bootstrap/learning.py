"""What is learnt from people's work, put together: use, training rows, gaps, articles, replay."""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rimedio.classification.live import LiveModels
from rimedio.classification.registry import ModelRegistry
from rimedio.learning.collect import Collector
from rimedio.learning.observations import ObservationStore
from rimedio.learning.retraining import Retraining
from rimedio.learning.rows import RowStore
from rimedio.learning.shadow import Shadow, TenantClassifier
from rimedio.learning.state import LearningState
from rimedio.storage.reviews import ReviewStore
from rimedio.tickets.parts import TicketClassifier

if TYPE_CHECKING:
    from rimedio.bootstrap.laptop import Rimedio

TENANTS = "tenants"


class Learning:
    """What turns feedback into better answers."""

    def __init__(self, system: "Rimedio") -> None:
        self._system = system
        self._models: dict[Path, LiveModels] = {}

    # -- classifiers: the installation's own tenant uses the shared line, every other one may start its own

    def registry_of(self, tenant_id: str) -> ModelRegistry:
        """The registry that answers for a tenant: its own once it has one, else the shared one."""
        own = self._own_registry(tenant_id)
        return own if own.champion() is not None else self._system.registry

    def registry_to_change(self, tenant_id: str) -> ModelRegistry:
        """The registry that a tenant's corrections go to; its own line begins with the shared champion."""
        own, shared = self._own_registry(tenant_id), self._system.registry
        start = shared.champion()
        if own.champion() is None and start is not None:
            own.register(shared.path(start.version))
        return own

    def _own_registry(self, tenant_id: str) -> ModelRegistry:
        shared = self._system.registry
        if tenant_id == self._system.tenant:
            return shared
        name = hashlib.sha256(tenant_id.encode()).hexdigest()[:24]  # a tenant's name is no folder's name
        return ModelRegistry(shared.folder / TENANTS / name, self._system.clock)

    def models_of(self, tenant_id: str) -> LiveModels:
        """Champion and challenger that answer for a tenant, kept in memory."""
        registry = self.registry_of(tenant_id)
        return self._models.setdefault(registry.folder, LiveModels(registry))

    def classifier_of(self, tenant_id: str) -> TicketClassifier:
        """The tenant's champion as the workflow asks it."""
        return TenantClassifier(self.models_of(tenant_id))

    # -- what was said and what was right

    @cached_property
    def observations(self) -> ObservationStore:
        """What the classifiers said of live tickets."""
        return ObservationStore(self._system.table)

    @cached_property
    def shadow(self) -> Shadow:
        """The challenger beside the champion."""
        return Shadow(self.models_of, self.observations, self._system.clock)

    @cached_property
    def rows(self) -> RowStore:
        """Training rows out of corrections."""
        return RowStore(self._system.table)

    @cached_property
    def state(self) -> LearningState:
        """How far each part is."""
        return LearningState(self._system.table)

    @cached_property
    def reviews(self) -> ReviewStore:
        """What reviewers said."""
        return ReviewStore(self._system.table)

    @cached_property
    def collector(self) -> Collector:
        """Reviews and feedback to rows."""
        system = self._system
        return Collector(
            tickets=system.tickets,
            reviews=self.reviews,
            observations=self.observations,
            rows=self.rows,
            redact=self.redact,
            categories=tuple(system.taxonomy.categories),
        )

    @cached_property
    def retraining(self) -> Retraining:
        """Corrections to a challenger, a challenger to the champion."""
        return Retraining(
            registry_of=self.registry_of,
            registry_to_change=self.registry_to_change,
            rows=self.rows,
            collector=self.collector,
            shadow=self.shadow,
            state=self.state,
            clock=self._system.clock,
        )

    def redact(self, text: str, names: Sequence[str], keep: Sequence[str]) -> str:
        """A text without personal data, whatever the setting `guardrails` says: it is kept for long."""
        from rimedio.llm.guardrails.pii import redact

        return redact(text, names=names, keep=keep).text
