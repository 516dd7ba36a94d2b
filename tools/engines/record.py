"""`.engines/engines.json`: which engines run, where, under which pid, and why one is missing."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from tools.engines.recipes import HERE

FILE = HERE / "engines.json"


@dataclass
class Record:
    """Addresses, pids and reasons by the engine's name."""

    addresses: dict[str, str] = field(default_factory=dict)
    pids: dict[str, int] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def drop(self, name: str) -> None:
        """Forget an engine that runs no more."""
        self.addresses.pop(name, None)
        self.pids.pop(name, None)

    def write(self, path: Path = FILE) -> None:
        """Replace the file at once, so that no reader sees half of it."""
        path.parent.mkdir(exist_ok=True)
        beside = path.with_suffix(f".{os.getpid()}")
        whole = {**self.addresses, "pids": self.pids, "missing": self.missing}
        beside.write_text(json.dumps(whole, indent=2) + "\n", "utf-8")
        beside.replace(path)


def recorded(path: Path = FILE) -> Record:
    """What the file says; nothing when it is absent or damaged."""
    try:
        whole = json.loads(path.read_text("utf-8"))
        pids, missing = whole.pop("pids"), whole.pop("missing")
        return Record(dict(whole), {name: int(pid) for name, pid in pids.items()}, dict(missing))
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return Record()
