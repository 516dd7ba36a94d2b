"""Three ways to cut a document: by size, by a sliding window, by its own structure (the default)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from rimedio.domain.errors import InvalidSetting
from rimedio.domain.taxonomy import Taxonomy
from rimedio.knowledge.chunking.pieces import CountTokens, Piece, page_range, split_block
from rimedio.knowledge.extract import Block, Extracted, Heading

TARGET_TOKENS = 250
MAX_TOKENS = 400


class Strategy(Protocol):
    """Cuts an extracted document into pieces, in reading order."""

    def pieces(self, extracted: Extracted, taxonomy: Taxonomy, count: CountTokens) -> Sequence[Piece]:
        """The pieces of `extracted`."""
        ...


@dataclass(frozen=True, slots=True)
class SlidingWindow:
    """Windows of `size` tokens that overlap by `overlap`, cut at sentences where possible."""

    size: int = TARGET_TOKENS
    overlap: int = 50

    def __post_init__(self) -> None:
        if not 0 <= self.overlap < self.size:
            msg = f"The overlap of chunks ({self.overlap}) must lie between 0 and their size ({self.size})."
            raise InvalidSetting(msg)

    def pieces(self, extracted: Extracted, taxonomy: Taxonomy, count: CountTokens) -> Sequence[Piece]:
        """Windows over the whole text; a window's section is the heading under which it starts."""
        grain = max(1, (self.overlap or self.size) // 2) if self.overlap else max(1, self.size // 5)
        parts = [
            (part, path)
            for block, path in _with_paths(extracted)
            for part in ([block] if isinstance(block, Heading) else split_block(block, grain, count))
        ]
        sizes = [count(part.text) for part, _ in parts]
        return [self._piece(parts[a:b]) for a, b in self._windows(sizes)]

    def _windows(self, sizes: Sequence[int]) -> Iterator[tuple[int, int]]:
        start = 0
        while start < len(sizes):
            end, total = start, 0
            while end < len(sizes) and (end == start or total + sizes[end] <= self.size):
                total += sizes[end]
                end += 1
            yield start, end
            if end == len(sizes):
                return
            back, kept = end, 0
            while back > start + 1 and kept + sizes[back - 1] <= self.overlap:
                back -= 1
                kept += sizes[back]
            start = back

    def _piece(self, parts: Sequence[tuple[Block, tuple[str, ...]]]) -> Piece:
        blocks = [block for block, _ in parts]
        page, page_end = page_range(blocks)
        return Piece("\n".join(block.text for block in blocks), parts[0][1], page, page_end)


@dataclass(frozen=True, slots=True)
class FixedSize:
    """Consecutive stretches of `size` tokens, blind to structure: the baseline to compare with."""

    size: int = TARGET_TOKENS

    def pieces(self, extracted: Extracted, taxonomy: Taxonomy, count: CountTokens) -> Sequence[Piece]:
        """Stretches without overlap."""
        return SlidingWindow(self.size, 0).pieces(extracted, taxonomy, count)


def _with_paths(extracted: Extracted) -> Iterator[tuple[Block, tuple[str, ...]]]:
    """Each block with the headings above it."""
    stack: list[Heading] = []
    for block in extracted.blocks:
        if isinstance(block, Heading):
            while stack and stack[-1].level >= block.level:
                stack.pop()
            stack.append(block)
        path = tuple(h.text for h in stack)
        yield block, path[1:] if path[:1] == (extracted.title,) else path
