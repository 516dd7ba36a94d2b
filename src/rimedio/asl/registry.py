"""Versions and aliases of state machines: a version never changes, an alias moves between versions.

An alias may send part of its executions to a second version. Names: `orders` is the latest revision,
`orders:3` a version, `orders:live` an alias; each also as an ARN.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from rimedio.asl.clock import Randomness, system_randomness
from rimedio.asl.errors import StateMachineDoesNotExist
from rimedio.asl.model import Machine


@dataclass(frozen=True)
class Route:
    """Where an alias leads: version → weight in percent; the weights sum to 100."""

    weights: Mapping[int, int]

    def __post_init__(self) -> None:
        if not 1 <= len(self.weights) <= 2 or sum(self.weights.values()) != 100:
            msg = f"An alias leads to one or two versions whose weights sum to 100, not {dict(self.weights)}."
            raise ValueError(msg)


class Registry:
    """State machines by name, with versions and aliases. Thread-safe; lives in memory."""

    def __init__(self, randomness: Randomness | None = None) -> None:
        self._randomness = randomness or system_randomness()
        self._lock = threading.Lock()
        self._latest: dict[str, Machine] = {}
        self._versions: dict[str, list[Machine]] = {}
        self._aliases: dict[tuple[str, str], Route] = {}

    def put(self, machine: Machine) -> None:
        """Create a machine, or give it a new revision; its versions stay as they are."""
        with self._lock:
            self._latest[machine.name] = machine

    def publish(self, name: str) -> int:
        """Make the latest revision a version; its number. Publishing the same revision again changes nothing.

        Raises StateMachineDoesNotExist.
        """
        with self._lock:
            machine = self._known(name)
            versions = self._versions.setdefault(name, [])
            if not versions or versions[-1].digest != machine.digest:
                versions.append(machine)
            return len(versions)

    def alias(self, name: str, alias: str, route: Route) -> None:
        """Point an alias at versions. Raises StateMachineDoesNotExist, ValueError."""
        if not alias or alias.isdigit():
            msg = f"An alias is a word, not {alias!r}."
            raise ValueError(msg)
        with self._lock:
            for version in route.weights:
                self._version(name, version)
            self._aliases[name, alias] = route

    def find(self, text: str) -> Machine:
        """The machine of a name or ARN, with or without version or alias. Raises StateMachineDoesNotExist."""
        text = text.rpartition(":stateMachine:")[2]
        name, _, qualifier = text.partition(":")
        with self._lock:
            if not qualifier:
                return self._known(name)
            if qualifier.isdigit():
                return self._version(name, int(qualifier))
            route = self._aliases.get((name, qualifier))
            if route is None:
                raise StateMachineDoesNotExist(f"{name!r} has no alias {qualifier!r}.")
            return self._version(name, self._drawn(route))

    def _drawn(self, route: Route) -> int:
        point = self._randomness.random() * 100
        versions = list(route.weights)
        return versions[0] if point < route.weights[versions[0]] else versions[-1]

    def _known(self, name: str) -> Machine:
        if name not in self._latest:
            known = ", ".join(sorted(self._latest)) or "none"
            raise StateMachineDoesNotExist(f"There is no state machine {name!r}; known: {known}.")
        return self._latest[name]

    def _version(self, name: str, version: int) -> Machine:
        versions = self._versions.get(name, [])
        if not 1 <= version <= len(versions):
            raise StateMachineDoesNotExist(f"{name!r} has no version {version}; it has {len(versions)}.")
        return versions[version - 1]
