"""The word lists of this room, out of the files beside it."""

from functools import cache
from importlib.resources import files


@cache
def word_list(name: str) -> frozenset[str]:
    """Words of `words/<name>.txt`, lower case; lines that begin with # are remarks."""
    folder = files("rimedio.llm.guardrails.pii") / "words"
    lines = (folder / f"{name}.txt").read_text("utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())
