"""SnapStart: what a function does before its memory is kept as a snapshot, and after each copy is restored.

Before: import everything that the first call needs, so that a restored copy has it. After: forget what copies
must not share. https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html
"""

import random
from collections.abc import Callable, Sequence
from importlib import import_module

from rimedio.lambdas.functions import _system

LIBRARY = "snapshot_restore_py"  # is part of AWS's managed runtime, and of nothing else


def register(warm: Sequence[str], restored: Callable[[], None] = lambda: None) -> bool:
    """Register the hooks of a function; False where there is no SnapStart.

    `warm` are modules to import before the snapshot; `restored` runs in every copy, after the connections and
    the random numbers of the snapshot were dropped.
    """
    try:
        hooks = import_module(LIBRARY)
    except ImportError:
        return False

    def before() -> None:
        for name in warm:
            import_module(name)

    def after() -> None:
        _system.forget()
        random.seed()  # the copies would all draw the numbers that the snapshot was about to draw
        restored()

    hooks.register_before_snapshot(before)
    hooks.register_after_restore(after)
    return True
