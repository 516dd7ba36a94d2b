"""A BERT-like sentence encoder as plain arrays, whatever file it came from, and its forward pass in NumPy."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Packed:
    """A 4-bit matrix [rows, columns]: `nibbles` [rows, columns / 2], `scales` [rows, columns / 32]."""

    nibbles: NDArray[np.uint8]
    scales: NDArray[np.float16]

    def unpack(self) -> Floats:
        """The matrix in fp32, exact."""
        rows, half = self.nibbles.shape
        blocks = self.nibbles.reshape(rows, half // 16, 16)
        both = np.concatenate([blocks & 15, blocks >> 4], axis=2).astype(np.float32) - 8
        return (both * self.scales.astype(np.float32)[:, :, None]).reshape(rows, half * 2)

    def take(self, rows: NDArray[np.int64]) -> "Packed":
        """Only these rows, in this order."""
        return Packed(np.ascontiguousarray(self.nibbles[rows]), np.ascontiguousarray(self.scales[rows]))


@dataclass(frozen=True)
class Linear:
    """A matrix [in, out] and its bias [out]."""

    matrix: Floats
    bias: Floats


@dataclass(frozen=True)
class Norm:
    """Scale and shift of a layer normalization."""

    scale: Floats
    shift: Floats


@dataclass(frozen=True)
class Layer:
    """One transformer layer, normalized after each residual sum."""

    qkv: Linear  # queries, keys, values side by side
    attention_out: Linear
    attention_norm: Norm
    inner: Linear
    outer: Linear
    outer_norm: Norm


@dataclass(frozen=True)
class Network:
    """A whole encoder. `positions` has the embedding of type 0 folded in."""

    words: Packed | Floats
    positions: Floats
    norm: Norm
    layers: tuple[Layer, ...]
    heads: int
    epsilon: float

    @property
    def hidden(self) -> int:
        """Length of a vector."""
        return int(self.positions.shape[1])

    def with_words(self, words: Packed) -> "Network":
        """The same network over another word table."""
        return replace(self, words=words)

    def embed(self, ids: list[int]) -> Floats:
        """Vector of one text in plain NumPy fp32: the independent path that ONNX files are checked by."""
        rows = np.array(ids, np.int64)
        words = self.words.take(rows).unpack() if isinstance(self.words, Packed) else self.words[rows]
        value = self._normalized(words + self.positions[: len(ids)], self.norm)
        for layer in self.layers:
            value = self._normalized(value + self._attended(value, layer), layer.attention_norm)
            inner = _gelu(_linear(value, layer.inner))
            value = self._normalized(value + _linear(inner, layer.outer), layer.outer_norm)
        pooled = value.mean(axis=0)
        return np.asarray(pooled / np.linalg.norm(pooled), np.float32)

    def _attended(self, value: Floats, layer: Layer) -> Floats:
        length, hidden = value.shape
        parts = np.split(_linear(value, layer.qkv), 3, axis=1)
        query, key, content = (p.reshape(length, self.heads, -1).transpose(1, 0, 2) for p in parts)
        scores = query @ key.transpose(0, 2, 1) / np.sqrt(hidden / self.heads)
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        attended = (scores / scores.sum(axis=-1, keepdims=True)) @ content
        return _linear(attended.transpose(1, 0, 2).reshape(length, hidden), layer.attention_out)

    def _normalized(self, value: Floats, norm: Norm) -> Floats:
        centred = value - value.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + self.epsilon)
        return np.asarray(centred / spread * norm.scale + norm.shift, np.float32)


def join(parts: list[Linear]) -> Linear:
    """Several layers of the same input as one."""
    return Linear(np.concatenate([p.matrix for p in parts], axis=1), np.concatenate([p.bias for p in parts]))


def from_names(tensor: Mapping[str, Floats], names: Mapping[str, str], layer: int) -> Layer:
    """Layer number `layer` out of named tensors; `names` maps our parts to prefixes with `{}` for the number.

    Matrices come as [out, in], under prefix + "weight" and prefix + "bias".
    """

    def linear(part: str) -> Linear:
        prefix = names[part].format(layer)
        return Linear(np.ascontiguousarray(tensor[f"{prefix}weight"].T), tensor[f"{prefix}bias"])

    def norm(part: str) -> Norm:
        prefix = names[part].format(layer)
        return Norm(tensor[f"{prefix}weight"], tensor[f"{prefix}bias"])

    return Layer(
        join([linear("query"), linear("key"), linear("value")]),
        linear("attention_out"),
        norm("attention_norm"),
        linear("inner"),
        linear("outer"),
        norm("outer_norm"),
    )


def _linear(value: Floats, linear: Linear) -> Floats:
    return np.asarray(value @ linear.matrix + linear.bias, np.float32)


def _gelu(value: Floats) -> Floats:
    """x Φ(x), the error function by Abramowitz and Stegun 7.1.26 (error below 1.5e-7)."""
    x = np.abs(value) / np.sqrt(2)
    t = 1 / (1 + 0.3275911 * x)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = np.sign(value) * (1 - series * np.exp(-x * x))
    return np.asarray(value * 0.5 * (1 + erf), np.float32)
