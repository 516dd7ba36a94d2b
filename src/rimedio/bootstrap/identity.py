"""Security, put together: keys, tokens, sign-in, permissions, encryption."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rimedio.bootstrap.laptop import Rimedio


class Identity:
    """Who may do what."""

    def __init__(self, system: "Rimedio") -> None:
        self._system = system
