"""The challenger in the shadow: it answers beside the champion on live tickets, and nobody acts on it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from rimedio.classification.live import LiveModels
from rimedio.classification.predict import FastTextClassifier
from rimedio.classification.registry import ModelVersion
from rimedio.domain.clock import Clock
from rimedio.domain.errors import RimedioError
from rimedio.learning.observations import Guess, Observation, ObservationStore
from rimedio.learning.promotion import ShadowTally
from rimedio.tickets.parts import Classified

TALLIED_MAX = 1000
_LOG = logging.getLogger(__name__)

ModelsOf = Callable[[str], LiveModels]  # of a tenant


@dataclass(frozen=True)
class TenantClassifier:
    """A `TicketClassifier` on a tenant's own champion."""

    models: LiveModels

    def classify(self, text: str) -> Classified:
        """Raises ModelUnavailable when none was trained."""
        found = self.models.champion().classify(text)
        return Classified(found.label, found.confidence, tuple((g.label, g.probability) for g in found.top))


@dataclass(frozen=True)
class Shadow:
    """Notes what was said of each ticket, the challenger's answer beside the champion's."""

    models_of: ModelsOf
    observations: ObservationStore
    clock: Clock

    def observe(self, tenant_id: str, ticket_id: str, text: str, found: Classified) -> None:
        """Called after the champion has answered. Whatever fails here is logged: the ticket goes on."""
        try:
            models = self.models_of(tenant_id)
            champion = Guess(models.champion().version, found.category, found.confidence)
            beside = models.challenger()
            seen = Observation(
                tenant_id=tenant_id,
                ticket_id=ticket_id,
                text=text,
                at=self.clock.now(),
                champion=champion,
                challenger=None if beside is None else _guess(beside, text),
            )
            self.observations.note(seen)
        except RimedioError as error:
            _LOG.warning("The shadow did not see ticket %s: %s", ticket_id, error)

    def tally(self, tenant_id: str, challenger: ModelVersion) -> ShadowTally:
        """How the challenger did on the newest 1,000 live tickets since it was registered."""
        since = challenger.registered_at
        counts = dict.fromkeys(
            (
                "seen",
                "agree",
                "judged",
                "champion_right",
                "challenger_right",
                "only_champion",
                "only_challenger",
            ),
            0,
        )
        for one in self.observations.recent(tenant_id, since=since, limit=TALLIED_MAX):
            if one.challenger is None or one.challenger.version != challenger.version:
                continue
            counts["seen"] += 1
            counts["agree"] += one.champion.category == one.challenger.category
            if one.truth is None:
                continue
            old, new = (g.category == one.truth.category for g in (one.champion, one.challenger))
            counts["judged"] += 1
            counts["champion_right"] += old
            counts["challenger_right"] += new
            counts["only_champion"] += old and not new
            counts["only_challenger"] += new and not old
        return ShadowTally(**counts)


def _guess(model: FastTextClassifier, text: str) -> Guess:
    found = model.classify(text)
    return Guess(found.model_version, found.label, found.confidence)
