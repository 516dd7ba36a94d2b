"""The ONNX graph of an encoder: `input_ids`, `attention_mask` [batch, tokens] → `embedding` [batch, hidden].

A packed word table stays packed: 4-bit rows are gathered, then unpacked, which is exact and keeps it small.
Queries, keys and values are one matrix. The end is the mean over the mask, brought to length 1.
"""

from collections.abc import Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tools.model.network import Layer, Linear, Network, Norm, Packed

OPSET = 18
IR_VERSION = 9  # the newest that onnxruntime 1.20 reads
MICROSOFT = "com.microsoft"
BLOCK = 32


class Graph:
    """Collects nodes and constants. A value is named after the node that makes it."""

    def __init__(self, heads: int, epsilon: float) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.heads = heads
        self.epsilon = epsilon

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, kind: str, inputs: Sequence[str], output: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], output, **attributes))
        return output

    def linear(self, name: str, value: str, linear: Linear) -> str:
        matrix = self.constant(f"{name}.matrix", linear.matrix)
        product = self.add("MatMul", [value, matrix], f"{name}.product")
        return self.add("Add", [product, self.constant(f"{name}.bias", linear.bias)], f"{name}.sum")

    def norm(self, name: str, value: str, norm: Norm) -> str:
        scale, shift = self.constant(f"{name}.scale", norm.scale), self.constant(f"{name}.shift", norm.shift)
        return self.add(
            "LayerNormalization", [value, scale, shift], f"{name}.out", axis=-1, epsilon=self.epsilon
        )


def build(network: Network) -> onnx.ModelProto:
    """The whole graph in fp32 (a packed word table as it is)."""
    graph = Graph(network.heads, network.epsilon)
    words = _packed_rows(graph, network.words) if isinstance(network.words, Packed) else _rows(graph, network)
    value = graph.add("Add", [words, _positions(graph, network)], "embeddings")
    value = graph.norm("embeddings_norm", value, network.norm)
    mask = graph.add("Cast", ["attention_mask"], "mask_int32", to=TensorProto.INT32)
    for number, layer in enumerate(network.layers):
        value = _layer(graph, f"layer{number}", value, mask, layer)
    _pool(graph, value)
    return _model(graph, network.hidden)


def _rows(graph: Graph, network: Network) -> str:
    table = graph.constant("words", np.asarray(network.words))
    return graph.add("Gather", [table, "input_ids"], "word_rows")


def _packed_rows(graph: Graph, table: Packed) -> str:
    rows, half = table.nibbles.shape
    nibbles = graph.constant("words.nibbles", table.nibbles.reshape(rows, -1, BLOCK // 2))
    scales = graph.constant("words.scales", table.scales.reshape(rows, -1, 1))
    packed = graph.add("Gather", [nibbles, "input_ids"], "words.packed")
    low = graph.add("BitwiseAnd", [packed, graph.constant("fifteen", np.array(15, np.uint8))], "words.low")
    four = graph.constant("four", np.array(4, np.uint8))
    high = graph.add("BitShift", [packed, four], "words.high", direction="RIGHT")
    both = graph.add("Concat", [low, high], "words.both", axis=3)
    value = graph.add("Cast", [both], "words.float", to=TensorProto.FLOAT)
    value = graph.add("Sub", [value, graph.constant("eight", np.array(8, np.float32))], "words.centred")
    scale = graph.add("Gather", [scales, "input_ids"], "words.scale")
    scale = graph.add("Cast", [scale], "words.scale_float", to=TensorProto.FLOAT)
    value = graph.add("Mul", [value, scale], "words.scaled")
    shape = graph.constant("words.shape", np.array([0, 0, half * 2], np.int64))
    return graph.add("Reshape", [value, shape], "word_rows")


def _positions(graph: Graph, network: Network) -> str:
    table = graph.constant("positions", network.positions.astype(np.float32))
    size = graph.add("Shape", ["input_ids"], "tokens", start=1, end=2)
    zero = graph.constant("zero", np.array([0], np.int64))
    return graph.add("Slice", [table, zero, size, zero], "positions.used")


def _layer(graph: Graph, name: str, value: str, mask: str, layer: Layer) -> str:
    joined = graph.linear(f"{name}.qkv", value, layer.qkv)
    parts = [f"{name}.query", f"{name}.key", f"{name}.value"]
    graph.nodes.append(helper.make_node("Split", [joined], parts, f"{name}.split", axis=2, num_outputs=3))
    attended = graph.add(
        "MultiHeadAttention", [*parts, "", mask], f"{name}.attention", domain=MICROSOFT, num_heads=graph.heads
    )
    out = graph.linear(f"{name}.attention_out", attended, layer.attention_out)
    value = graph.norm(
        f"{name}.attention_norm", graph.add("Add", [out, value], f"{name}.residual"), layer.attention_norm
    )
    inner = graph.linear(f"{name}.inner", value, layer.inner)
    inner = graph.add("Gelu", [inner], f"{name}.gelu", domain=MICROSOFT)
    out = graph.linear(f"{name}.outer", inner, layer.outer)
    return graph.norm(
        f"{name}.outer_norm", graph.add("Add", [out, value], f"{name}.residual_outer"), layer.outer_norm
    )


def _pool(graph: Graph, value: str) -> None:
    """Sum over the tokens that count, then length 1: the number of tokens cancels out."""
    mask = graph.add("Cast", ["attention_mask"], "mask_float", to=TensorProto.FLOAT)
    axis = graph.constant("axis_one", np.array([1], np.int64))
    row = graph.add("Unsqueeze", [mask, axis], "mask_row")
    summed = graph.add("MatMul", [row, value], "pooled_row")
    flat = graph.add("Squeeze", [summed, axis], "pooled")
    graph.add("LpNormalization", [flat], "embedding", axis=-1, p=2)


def _model(graph: Graph, hidden: int) -> onnx.ModelProto:
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
        for name in ("input_ids", "attention_mask")
    ]
    outputs = [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", hidden])]
    body = helper.make_graph(graph.nodes, "encoder", inputs, outputs, graph.constants)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
    model = helper.make_model(body, opset_imports=opsets, producer_name="rimedio")
    model.ir_version = IR_VERSION
    return model
