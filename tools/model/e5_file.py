"""Reader of the `E5S1` weight file: multilingual-e5-small with 4-bit matrices.

Little-endian. `"E5S1"`; u32 version; i32 hidden, layers, heads, ff, vocab, positions, types; f32 epsilon;
i32 block. Then the pieces (ids, scores, UTF-8 blob), the character table, the directory of tensors, which
stand at absolute offsets. Q4_0 keeps 32 weights in 18 bytes: fp16 scale d, then 16 bytes; a low nibble is
weight j, the high one weight j + 16; w = (q - 8) d. Matrices are [out, in].
"""

import itertools
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tools.model.network import Floats, Network, Norm, Packed, from_names

MAGIC = b"E5S1"
BLOCK_BYTES = 18
DTYPE_F32 = 0
DTYPE_Q4 = 1
NAMES = {
    "query": "l{}.q.",
    "key": "l{}.k.",
    "value": "l{}.v.",
    "attention_out": "l{}.ao.",
    "attention_norm": "l{}.aln.",
    "inner": "l{}.fi.",
    "outer": "l{}.fo.",
    "outer_norm": "l{}.oln.",
}


class BadWeights(Exception):
    """The weight file is not what the recipe expects."""


@dataclass(frozen=True)
class Shape:
    """Sizes of the network."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    types: int


@dataclass(frozen=True)
class Pieces:
    """The unigram vocabulary; the place in `texts` is the row of the word table."""

    texts: list[str]
    scores: list[float]
    bos: int
    eos: int
    pad: int
    unknown: int


@dataclass(frozen=True)
class E5File:
    """All that the file holds. `characters`: code point → what replaces it before cutting into pieces."""

    pieces: Pieces
    characters: dict[int, str]
    network: Network

    @classmethod
    def parse(cls, data: bytes) -> "E5File":
        """Read the file's bytes. Raises BadWeights when it is another format."""
        reader = _Reader(data)
        if reader.take(4) != MAGIC:
            raise BadWeights(f"The weights do not begin with {MAGIC!r}: this is not an E5S1 file.")
        reader.one("I")
        shape = Shape(*reader.read("7i"))
        epsilon, _ = reader.read("fi")
        pieces = _pieces(reader)
        characters = _characters(reader)
        return cls(pieces, characters, _network(reader, shape, epsilon))

    @classmethod
    def load(cls, path: Path) -> "E5File":
        """Read a file. Raises BadWeights when it is another format."""
        return cls.parse(path.read_bytes())


class _Reader:
    """Reads plain values one after the other."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def read(self, layout: str) -> tuple[int, ...]:
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def one(self, layout: str) -> int:
        return self.read(layout)[0]

    def take(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count : self.at]


def _pieces(reader: _Reader) -> Pieces:
    count, bos, eos, pad, unknown = reader.read("5i")
    length = reader.one("Q")
    offsets = reader.read(f"{count + 1}I")
    scores = [float(s) for s in reader.read(f"{count}f")]
    blob = reader.take(length)
    texts = [blob[a:b].decode() for a, b in itertools.pairwise(offsets)]
    return Pieces(texts, scores, bos, eos, pad, unknown)


def _characters(reader: _Reader) -> dict[int, str]:
    count, _ = reader.read("iI")
    table = {}
    for _ in range(count):
        code, length = reader.read("IB")
        table[code] = "".join(map(chr, reader.read(f"{length}I")))
    return table


def _network(reader: _Reader, shape: Shape, epsilon: float) -> Network:
    tensors: dict[str, Floats] = {}
    words: Packed | None = None
    for _ in range(reader.one("i")):
        name = reader.take(reader.one("H")).decode()
        dtype, count, offset, size = reader.read("BIQQ")
        raw = reader.data[offset : offset + size]
        label = name.removesuffix(".w") + ".weight" if name.endswith(".w") else name
        label = label.removesuffix(".b") + ".bias" if label.endswith(".b") else label
        if dtype == DTYPE_F32:
            tensors[label] = np.frombuffer(raw, np.float32)
        elif dtype != DTYPE_Q4:
            raise BadWeights(f"Tensor {name} has the unknown type {dtype}.")
        elif name == "emb.word":
            words = _packed(raw, count // shape.hidden)
        else:
            columns = shape.feed_forward if name.endswith(".fo.w") else shape.hidden
            tensors[label] = _packed(raw, count // columns).unpack()
    if words is None:
        raise BadWeights("The weights hold no word table (emb.word).")
    return Network(
        words,
        tensors["emb.pos"].reshape(-1, shape.hidden) + tensors["emb.type"][: shape.hidden],
        Norm(tensors["emb.ln.weight"], tensors["emb.ln.bias"]),
        tuple(from_names(tensors, NAMES, i) for i in range(shape.layers)),
        shape.heads,
        epsilon,
    )


def _packed(raw: bytes, rows: int) -> Packed:
    blocks = np.frombuffer(raw, np.uint8).reshape(rows, -1, BLOCK_BYTES)
    scales = np.ascontiguousarray(blocks[:, :, :2]).view(np.float16)[:, :, 0]
    nibbles = np.ascontiguousarray(blocks[:, :, 2:]).reshape(rows, -1)
    return Packed(nibbles, np.ascontiguousarray(scales))
