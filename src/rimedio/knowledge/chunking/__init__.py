"""Documents to chunks: passages small enough to quote, each with what is known about it."""

from rimedio.knowledge.chunking.document import chunk_document
from rimedio.knowledge.chunking.pieces import CountTokens, Piece, estimate_tokens
from rimedio.knowledge.chunking.strategies import FixedSize, SlidingWindow, Strategy
from rimedio.knowledge.chunking.structure import StructureAware

__all__ = [
    "CountTokens",
    "FixedSize",
    "Piece",
    "SlidingWindow",
    "Strategy",
    "StructureAware",
    "chunk_document",
    "estimate_tokens",
]
